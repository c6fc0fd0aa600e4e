"""The office's look: what a theme changes everywhere, and what is wrong with one, with its place."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bulletin.model import Bulletin
from distributor.errors import BadFile
from distributor.rendering.article import render_article
from distributor.rendering.email_check import check_letter
from distributor.rendering.page import page_css, render_page_body
from distributor.rendering.templates import Templates
from distributor.rendering.theme import DEFAULT_THEME, Theme, look
from distributor.rendering.theme_file import load_theme, parse_theme
from distributor.resources import shipped
from tests.renditions.sample import GROUPS, PICTURES, every_block, letter, png

THEME = """\
colour: "#8b0000"
masthead:
  - 云岭区
  - 河长制工作快报
above: 中共云岭区委　云岭区人民政府
fonts:
  body: [FangSong, serif]
logo:
  file: logo.png
  alt: 云岭区徽标
  width: 120
"""


def _office(folder: Path, theme: str = THEME) -> Templates:
    folder.mkdir(exist_ok=True)
    (folder / "theme.yaml").write_text(theme, encoding="utf-8")
    (folder / "logo.png").write_bytes(png(240, 80))
    return Templates(folder)


def test_the_shipped_file_says_what_is_built_in() -> None:
    assert load_theme([shipped("templates")]) == DEFAULT_THEME
    assert load_theme([]) == DEFAULT_THEME


@pytest.mark.parametrize("direction", GROUPS)
def test_a_letter_takes_colour_masthead_fonts_and_logo_from_the_theme(tmp_path: Path, direction: str) -> None:
    templates = _office(tmp_path)
    rendition = letter(direction, templates=templates)
    assert "#8b0000" in rendition.html
    assert "#c7000b" not in rendition.html
    assert "font-family:FangSong, serif" in rendition.html
    assert 'alt="云岭区徽标" width="120"' in rendition.html
    assert [picture.file_name for picture in rendition.pictures] == ["logo.png", "picture-1.png"]
    head = [line.strip() for line in rendition.text.splitlines() if line.startswith(" " * 10)]
    assert head[2:5] == ["中共云岭区委　云岭区人民政府", "云岭区", "河长制工作快报"]
    assert check_letter(rendition, every_block(), templates=templates, template=direction) == ()


def test_page_and_article_take_the_same_look(tmp_path: Path) -> None:
    templates = _office(tmp_path)
    page = render_page_body(every_block(), templates=templates, picture_url=str, logo_url="/logo.png")
    article = render_article(every_block(), templates=templates, pictures=PICTURES)
    assert "--red: #8b0000" in page_css(templates)
    assert 'src="/logo.png" alt="云岭区徽标" width="120"' in page
    for form in (page, article.content):
        assert "中共云岭区委　云岭区人民政府" in form
        assert "河长制工作快报</span>" in form
    assert article.pictures[0].file_name == "logo.png"


def test_lines_of_the_theme_are_for_the_title_with_these_words_alone() -> None:
    theme = Theme(masthead=("云岭区", "河长制工作快报"))
    assert theme.title_lines(Bulletin(title="云岭区河长制 工作快报")) == ("云岭区", "河长制工作快报")
    assert theme.title_lines(Bulletin(title="云岭区防汛快报")) == ("云岭区防汛快报",)
    assert theme.title_lines(Bulletin(title="云岭区河长办 防汛快报")) == ("云岭区河长办", "防汛快报")


def test_the_red_is_lightened_for_dark_pages() -> None:
    colours = look(Theme(colour="#8b0000"))["colour"]
    assert isinstance(colours, dict)
    assert colours["light"] == "#8b0000" != colours["dark"]


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        pytest.param('colour: "#ffaaaa"', "1:9", "too pale", id="pale"),
        pytest.param("colour: red", "1:9", "not a colour", id="word"),
        pytest.param('colour: "#c7000b; } body { display: none"', "1:9", "not a colour", id="css"),
        pytest.param("color: '#c7000b'", "1:1", "Did you mean colour?", id="misspelt"),
        pytest.param('fonts:\n  body: ["SimSun\'; x: y"]', "2:10", "not the name of a typeface", id="font"),
        pytest.param("fonts:\n  body: []", "2:9", "is empty", id="no font"),
        pytest.param('masthead: ["' + "长" * 41 + '"]', "1:12", "too long", id="long line"),
        pytest.param('above: "行\\u202e"', "1:8", "U+202E", id="turned"),
        pytest.param("logo:\n  file: ../secret.png\n  alt: 徽", "2:9", "not the name of a file", id="path"),
        pytest.param("logo:\n  file: gone.png\n  alt: 徽", "2:9", "cannot be read", id="missing logo"),
        pytest.param("logo:\n  file: theme.yaml\n  alt: 徽", "2:9", "not a picture", id="no picture"),
        pytest.param("logo:\n  file: logo.png", "2:3", "alt is missing", id="no alt"),
        pytest.param("logo: {file: logo.png, alt: 徽, width: 5000}", "1:39", "out of range", id="wide"),
        pytest.param("- a", "1:1", "not a theme", id="list"),
        pytest.param("# nothing", "", "says nothing", id="empty"),
    ],
)
def test_a_fault_is_told_with_its_place(tmp_path: Path, text: str, place: str, told: str) -> None:
    templates = _office(tmp_path, text)
    with pytest.raises(BadFile) as caught:
        letter(templates=templates)
    (problem,) = caught.value.problems
    assert str(problem.place) == str(tmp_path / "theme.yaml") + (f":{place}" if place else "")
    assert told in str(problem)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadFile) as caught:
        parse_theme(b"colour: red\nfonts: {body: 3}\nfont: x\n", file=tmp_path / "theme.yaml")
    assert len(caught.value.problems) == 3


def test_a_logo_must_be_small(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\x89PNG" + bytes(200 * 1024))
    with pytest.raises(BadFile, match="larger than 200 KB"):
        parse_theme("logo: {file: logo.png, alt: 徽}".encode(), file=tmp_path / "theme.yaml")


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_bytes_are_a_theme_or_a_list_of_faults(source: bytes) -> None:
    told: tuple[object, ...] = ()
    try:
        made = look(parse_theme(source, file=Path("theme.yaml")))
    except BadFile as error:
        made, told = {}, error.problems
    assert bool(made) != bool(told)


@given(
    st.text(max_size=40),
    st.sampled_from(["colour: {}", "above: {}", "fonts: {{body: [{}]}}", "masthead: [{}]"]),
)
def test_nothing_in_a_theme_can_leave_the_style_sheet(value: str, key: str) -> None:
    try:
        theme = parse_theme(key.format(json.dumps(value)).encode(), file=Path("theme.yaml"))
    except (BadFile, UnicodeEncodeError):
        return
    for written in (theme.colour, *theme.body_fonts):
        assert not set(written) & set("{};:'\"\\<>()\n")
