"""The gallery shows every letter, offline and without a script."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

from distributor.rendering.gallery import SAMPLE_PERSON, write_gallery
from distributor.rendering.sheets import write_sheets
from tests.renditions.rules import elements
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block, letter

LETTERS = [letter(direction, office=OFFICE_WITH_PAGE) for direction in GROUPS]


def test_every_group_has_its_page_its_text_and_a_place_on_the_index(tmp_path: Path) -> None:
    index = write_gallery(tmp_path / "画廊", LETTERS, title="工作快报 第12期")
    assert index == tmp_path / "画廊" / "index.html"
    page = index.read_text(encoding="utf-8")
    for number, rendition in enumerate(LETTERS, start=1):
        direction = rendition.direction
        assert rendition.group in page
        # Phone and desk, each also as a dark mode makes them.
        assert page.count(f'src="{number:02d}-{direction}.html"') == 4
        assert f'src="{number:02d}-{direction}.txt"' in page
        assert rendition.subject in page


def test_the_letters_show_a_sample_person_and_their_pictures(tmp_path: Path) -> None:
    write_gallery(tmp_path, LETTERS, title="工作快报")
    for file in (tmp_path / "03-发.html", tmp_path / "03-发.txt"):
        content = file.read_text(encoding="utf-8")
        assert SAMPLE_PERSON["recipient.name"] in content
        assert "\ufdd0" not in content
        assert "cid:" not in content
    assert 'src="data:image/png;base64,' in (tmp_path / "03-发.html").read_text(encoding="utf-8")


def test_nothing_is_fetched_and_nothing_runs(tmp_path: Path) -> None:
    write_gallery(tmp_path, LETTERS, title="工作快报")
    for file in tmp_path.glob("*.html"):
        content = file.read_text(encoding="utf-8")
        sources = [found["src"] for _, found in elements(content) if "src" in found]
        assert not [source for source in sources if not re.match(r"data:image/|\d\d-[报送发]\.(html|txt)$", source)]
        assert not [tag for tag, _ in elements(content) if tag in ("script", "link")]


def test_page_article_and_pdf_stand_beside_the_letters(tmp_path: Path) -> None:
    sheets = write_sheets(tmp_path, every_block(), PICTURES, TEMPLATES)
    assert [(sheet.name, sheet.fault) for sheet in sheets] == [("阅读页", ""), ("公众号文章", ""), ("PDF", "")]
    page = write_gallery(tmp_path, LETTERS, title="工作快报", sheets=sheets).read_text(encoding="utf-8")
    for name in ("page.html", "page-dark.html", "article.html", "bulletin-1.png", "bulletin.pdf"):
        assert (tmp_path / name).is_file()
        assert f'"{name}"' in page
    assert (tmp_path / "bulletin.pdf").read_bytes().startswith(b"%PDF-")
    assert "prefers-color-scheme" not in (tmp_path / "page-dark.html").read_text(encoding="utf-8")


def test_a_form_that_cannot_be_made_is_told_in_its_place(tmp_path: Path) -> None:
    sheets = write_sheets(tmp_path, every_block(), {}, TEMPLATES)
    assert all("图/巡河.png: The picture is missing." in sheet.fault for sheet in sheets)
    page = write_gallery(tmp_path, LETTERS, title="工作快报", sheets=sheets).read_text(encoding="utf-8")
    assert page.count("The picture is missing.") == 3


def test_only_a_gallery_that_is_served_asks_for_news(tmp_path: Path) -> None:
    assert "<script" not in write_gallery(tmp_path, LETTERS, title="快报").read_text(encoding="utf-8")
    assert 'src="reload.js"' in write_gallery(tmp_path, LETTERS, title="快报", live=True).read_text(encoding="utf-8")


def test_a_group_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "画廊"
    page = write_gallery(folder, [dataclasses.replace(letter(), group="../../<b>外面")], title="<i>").read_text(
        encoding="utf-8"
    )
    assert "&lt;b&gt;外面" in page
    assert "<i>" not in page
    assert [file.name for file in tmp_path.iterdir()] == ["画廊"]


def test_the_time_it_was_made_is_printed_when_known(tmp_path: Path) -> None:
    made = dt.datetime(2026, 3, 6, 17, 5, tzinfo=dt.UTC)
    assert "2026-03-06 17:05" in write_gallery(tmp_path, LETTERS, title="快报", made_at=made).read_text(
        encoding="utf-8"
    )
