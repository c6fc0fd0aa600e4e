"""The gallery shows every letter, offline and without a script."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest

from distributor.recipients.model import WeComForm
from distributor.rendering.gallery import SAMPLE_PERSON, write_gallery
from distributor.rendering.sheets import write_sheets
from tests.channels.wecom_forms import rendition as made
from tests.renditions.rules import elements
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block, letter

#: Words on each form, how many pictures it shows, and what it is called.
SHOWN = {
    WeComForm.CARD: ("签收", 0, "企业微信"),
    WeComForm.TEXTCARD: ("阅读签收", 0, "企业微信：文本卡片"),
    WeComForm.NEWS: ("请于收到之日起2个工作日内签收。", 1, "企业微信：图文"),
    WeComForm.MPNEWS: ("补齐防汛物资：", 2, "企业微信：图文，全文"),
    WeComForm.FILE: ("云岭河长制工作快报第12期.pdf", 0, "企业微信：文件"),
    WeComForm.CARD_AND_FILE: ("石桥镇“四查 四改”推动河长制落细落实", 0, "企业微信"),
}

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


@pytest.mark.parametrize("form", WeComForm, ids=str)
def test_each_form_for_members_is_shown_as_it_will_look(tmp_path: Path, form: WeComForm) -> None:
    index = write_gallery(tmp_path, [made(form)], title="工作快报").read_text(encoding="utf-8")
    page, text = ((tmp_path / f"01-发.{kind}").read_text(encoding="utf-8") for kind in ("html", "txt"))
    assert not re.search("[\ufdd0-\ufdef]", page + text)
    sources = [found["src"] for _, found in elements(page) if "src" in found]
    assert not [source for source in sources if not source.startswith("data:image/")]
    words, pictures, name = SHOWN[form]
    assert words in page
    assert words in text
    assert len(sources) == pictures
    assert f"（{name}）" in index


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
