"""The rules of mail programs: each one is seen when it is broken, with its line, and a good letter breaks none."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bulletin.model import Bulletin
from distributor.errors import Problem
from distributor.rendering.colours import contrast, inverted, readable_on
from distributor.rendering.email_check import check_letter, clients
from distributor.rendering.email_check.support import without_element, without_property
from distributor.rendering.rendition import InlinePicture, Rendition
from distributor.rendering.templates import Templates
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, TEMPLATES, every_block, letter


def _problems(
    rendition: Rendition, *, bulletin: Bulletin | None = None, templates: Templates = TEMPLATES
) -> tuple[Problem, ...]:
    return check_letter(rendition, bulletin or every_block(), templates=templates, template=rendition.direction)


def _codes(rendition: Rendition) -> set[str]:
    return {problem.code for problem in _problems(rendition)}


@pytest.mark.parametrize("direction", GROUPS)
def test_the_shipped_letters_break_no_rule(direction: str) -> None:
    assert _problems(letter(direction, office=OFFICE_WITH_PAGE)) == ()


LETTER = letter()
CELL = "font-family:serif;font-size:17px;line-height:30px;color:#222222;background-color:#fefefe"


@pytest.mark.parametrize(
    ("fragment", "code", "told"),
    [
        ('<td style="float:left">甲</td>', "property", "float is not shown by Outlook (Windows)"),
        ('<td style="border-radius:4px">甲</td>', "property", "border-radius is not shown by Outlook (Windows)"),
        ('<td style="display:flex">甲</td>', "property", "display makes letters break"),
        ('<td style="margin-trim:all">甲</td>', "property_unknown", "margin-trim"),
        ('<a href="https://a.example" style="padding:9px">甲</a>', "property_place", "padding on <a>"),
        ('<td height="20">甲</td>', "attribute", "attribute height"),
        ('<td colspan="2">甲</td>', "attribute", "attribute colspan"),
        ('<td onclick="x()">甲</td>', "attribute", "attribute onclick"),
        ("<div>甲</div>", "element", "<div> is not safe"),
        ("<video></video>", "element", "<video> is not shown by"),
        ("<form></form>", "element", "<form>"),
        ("<style>td{color:red}</style>", "style_sheet", "style sheet"),
        ('<img src="https://evil.example/x.png" alt="图" width="1">', "picture", "does not travel"),
        ('<img src="https://evil.example/x.png" alt="图" width="1">', "remote", "from elsewhere"),
        ('<img src="cid:x" width="1">', "alt", "no alt text"),
        ('<img src="cid:x" alt="图">', "picture_width", "no width"),
        (f'<td style="{CELL};mso-line-height-rule:exactly"><img alt="图" width="9"></td>', "picture_cut", "cuts"),
        ('<td bgcolor="#eeeeee" style="background-color:#fefefe">甲</td>', "cell_paper", "differ"),
        ('<td style="color:#222222">甲</td>', "colour_alone", "no background"),
        ('<td bgcolor="#fefefe" style="color:#cccccc;background-color:#fefefe">甲</td>', "contrast", "hard to read"),
        (
            '<td bgcolor="#00008b" style="color:#ff8c00;background-color:#00008b">甲</td>',
            "contrast_dark",
            "forced dark mode",
        ),
        ('<td style="color:#000000;background-color:#ffffff">甲</td>', "colour_pure", "dark modes"),
        ('<td style="font-size:12px">甲</td>', "type_small", "too small"),
        (f'<td bgcolor="#fefefe" style="{CELL};line-height:1.75">甲</td>', "line_height", "1.75"),
        (f'<td bgcolor="#fefefe" style="{CELL}">甲</td>', "line_height", "30px"),
        ('<td style="color:red">甲</td>', "colour", "six digits"),
        ('<td style="background-color:rgba(1,2,3,0.5)">甲</td>', "value", "is lost"),
        ('<td style="border-top:12px solid #c7000b">甲</td>', "border", "thinner"),
        ("<td style=\"font-family:'仿宋'\">甲</td>", "font_family", "typefaces"),
        ('<td bgcolor="#fefefe" style="background-color:#fefefe">甲</td>', "cell", "after a forward"),
        ("<table><tbody><tr><td></td></tr></tbody></table>", "table", "without border"),
        ('<table border="0" cellpadding="0" cellspacing="0"></table>', "table_role", "Screen readers"),
        ('<table border="1"><tr>' + "<td>断面名称与位置</td>" * 5 + "</tr></table>", "table_wide", "5 columns"),
        ('<a href="javascript:x">甲</a>', "link", "javascript:x"),
        ("<b>&#x4e00;</b>", "entity", "numeric"),
        ("<b>" + "字" * 31_000 + "</b>", "html_large", "cut it off"),
    ],
)
def test_a_broken_rule_is_seen(fragment: str, code: str, told: str) -> None:
    page = letter().html.replace("</body>", fragment + "</body>")
    found = [problem for problem in _problems(dataclasses.replace(letter(), html=page)) if problem.code == code]
    assert found
    assert any(told in str(problem.what) for problem in found)


@pytest.mark.parametrize(
    ("taken", "put", "code"),
    [
        ("<!DOCTYPE html>", "", "frame"),
        ('<html lang="zh-CN">', "<html>", "frame"),
        ('<meta charset="utf-8">', "", "frame"),
        ("<!--[if mso]>", "<!--", "frame"),
        ("max-width:640px", "width:640px", "frame"),
        ("云岭区河长制</td>", '<img src="cid:x" alt="云岭区河长制" width="9"></td>', "masthead"),
        ("5日，开展志愿清滩。", "", "html_incomplete"),
    ],
)
def test_what_is_missing_from_the_page_is_seen(taken: str, put: str, code: str) -> None:
    page = letter().html
    assert taken in page
    first = page.index("<body")
    page = page.replace(taken, put) if taken not in page[first:] else page[:first] + page[first:].replace(taken, put)
    assert code in _codes(dataclasses.replace(letter(), html=page))


def test_first_words_that_say_nothing_are_seen() -> None:
    page = letter().html
    start = page.index(">", page.index('class="preview"')) + 1
    page = page[:start] + "如果您看不到本邮件，请点击这里。" * 6 + page[start:]
    assert "first_words" in _codes(dataclasses.replace(letter(), html=page))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("长" * 39, "text_line"),
        ("行末空白　 ", "text_blank"),
        ("表\t格", "text_blank"),
    ],
)
def test_a_line_that_is_not_set_for_people_is_seen(text: str, code: str) -> None:
    rendition = letter()
    assert code in _codes(dataclasses.replace(rendition, text=f"{rendition.text}{text}\n"))


def test_a_line_with_a_personal_field_is_never_measured() -> None:
    rendition = letter()
    line = "\ufdd0recipient.name\ufdd1" + "长" * 60
    assert "text_line" not in _codes(dataclasses.replace(rendition, text=f"{rendition.text}{line}\n"))


def test_a_text_part_that_says_see_html_is_seen() -> None:
    problems = _problems(dataclasses.replace(letter(), text="请用支持HTML的软件查看。\n"))
    assert {"text_incomplete"} == {problem.code for problem in problems}
    assert "区河长制" in str(problems[0].what)


@pytest.mark.parametrize(
    ("subject", "code"),
    [
        ("工作快报", "subject"),
        ("第12期 \ufdd0recipient.name\ufdd1", "subject_personal"),
        ("第12期" + "长" * 40, "subject_long"),
    ],
)
def test_a_subject_that_does_not_tell_the_number_is_seen(subject: str, code: str) -> None:
    assert code in _codes(dataclasses.replace(letter(), subject=subject))


def test_a_picture_that_is_too_large_is_seen() -> None:
    picture = InlinePicture("x", "image/webp", "图.webp", b"x")
    assert "picture_large" in _codes(dataclasses.replace(letter(), pictures=(*letter().pictures, picture)))


@pytest.mark.parametrize(
    ("file", "content", "code", "line"),
    [
        ("email/_base/look.css", "{shipped}\n.p {{ float: left; }}\n", "property", -1),
        ("email/发/subject.txt", "\n\n{{{{ title[:2] }}}}\n", "subject", 3),
        ("email/发/body.html", "{shipped}\n{{% block after %}}\n{{% endblock %}}\n", None, 0),
    ],
)
def test_a_fault_is_told_with_the_templates_file_and_line(
    tmp_path: Path, file: str, content: str, code: str | None, line: int
) -> None:
    shipped = next(source for source in TEMPLATES.sources(*{file.rpartition("/")[0]}) if source.name == file).text
    written = content.format(shipped=shipped.rstrip())
    target = tmp_path / file
    target.parent.mkdir(parents=True)
    target.write_text(written, encoding="utf-8")
    templates = Templates(tmp_path)
    problems = _problems(letter("发", templates=templates), templates=templates)
    if code is None:
        assert problems == ()
        return
    (problem,) = [problem for problem in problems if problem.code == code]
    assert problem.place.file == str(target)
    assert problem.place.line == (len(written.splitlines()) if line < 0 else line)


def test_the_table_covers_outlook_gmail_and_apple_mail() -> None:
    families = {name.split()[0].removesuffix(".com") for name in clients()}
    assert families == {"Apple", "Gmail", "Outlook"}
    assert without_property("float") == ("Outlook (Windows)",)
    assert without_property("padding-left") == ()
    assert without_property("border-top-color") == ()
    assert without_property("margin-trim") is None
    assert "Outlook (Windows)" in without_element("video")
    assert without_element("table") == ()


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#c7000b", "#c7000b", 1.0)]
)
def test_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


def test_a_colour_is_lightened_until_it_can_be_read_on_a_dark_page() -> None:
    assert readable_on("#c7000b", "#fefefe") == "#c7000b"
    assert contrast(readable_on("#c7000b", "#1d1b18"), "#1d1b18") >= 4.5
    assert inverted("#ffffff") == "#000000"
    assert inverted(inverted("#c7000b")) == "#c7000b"


@given(st.text(alphabet="<>/tdabim ='\"!-[]&;:#0f", max_size=120))
def test_any_page_is_read_and_judged(page: str) -> None:
    assert isinstance(_problems(dataclasses.replace(LETTER, html=page)), tuple)
