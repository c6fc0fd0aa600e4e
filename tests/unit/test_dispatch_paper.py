"""The file that travels with a letter: its name and mark, and where a character stands that cannot be printed."""

import codecs

import pytest

from distributor.bulletin.model import Bulletin, Item, Reading, Section
from distributor.dispatch.paper import pdf_of
from distributor.errors import Place
from distributor.rendering.edition import correction_mark
from distributor.rendering.pdf.faults import MissingGlyph
from tests.renditions.sample import TEMPLATES, paragraph

FILE = "bulletin.md"


def reading(text: str, source: bytes = b"") -> Reading:
    item = Item("", body=(paragraph(text),))
    return Reading(Bulletin("云岭简报", issue_no=3, sections=(Section(None, (item,)),)), source=source)


@pytest.mark.parametrize(
    ("source", "place"),
    [
        pytest.param("# 云岭简报\n\n出席：张𪚥三\n".encode(), Place(FILE, 3, 5), id="utf-8"),
        pytest.param("# 云岭简报\r\n\r\n出席：张𪚥三\r\n".encode(), Place(FILE, 3, 5), id="crlf"),
        pytest.param("一\u2028二\n𪚥".encode(), Place(FILE, 2, 1), id="a-line-ends-where-editors-end-it"),
        pytest.param("出席：𪚥".encode("gb18030"), Place(FILE, 1, 4), id="gb18030"),
        pytest.param(codecs.BOM_UTF16_LE + "𪚥".encode("utf-16-le"), Place(FILE, 1, 1), id="utf-16"),
        pytest.param(b"PK\x03\x04\x14\x00\x06\x00", Place(FILE), id="no-text"),
        pytest.param("由程序拼成".encode(), Place(FILE), id="not-in-the-source"),
    ],
)
def test_a_character_without_a_glyph_is_found_in_the_file(source: bytes, place: Place) -> None:
    with pytest.raises(MissingGlyph) as caught:
        pdf_of(reading("出席：张𪚥三", source), TEMPLATES, file=FILE)

    assert caught.value.place == place


@pytest.mark.parametrize(
    ("edition", "mark", "name"),
    [
        (1, "", "云岭简报第3期.pdf"),
        (2, "更正", "云岭简报第3期（更正）.pdf"),
        (3, "更正2", "云岭简报第3期（更正2）.pdf"),
    ],
)
def test_an_edition_is_known_by_its_mark_and_name(edition: int, mark: str, name: str) -> None:
    made = pdf_of(reading("正文"), TEMPLATES, file=FILE, edition=edition)

    assert (correction_mark(edition), made.file_name, made.media_type) == (mark, name, "application/pdf")
