"""The gallery shows every letter, offline and without a script."""

import dataclasses
import datetime as dt
import re
from pathlib import Path

from distributor.rendering.gallery import SAMPLE_PERSON, write_gallery
from tests.renditions.rules import elements
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, letter

LETTERS = [letter(direction, office=OFFICE_WITH_PAGE) for direction in GROUPS]


def test_every_group_has_its_page_its_text_and_a_place_on_the_index(tmp_path: Path) -> None:
    index = write_gallery(tmp_path / "画廊", LETTERS, title="工作快报 第12期")
    assert index == tmp_path / "画廊" / "index.html"
    page = index.read_text(encoding="utf-8")
    for number, rendition in enumerate(LETTERS, start=1):
        direction = rendition.direction
        assert rendition.group in page
        assert page.count(f'src="{number:02d}-{direction}.html"') == 2
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
