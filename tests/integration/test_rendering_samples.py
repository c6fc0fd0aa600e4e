"""The house's sample bulletins, when they lie beside the project: each can be made into every form."""

from pathlib import Path

import pytest

from distributor.bulletin.model import Reading
from distributor.bulletin.reading import read_bulletin
from distributor.rendering.article import render_article
from distributor.rendering.email import render_email
from distributor.rendering.email_check import check_letter
from distributor.rendering.page import render_page_body
from tests.renditions.sample import GROUPS, OFFICE, TEMPLATES, png
from tests.samples import samples

#: What is said of a title that is itself too long for a phone's list of letters.
_OF_THE_TEXT = {"subject_long"}


def _sources() -> list[Path]:
    folder = samples()
    return sorted(folder.glob("bulletins/*.md")) if folder else []


def _reading(path: Path) -> tuple[Reading, dict[str, bytes]]:
    """The sample with a picture in the place of each one that did not come with it."""
    reading = read_bulletin(path)
    return reading, {picture.source: png(300, 100) for picture in reading.bulletin.pictures()} | dict(reading.assets)


if _sources():

    @pytest.mark.samples
    @pytest.mark.parametrize("direction", GROUPS)
    @pytest.mark.parametrize("path", _sources(), ids=lambda path: path.stem)
    def test_a_sample_becomes_a_letter_that_breaks_no_rule(path: Path, direction: str) -> None:
        reading, pictures = _reading(path)
        letter = render_email(
            reading.bulletin, group=GROUPS[direction], office=OFFICE, templates=TEMPLATES, pictures=pictures
        )
        found = check_letter(letter, reading.bulletin, templates=TEMPLATES, template=direction)
        assert [str(problem) for problem in found if problem.code not in _OF_THE_TEXT] == []

    @pytest.mark.samples
    @pytest.mark.parametrize("path", _sources(), ids=lambda path: path.stem)
    def test_a_sample_becomes_a_page_and_an_article(path: Path) -> None:
        reading, pictures = _reading(path)
        page = render_page_body(reading.bulletin, templates=TEMPLATES, picture_url=lambda source: "/p/1")
        article = render_article(reading.bulletin, templates=TEMPLATES, pictures=pictures)
        for section in reading.bulletin.sections:
            for item in section.items:
                assert _closed(item.title) in _closed(page)
                assert _closed(item.title) in _closed(article.content)


def _closed(text: str) -> str:
    return "".join(text.replace("&amp;", "&").split())
