"""What the store keeps of a letter comes back as it was."""

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import BadInput, Refused
from distributor.rendering.rendition import InlinePicture, Rendition, filled, from_document
from tests.renditions.sample import letter

TEXT = st.text(st.characters(codec="utf-8"))
PICTURE = st.builds(InlinePicture, cid=TEXT, media_type=TEXT, file_name=TEXT, content=st.binary())


@given(st.builds(Rendition, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, st.lists(PICTURE).map(tuple)))
def test_a_rendition_comes_back_from_its_document(rendition: Rendition) -> None:
    assert from_document(rendition.to_document()) == rendition


def test_a_real_letter_comes_back_with_its_pictures_and_digest() -> None:
    rendition = letter()
    assert from_document(rendition.to_document()).digest == rendition.digest
    assert rendition.pictures


@pytest.mark.parametrize("field", ["group", "direction", "channel", "subject", "text", "html", "pictures"])
def test_the_digest_covers_every_part(field: str) -> None:
    other: Any = () if field == "pictures" else "别的"
    changed = dataclasses.replace(letter(), **{field: other})
    assert changed.digest != letter().digest


@pytest.mark.parametrize(
    "document",
    ["", "{", "[]", "null", "{}", '{"format": 2}', letter().to_document().replace('"subject"', '"titel"')],
    ids=["empty", "broken", "list", "null", "no-format", "newer-format", "other-field"],
)
def test_anything_else_is_refused(document: str) -> None:
    with pytest.raises(BadInput, match="stored letter"):
        from_document(document)


def test_fields_are_filled_and_escaped_where_asked() -> None:
    text = "致\ufdd0recipient.unit\ufdd1："
    assert filled(text, {"recipient.unit": "<甲&乙>"}) == "致<甲&乙>："
    assert filled(text, {"recipient.unit": "<甲&乙>"}, escape=True) == "致&lt;甲&amp;乙&gt;："


def test_a_field_without_a_value_is_refused() -> None:
    with pytest.raises(Refused, match=r"links\.read"):
        filled("\ufdd0links.read\ufdd1", {})
