"""The PDF: what the template is given, what it may not do, and what an editor is told when it cannot be made."""

import dataclasses
import io
import json
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pylopdf_fonts_zh_cn import serif_path

from distributor.bulletin.model import Block, Bulletin, BulletList, Item, Quote, Section, Span
from distributor.errors import BadInput
from distributor.rendering.pdf.document import Paper, render_first_page, render_pdf
from distributor.rendering.pdf.faults import MissingGlyph
from distributor.rendering.pdf.fonts import font_case
from distributor.rendering.pdf.paper import DEEPEST, paper_name, paper_values
from distributor.rendering.pdf.press import Press, stand_apart
from distributor.rendering.pdf.qr import qr_svg
from distributor.rendering.pictures import place_pictures
from distributor.rendering.templates import Templates
from distributor.rendering.theme import DEFAULT_THEME
from tests.renditions.sample import PICTURES, TEMPLATES, every_block, paragraph, png, table

#: What would do harm if it were run: Typst's own code, markup and escapes, and what other programs would run.
HOSTILE = (
    '#import "@preview/x:1.0.0": *',
    '#read("/etc/passwd") #include "../../x.typ"',
    "$x^2$ #{1+1} #let a = 1",
    "\\ \\u{41} \\n",
    "*粗* _斜_ `raw` <label> @ref",
    "// c /* d */ ~ -- --- ... \"q\" 's'",
    "= 标题\n- 列表\n+ 编号\n/ 词: 义",
    "${content} {{7*7}} {% raw %} <script>alert(1)</script>",
    "]]] ))) }}} \" ' ` \ufeff\u200b\u00ad\u2060",
    "a" * 5000,
    "中" * 5000,
    "https://example.gov.cn/" + "x/" * 1000,
)


def with_body(*blocks: Block, **changes: Any) -> Bulletin:
    item = Item("题目", attribution="石桥镇", body=blocks, run_in=True)
    return dataclasses.replace(every_block(), sections=(Section("机制", (item,)),), **changes)


def pdf(bulletin: Bulletin, templates: Templates = TEMPLATES, *, correction: str = "", room: bool = False) -> bytes:
    return render_pdf(Paper(bulletin, PICTURES, correction=correction, room=room), templates)


def own(tmp_path: Path, file: str, text: str) -> Templates:
    """An office's templates with one file of the PDF changed."""
    (tmp_path / "pdf").mkdir()
    (tmp_path / "pdf" / file).write_text(text, encoding="utf-8")
    return Templates(tmp_path)


def test_every_block_is_set_as_archivable_pdf() -> None:
    made = pdf(every_block())

    assert made.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>" in made
    for said in ("云岭区河长制 工作快报 第12期", "云岭区全面推行河长制工作领导小组办公室", "2026-03-06"):
        assert said.encode() in made


def test_the_same_bulletin_gives_the_same_bytes() -> None:
    assert pdf(every_block()) == pdf(every_block())


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"correction": "更正"}, id="corrected"),
        pytest.param({"room": True}, id="with-room-for-a-code"),
    ],
)
def test_what_is_printed_besides_changes_the_paper(changed: dict[str, Any]) -> None:
    assert pdf(every_block(), TEMPLATES, **changed) != pdf(every_block())


def test_a_bulletin_without_anything_is_still_a_page() -> None:
    assert pdf(Bulletin(title="简报")) == pdf(Bulletin(title="简报"))


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:30])
def test_text_is_printed_and_never_run(text: str) -> None:
    bulletin = with_body(
        paragraph(text),
        paragraph(Span(text, bold=True, italic=True, link="https://example.gov.cn")),
        table((text[:40], text[:40]), (text, "乙")),
        BulletList(((paragraph(text),),)),
        Quote((paragraph(text),)),
        title=text[:200],
        issuer=text[:200],
        marking=text[:50],
        extra=(text,),
        contents=(text,),
    )

    assert pdf(bulletin).startswith(b"%PDF")


COMMON = st.text(
    "云岭区河长制工作简报第期，。、：；？！“”‘’（）【】《》—…·〇１Ａ 　09azAZ#$\\*_`@<>=-+/~'\"[]{}()&%|^\n\t",
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(COMMON)
def test_marks_that_mean_something_to_typst_are_printed_in_any_order(text: str) -> None:
    assert pdf(with_body(paragraph(text), title=text, extra=(text,))).startswith(b"%PDF")


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(max_codepoint=0x2FFFF), min_size=1, max_size=5))
def test_any_text_is_set_or_refused_with_a_reason(text: str) -> None:
    known = MissingGlyph.code, "bad_input"
    try:
        pdf(with_body(paragraph(text), title=text, extra=(text,)))
    except BadInput as error:
        refused = error
    else:
        return
    assert refused.code in known
    missing = refused.characters if isinstance(refused, MissingGlyph) else ()
    assert set("".join(missing)) <= set(text)
    assert missing or "invisible character" in refused.what.english


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\x00", "\x1b", "\ud800", "\ufdd0"], ids=ascii)
def test_text_that_hides_or_turns_around_is_refused(character: str) -> None:
    with pytest.raises(BadInput, match=f"U\\+{ord(character):04X}"):
        pdf(with_body(paragraph(f"甲{character}乙")))


def test_a_link_that_a_viewer_would_run_is_only_text() -> None:
    assert b"javascript" not in pdf(with_body(paragraph(Span("点", link="javascript:alert(1)"))))


@pytest.mark.parametrize("name", ["𠮷㛃", "𬭎喆旻堃頔", "珺玥彧镕昇䶮", "〇○·•※℃㎡№Ⅻ⑳☆▲◆", "αβГДж½"])
def test_rare_characters_of_names_and_signs_have_glyphs(name: str) -> None:
    assert pdf(with_body(paragraph(name), Quote((paragraph(Span(name, bold=True)),)), title=name, masthead=(name,)))


@pytest.mark.parametrize(
    ("text", "characters", "said"),
    [
        pytest.param(
            "出席的有张𪚥三同志等人", ("𪚥",), "“𪚥”（U+2A6A5）; it stands in “出席的有张𪚥三同志等人”", id="rare"
        ),
        pytest.param("好😀", ("😀",), "U+1F600", id="emoji"),
        pytest.param("造\ue000字", ("\ue000",), "U+E000", id="private"),
        pytest.param("ᠠ与ཀ", ("ᠠ", "ཀ"), "“ᠠ”（U+1820）、“ཀ”（U+0F40）", id="two"),
    ],
)
def test_a_character_without_a_glyph_is_named_with_the_words_around_it(
    text: str, characters: tuple[str, ...], said: str
) -> None:
    with pytest.raises(MissingGlyph) as caught:
        pdf(with_body(paragraph(text)))

    assert caught.value.characters == characters
    assert said in str(caught.value.what)


@pytest.mark.parametrize("kind", ["list", "quote"])
def test_deep_nesting_is_flattened_and_loses_nothing(kind: str) -> None:
    block: Block = paragraph("底")
    for depth in range(100):
        inner = (paragraph(f"第{depth}层"), block)
        block = BulletList((inner,)) if kind == "list" else Quote(inner)

    values = paper_values(with_body(block), theme=DEFAULT_THEME, placed={})
    written = json.dumps(values, ensure_ascii=False)

    assert all(f"第{depth}层" in written for depth in range(100))
    assert written.count(f'"kind": "{kind}"') <= DEEPEST
    assert pdf(with_body(block))


def test_a_long_tail_runs_over_pages_instead_of_off_the_page() -> None:
    (first, *rest) = every_block().addressees
    long = dataclasses.replace(first, raw="\n".join(f"单位{number}、" for number in range(200)))

    assert pdf(dataclasses.replace(every_block(), addressees=(long, *rest)))


@pytest.mark.parametrize("mode", ["CMYK", "L", "LA", "P", "RGBA", "1", "RGB", "I;16"])
def test_pictures_of_every_colour_model_can_be_archived(mode: str) -> None:
    file = io.BytesIO()
    Image.new(mode, (40, 30)).save(file, "JPEG" if mode == "CMYK" else "PNG")

    assert render_pdf(Paper(every_block(), {"图/巡河.png": file.getvalue()}), TEMPLATES)


def test_a_picture_is_opened_by_the_name_of_its_file() -> None:
    placed = place_pictures(every_block(), {"图/巡河.png": png()}, widest=589)

    written = json.dumps(paper_values(every_block(), theme=DEFAULT_THEME, placed=placed), ensure_ascii=False)

    assert '"file": "picture-1.png"' in written
    assert "图/巡河.png" not in written


def test_the_first_page_can_be_looked_at() -> None:
    with Image.open(io.BytesIO(render_first_page(Paper(every_block(), PICTURES), TEMPLATES))) as page:
        # A4 at 96 pixels per inch.
        assert (page.width, page.height) == (794, 1123)


def test_an_office_replaces_one_file_of_the_template(tmp_path: Path) -> None:
    templates = own(tmp_path, "tail.typ", "#let tail(paper) = [简短的版记]")

    assert len(pdf(every_block(), templates)) < len(pdf(every_block()))


def test_the_theme_is_printed_too(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(png(96, 96))
    theme = """\
        colour: "#8b0000"
        above: 中共云岭区委
        masthead: [云岭区河长制工作, 快报]
        logo: {file: logo.png, alt: 云岭区徽标, width: 96}
    """
    (tmp_path / "theme.yaml").write_text(textwrap.dedent(theme), encoding="utf-8")
    templates = Templates(tmp_path)

    made, plain = (render_first_page(Paper(every_block(), PICTURES), look) for look in (templates, TEMPLATES))

    with Image.open(io.BytesIO(made)) as page, Image.open(io.BytesIO(plain)) as other:
        reds = [{colour for _, colour in one.convert("RGB").getcolors(2**24) or ()} for one in (page, other)]
    assert (0x8B, 0, 0) in reds[0] - reds[1]
    # The logo's own colour, where without it the page is blank.
    assert (0x7A, 0xA6, 0xC2) in reds[0] - reds[1]
    assert b"/Alt" in pdf(every_block(), templates)


@pytest.fixture
def apart() -> Iterator[None]:
    """Each paper is set by a process of its own, as the service has it done."""
    stand_apart()
    yield
    stand_apart(apart=False)


def test_a_process_of_its_own_sets_the_same_bytes(request: pytest.FixtureRequest) -> None:
    here = pdf(every_block()), render_first_page(Paper(every_block(), PICTURES), TEMPLATES)
    request.getfixturevalue("apart")
    assert (pdf(every_block()), render_first_page(Paper(every_block(), PICTURES), TEMPLATES)) == here


def test_what_a_process_of_its_own_cannot_set_is_told_alike(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    templates = own(tmp_path, "bulletin.typ", "#nobody-defined-this\n")
    told = []
    for place in ("here", "apart"):
        if place == "apart":
            request.getfixturevalue("apart")
        with pytest.raises(BadInput) as caught:
            pdf(every_block(), templates)
        told.append((str(caught.value), str(caught.value.place)))
    assert told[0] == told[1]
    assert "nobody-defined-this" in told[0][0]


@pytest.mark.usefixtures("apart")
def test_a_process_of_its_own_knows_the_fonts_that_are_there() -> None:
    known = Press([serif_path().parent]).families()
    assert "Noto Serif SC" in known
    assert "SimHei" not in known


def test_a_new_font_is_found_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "fonts"
    before = font_case([folder])
    folder.mkdir()
    shutil.copyfile(serif_path(), folder / "own.otf")

    after = font_case([folder])

    assert font_case([folder]) is after
    assert after is not before


def test_fonts_of_screens_are_passed_over_on_paper() -> None:
    case = font_case([])

    assert case.title(["FZXiaoBiaoSong-B05S", "serif"]) == ["Noto Serif SC", "Noto Sans CJK SC"]
    assert case.heading(["DejaVu Sans Mono", "SimHei"]) == ["DejaVu Sans Mono", "Noto Sans SC", "Noto Sans CJK SC"]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("#let tail(paper) = {\n  paper.nothing\n}", 2, 'key "nothing"', id="no-such-field"),
        pytest.param("#let tail(paper) = {\n\n  (\n}", 3, "unclosed delimiter", id="syntax"),
        pytest.param('#let tail(paper) = read("/etc/passwd")', 1, "file not found", id="absolute-path"),
        pytest.param('#let tail(paper) = read("../../secrets")', 1, "would escape the project root", id="outside"),
        pytest.param('\n#import "@preview/cetz:0.4.0"', 2, "internet", id="package"),
    ],
)
def test_a_mistake_in_a_template_names_file_and_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    templates = own(tmp_path, "tail.typ", text)

    with pytest.raises(BadInput) as caught:
        pdf(every_block(), templates)

    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == (str(tmp_path / "pdf" / "tail.typ"), line)
    assert said in str(caught.value.what)


@pytest.mark.parametrize(
    ("title", "line", "correction", "name"),
    [
        pytest.param("云岭河长制工作简报", "第12期", "", "云岭河长制工作简报第12期.pdf", id="plain"),
        pytest.param("云岭区 工作 快报", "（第12期）", "", "云岭区工作快报第12期.pdf", id="spaced"),
        pytest.param("简报", "第12期（总第87期）", "", "简报第12期.pdf", id="running-total"),
        pytest.param("简报", "第12期", "更正", "简报第12期（更正）.pdf", id="corrected"),
        pytest.param("../../etc/passwd", "", "", "etcpasswd.pdf", id="path"),
        pytest.param('a"b\r\nBcc: x\u202egnp', "", "", "abBccxgnp.pdf", id="header"),
        pytest.param("///", "", "", "简报.pdf", id="nothing-left"),
    ],
)
def test_the_file_is_named_for_the_reader_and_cannot_do_harm(title: str, line: str, correction: str, name: str) -> None:
    assert paper_name(Bulletin(title=title, issue_line=line), correction=correction) == name


def test_a_long_title_is_still_a_file_name() -> None:
    name = paper_name(Bulletin(title="题" * 300, issue_line="第12期"), correction="更正")

    assert name.endswith("第12期（更正）.pdf")
    assert len(name.encode()) <= 255


def test_a_code_is_drawn_without_pixels_and_the_same_each_time() -> None:
    drawn = qr_svg("https://bulletin.example.gov.cn/b/abc")

    assert drawn.startswith(b"<svg")
    assert drawn == qr_svg("https://bulletin.example.gov.cn/b/abc")
    assert drawn != qr_svg("https://bulletin.example.gov.cn/b/abd")
