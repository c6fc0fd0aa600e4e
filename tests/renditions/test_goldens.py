"""The letters of known bulletins, compared word for word with the files beside this one.

After a wanted change: `UPDATE_RENDITIONS=1 pytest tests/renditions`, then read the difference.
Marks of personal fields stand as ⟦recipient.name⟧ in the files.
"""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import read_bulletin
from distributor.rendering.email import OfficeView, render_email
from distributor.rendering.email_check import check_letter
from distributor.rendering.fields import END, START
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.resources import shipped
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE, PICTURES, every_block

FOLDER = Path(__file__).parent


def _bulletins() -> dict[str, tuple[Bulletin, Mapping[str, bytes], OfficeView]]:
    known: dict[str, tuple[Bulletin, Mapping[str, bytes], OfficeView]] = {
        "every-block": (every_block(), PICTURES, OFFICE),
        "every-block-with-page": (every_block(), PICTURES, OFFICE_WITH_PAGE),
    }
    for file in sorted(shipped("examples").glob("*.md")):
        reading = read_bulletin(file)
        known[file.stem] = (reading.bulletin, reading.assets, OFFICE)
    return known


TEMPLATES = Templates()
BULLETINS = _bulletins()
CASES = [pytest.param(name, direction, id=f"{name}-{direction}") for name in BULLETINS for direction in GROUPS]


@cache
def _rendered(name: str, direction: str) -> Rendition:
    bulletin, pictures, office = BULLETINS[name]
    return render_email(bulletin, group=GROUPS[direction], office=office, templates=TEMPLATES, pictures=pictures)


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_a_letter_reads_as_it_was_approved(name: str, direction: str) -> None:
    rendition = _rendered(name, direction)
    for ending, content in (("subject", rendition.subject + "\n"), ("txt", rendition.text), ("html", rendition.html)):
        shown = content.replace(START, "⟦").replace(END, "⟧")
        file = FOLDER / name / f"{direction}.{ending}"
        if os.environ.get("UPDATE_RENDITIONS") == "1":
            file.parent.mkdir(exist_ok=True)
            file.write_text(shown, encoding="utf-8", newline="\n")
        assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_a_letter_keeps_to_what_mail_clients_can_show(name: str, direction: str) -> None:
    letter = _rendered(name, direction)
    assert check_letter(letter, BULLETINS[name][0], templates=TEMPLATES, template=direction) == ()


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_the_text_part_is_complete(name: str, direction: str) -> None:
    bulletin = BULLETINS[name][0]
    text = "".join(_rendered(name, direction).text.split())
    wanted = [bulletin.title, *_said(bulletin)]
    assert [words for words in wanted if "".join(words.split()) not in text] == []


def _said(bulletin: Bulletin) -> list[str]:
    items = [item for section in bulletin.sections for item in section.items]
    names = [name for line in bulletin.addressees for name in line.names]
    people = [name for role in bulletin.roles for name in role.names]
    units = [digest.unit for item in items for digest in item.digests]
    sources = [item.attribution for item in items if item.attribution]
    alts = [picture.alt for picture in bulletin.pictures()]
    return [*(item.title for item in items), *names, *people, *units, *sources, *alts]


def test_no_golden_is_left_over() -> None:
    """A file that no test compares would be taken for a promise."""
    wanted = {
        FOLDER / name / f"{direction}.{end}"
        for name in BULLETINS
        for direction in GROUPS
        for end in ("subject", "txt", "html")
    }
    assert {file for file in FOLDER.glob("*/*.*") if file.suffix in (".subject", ".txt", ".html")} == wanted
