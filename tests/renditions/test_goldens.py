"""Letters, pages and articles of known bulletins, compared word for word with the files beside this one.

After a wanted change: `UPDATE_RENDITIONS=1 pytest tests/renditions`, then read the difference.
Marks of personal fields stand as ⟦recipient.name⟧ in the files.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from distributor.bulletin.model import Bulletin
from distributor.bulletin.reading import READABLE, read_bulletin
from distributor.rendering.article import render_article
from distributor.rendering.email import OfficeView, render_email
from distributor.rendering.email_check import check_letter
from distributor.rendering.email_check.markup import read_elements
from distributor.rendering.fields import END, START
from distributor.rendering.page import render_page_body
from distributor.rendering.rendition import Attachment, Rendition
from distributor.rendering.templates import Templates
from distributor.resources import shipped
from tests.renditions.sample import GROUPS, OFFICE, OFFICE_WITH_PAGE, PICTURES, every_block

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """A bulletin, and what its letters are made with."""

    bulletin: Bulletin
    pictures: Mapping[str, bytes]
    office: OfficeView
    edition: int = 1
    attachments: tuple[Attachment, ...] = ()


#: What a letter says of a file does not depend on what is in it.
PAPER = Attachment("云岭区河长制工作快报第12期（更正）.pdf", "application/pdf", b"%PDF", code="links.read")


def _bulletins() -> dict[str, Case]:
    known = {
        "every-block": Case(every_block(), PICTURES, OFFICE),
        "every-block-with-page": Case(every_block(), PICTURES, OFFICE_WITH_PAGE),
        "every-block-corrected": Case(every_block(), PICTURES, OFFICE_WITH_PAGE, 2, (PAPER,)),
    }
    for file in sorted(each for each in shipped("examples").iterdir() if each.suffix in READABLE):
        reading = read_bulletin(file)
        known[file.stem] = Case(reading.bulletin, reading.assets, OFFICE)
    return known


TEMPLATES = Templates()
BULLETINS = _bulletins()
CASES = [pytest.param(name, direction, id=f"{name}-{direction}") for name in BULLETINS for direction in GROUPS]


@cache
def _rendered(name: str, direction: str) -> Rendition:
    case = BULLETINS[name]
    return render_email(
        case.bulletin,
        group=GROUPS[direction],
        office=case.office,
        templates=TEMPLATES,
        pictures=case.pictures,
        edition=case.edition,
        attachments=case.attachments,
    )


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_a_letter_reads_as_it_was_approved(name: str, direction: str) -> None:
    rendition = _rendered(name, direction)
    for ending, content in (("subject", rendition.subject + "\n"), ("txt", rendition.text), ("html", rendition.html)):
        _compare(FOLDER / name / f"{direction}.{ending}", content.replace(START, "⟦").replace(END, "⟧"))


def _page(case: Case) -> str:
    page = render_page_body(
        case.bulletin, templates=TEMPLATES, picture_url=lambda source: f"/p/{source}", edition=case.edition
    )
    return str(page)


def _article(case: Case) -> str:
    article = render_article(case.bulletin, templates=TEMPLATES, pictures=case.pictures, edition=case.edition)
    return "\n".join((article.title, article.author, article.digest, article.content))


FORMS = {"page": _page, "article": _article}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BULLETINS)
def test_a_page_and_an_article_read_as_they_were_approved(name: str, form: str) -> None:
    shown = FORMS[form](BULLETINS[name]).rstrip("\n") + "\n"
    _compare(FOLDER / name / f"{form}.html", shown)


def _compare(file: Path, shown: str) -> None:
    if os.environ.get("UPDATE_RENDITIONS") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(shown, encoding="utf-8", newline="\n")
    assert shown == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", BULLETINS)
def test_a_page_and_an_article_are_complete(name: str, form: str) -> None:
    elements = read_elements(f"<body>{FORMS[form](BULLETINS[name])}</body>")
    text = "".join(elements[0].text.split())
    assert [words for words in _said(BULLETINS[name].bulletin) if "".join(words.split()) not in text] == []


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_a_letter_keeps_to_what_mail_clients_can_show(name: str, direction: str) -> None:
    letter = _rendered(name, direction)
    assert check_letter(letter, BULLETINS[name].bulletin, templates=TEMPLATES, template=direction) == ()


@pytest.mark.parametrize(("name", "direction"), CASES)
def test_the_text_part_is_complete(name: str, direction: str) -> None:
    bulletin = BULLETINS[name].bulletin
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
    } | {FOLDER / name / f"{form}.html" for name in BULLETINS for form in FORMS}
    assert {file for file in FOLDER.glob("*/*.*") if file.suffix in (".subject", ".txt", ".html")} == wanted
