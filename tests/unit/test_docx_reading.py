"""What Word documents hold is read as it is printed, or named; nothing is lost silently."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from distributor.bulletin.docx.numbering import format_number
from distributor.bulletin.model import Block, BulletList, Paragraph, Picture, Reading, Span, Table
from distributor.bulletin.reading import read_bulletin
from tests.docx_builder import Word, cell, link, paragraph, picture, run, table, text_box

RULE = '<w:pBdr><w:bottom w:val="single" w:sz="24" w:color="C00000"/></w:pBdr>'
HEAD = (
    paragraph("松溪县林业简报", style="a3"),
    paragraph("第5期（总第45期）"),
    paragraph("松溪县林业局\t2026年3月12日", shape=RULE),
    paragraph("【要闻】", style="20"),
    paragraph(run("春季造林开工", bold=True), " 三月五日，造林开工。"),
)
TAIL = (paragraph("编辑：林一木\t核签：高远山"), table(("报：县委",), ("发：各林场",)), paragraph("电话：0599-5550101"))


def png(width: int = 4, height: int = 3) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Reading]:
    def reading(*blocks: str, word: Word | None = None, head: tuple[str, ...] = HEAD) -> Reading:
        word = word or Word()
        path = tmp_path / "简报.docx"
        path.write_bytes(word.add(*head, *blocks, paragraph("（一队）"), *TAIL).build())
        return read_bulletin(path)

    return reading


Read = Callable[..., Reading]


def codes(reading: Reading) -> list[str]:
    return [finding.code for finding in reading.findings]


def body(reading: Reading) -> tuple[Block, ...]:
    return reading.bulletin.sections[0].items[0].body


def texts(reading: Reading) -> list[str]:
    return [block.text for block in body(reading) if isinstance(block, Paragraph)]


def test_a_well_made_document_has_no_findings(read: Read) -> None:
    reading = read()
    assert reading.findings == ()
    bulletin = reading.bulletin
    assert (bulletin.title, bulletin.issue_no, bulletin.total_no) == ("松溪县林业简报", 5, 45)
    assert bulletin.issuer == "松溪县林业局"
    assert [section.heading for section in bulletin.sections] == ["要闻"]
    assert bulletin.sections[0].items[0].attribution == "一队"
    assert [line.names for line in bulletin.addressees] == [("县委",), ("各林场",)]
    assert bulletin.approvers == ("高远山",)


HEADS = {
    "text box": (paragraph(text_box(paragraph("松溪县林业简报"))), *HEAD[1:]),
    "text box without an old version": (paragraph(text_box(paragraph("松溪县林业简报"), old=False)), *HEAD[1:]),
    "WordArt": (
        paragraph('<w:r><w:pict><v:shape><v:textpath string="松溪县林业简报"/></v:shape></w:pict></w:r>'),
        *HEAD[1:],
    ),
    "table": (
        table((cell("松溪县林业简报", span=2),), (cell("第5期（总第45期）", span=2),), heading=False),
        *HEAD[2:],
    ),
    "frame": (table((paragraph("松溪县林业简报") + paragraph("第5期（总第45期）"),)), *HEAD[2:]),
    "letter-spaced and red": (
        paragraph(
            run("松溪县 林业 简报", look='<w:color w:val="FF0000"/><w:sz w:val="72"/>'), shape='<w:jc w:val="center"/>'
        ),
        *HEAD[1:],
    ),
    "issuer and date in a table": (*HEAD[:2], table(("松溪县林业局", "2026年3月12日"), heading=False), *HEAD[3:]),
    "line break": (paragraph("松溪县林业简报\n第5期（总第45期）"), *HEAD[2:]),
    "drawn line": (
        *HEAD[:2],
        paragraph("松溪县林业局\t2026年3月12日", '<w:r><w:pict><v:line from="0,0" to="9,0"/></w:pict></w:r>'),
        *HEAD[3:],
    ),
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_masthead_is_read_however_it_was_made(read: Read, head: tuple[str, ...]) -> None:
    reading = read(head=head)
    assert reading.findings == ()
    found = reading.bulletin
    assert found.title.replace(" ", "") == "松溪县林业简报"
    assert (found.issue_no, found.total_no, found.issuer) == (5, 45, "松溪县林业局")
    assert str(found.date) == "2026-03-12"


LOOKS = {
    "bold": (run("甲", bold=True), Span("甲", bold=True)),
    "italic": (run("甲", italic=True), Span("甲", italic=True)),
    "bold switched off": (run("甲", look='<w:b w:val="0"/>'), Span("甲")),
    "bold by its style": (run("甲", look='<w:rStyle w:val="b"/>'), Span("甲", bold=True)),
    "黑体": (run("甲", look='<w:rFonts w:eastAsia="黑体"/>'), Span("甲", bold=True)),
    "仿宋": (run("甲", look='<w:rFonts w:eastAsia="仿宋_GB2312"/>'), Span("甲")),
    "underline": (run("甲", look='<w:u w:val="single"/>'), Span("甲")),
    "square metres": (run("2", look='<w:vertAlign w:val="superscript"/>'), Span("²")),
    "carbon dioxide": (run("2", look='<w:vertAlign w:val="subscript"/>'), Span("₂")),
    "field": (f'<w:fldSimple w:instr=" DATE ">{run("甲")}</w:fldSimple>', Span("甲")),
    "phonetic guide": (
        f"<w:r><w:ruby><w:rt>{run('jiǎ')}</w:rt><w:rubyBase>{run('甲')}</w:rubyBase></w:ruby></w:r>",
        Span("甲"),
    ),
    "smart tag": (f"<w:smartTag>{run('甲')}</w:smartTag>", Span("甲")),
    "content control": (f"<w:sdt><w:sdtContent>{run('甲')}</w:sdtContent></w:sdt>", Span("甲")),
    "zero-width": (run("甲\u200b"), Span("甲")),
    "signs of Markdown": (run("*甲*_<b>&#1;[x](y)"), Span("*甲*_<b>&#1;[x](y)")),
}


@pytest.mark.parametrize(("runs", "span"), LOOKS.values(), ids=LOOKS)
def test_the_look_of_words_is_kept(read: Read, runs: str, span: Span) -> None:
    reading = read(paragraph(run("开头，"), runs, run("。结尾")))
    last = body(reading)[-1]
    assert isinstance(last, Paragraph)
    assert "".join(each.text for each in last.spans) == f"开头，{span.text}。结尾"
    if span.bold or span.italic:
        assert span in last.spans
    else:
        assert len(last.spans) == 1
    assert reading.findings == ()


def test_a_document_set_in_black_type_throughout_is_not_bold(read: Read) -> None:
    black = '<w:rFonts w:eastAsia="黑体"/>'
    reading = read(*[paragraph(run("全文都用黑体排印，没有轻重之分，也就不是强调。", look=black)) for _ in range(9)])
    assert not any(span.bold for block in body(reading)[1:] if isinstance(block, Paragraph) for span in block.spans)


def test_links_are_kept_and_those_that_cannot_be_followed_are_named(read: Read) -> None:
    word = Word()
    good, bad = (word.relate("hyperlink", each, external=True) for each in ("https://a.example/", "file:///c:/x"))
    reading = read(paragraph("见", link(good, "网页"), "和", link(bad, "文件"), "。"), word=word)
    last = body(reading)[-1]
    assert isinstance(last, Paragraph)
    assert Span("网页", link="https://a.example/") in last.spans
    assert last.text == "见网页和文件。"
    assert codes(reading) == ["link_dropped"]
    assert reading.findings[0].place.near == "见网页和文件。"


def test_soft_line_breaks_are_lines_of_their_own(read: Read) -> None:
    reading = read(paragraph("第一行，没有句号\n第二行，也没有"))
    assert texts(reading)[1:] == ["第一行，没有句号", "第二行，也没有"]
    assert reading.findings == ()


def test_automatic_numbers_are_printed_as_word_prints_them(read: Read) -> None:
    reading = read(
        paragraph("总体情况良好，进展顺利。", number=(3, 0)),
        paragraph("一季度，开工三处。", number=(3, 1)),
        paragraph("二季度，完工两处。", number=(3, 1)),
        paragraph("下一步，抓紧收尾。", number=(3, 0)),
        paragraph("分项，如下。", number=(5, 1)),
        paragraph("另外，带圈。", number=(6, 0)),
    )
    assert texts(reading)[1:] == [
        "一、总体情况良好，进展顺利。",
        "（一）一季度，开工三处。",
        "（二）二季度，完工两处。",
        "二、下一步，抓紧收尾。",
        "1.1 分项，如下。",
        "① 另外，带圈。",
    ]
    assert reading.findings == ()


def test_headings_keep_the_numbers_that_word_gives_them(read: Read) -> None:
    reading = read(
        paragraph("重点工作", style="2", number=(3, 0)),
        paragraph("工作，已安排。"),
        paragraph("下步打算", style="2", number=(3, 0)),
        paragraph("打算，已写明。"),
        head=HEAD[:3],
    )
    printed = [section.raw_heading or item.raw_title for section in reading.bulletin.sections for item in section.items]
    assert printed == ["一、重点工作", "二、下步打算"]


def test_lists_are_lists_with_what_stands_below_them(read: Read) -> None:
    reading = read(
        paragraph("任务，如下："),
        paragraph("清淤，先做。", number=(2, 0)),
        paragraph("上游，再做。", number=(1, 1)),
        paragraph("绿化，后做。", number=(2, 0)),
        paragraph("中间，插一段话。"),
        paragraph("接着，数到三。", number=(2, 0)),
        paragraph("重新，数到一。", number=(4, 0)),
    )
    first, *rest = [block for block in body(reading) if isinstance(block, BulletList)]
    assert first.ordered
    assert [len(entry) for entry in first.entries] == [2, 1]
    below = first.entries[0][1]
    assert isinstance(below, BulletList)
    assert not below.ordered
    assert "3. 接着，数到三。" in texts(reading)
    assert [block.entries for block in rest] == [((Paragraph((Span("重新，数到一。"),)),),)]
    assert reading.findings == ()


COUNTS = {
    "chineseCounting": (21, "二十一"),
    "chineseCountingThousand": (105, "一百零五"),
    "chineseLegalSimplified": (11, "壹拾壹"),
    "ideographDigital": (20, "二〇"),
    "ideographTraditional": (3, "丙"),
    "ideographZodiac": (2, "丑"),
    "decimalEnclosedCircleChinese": (20, "⑳"),
    "decimalFullWidth": (12, "１２"),
    "decimalZero": (7, "07"),
    "upperRoman": (1994, "MCMXCIV"),
    "lowerRoman": (4, "iv"),
    "upperLetter": (27, "AA"),
    "lowerLetter": (2, "b"),
    "unheard of": (8, "8"),
}


@pytest.mark.parametrize(("form", "count", "text"), [(form, *pair) for form, pair in COUNTS.items()], ids=COUNTS)
def test_numbers_are_written_in_the_form_word_names(form: str, count: int, text: str) -> None:
    assert format_number(count, form) == text
    assert format_number(0, form) == "0"


def test_a_table_keeps_its_cells_and_its_heading(read: Read) -> None:
    reading = read(table(("河流", "断面"), ("青石溪", run_cell("4", bold=True)), ("柳河", "5")))
    (found,) = [block for block in body(reading) if isinstance(block, Table)]
    assert found.header_rows == 1
    assert [["".join(s.text for s in each) for each in row] for row in found.rows] == [
        ["河流", "断面"],
        ["青石溪", "4"],
        ["柳河", "5"],
    ]
    assert found.rows[1][1] == (Span("4", bold=True),)
    assert reading.findings == ()


def run_cell(text: str, *, bold: bool) -> str:
    return cell(paragraph(run(text, bold=bold)))


def test_merged_cells_are_taken_apart_and_named(read: Read) -> None:
    reading = read(
        table(
            (cell("水质", span=2), cell("备注", merge="restart")),
            ("一季度", "二季度", cell("", merge="continue")),
            ("优", "良", "无"),
        )
    )
    (found,) = [block for block in body(reading) if isinstance(block, Table)]
    assert [["".join(s.text for s in each) for each in row] for row in found.rows] == [
        ["水质", "", "备注"],
        ["一季度", "二季度", ""],
        ["优", "良", "无"],
    ]
    assert codes(reading) == ["cells_merged"]
    assert reading.findings[0].grade == "warning"


def test_a_table_without_a_heading_has_none(read: Read) -> None:
    reading = read(table(("甲", "乙"), ("丙", "丁"), heading=False))
    assert [block.header_rows for block in body(reading) if isinstance(block, Table)] == [0]


def test_a_table_within_a_table_loses_no_word(read: Read) -> None:
    reading = read(table(("外", cell(table(("内一", "内二"), ("内三", "内四")) + paragraph(""))), ("甲", "乙")))
    (found,) = [block for block in body(reading) if isinstance(block, Table)]
    assert "".join(span.text for span in found.rows[0][1]).split() == ["内一", "内二", "内三", "内四"]
    assert codes(reading) == ["table_in_table"]


def test_an_embedded_picture_is_the_bulletins_own(read: Read) -> None:
    word = Word()
    reading = read(paragraph(picture(word.media(png(), "image1.png"), "水质图")), word=word)
    assert body(reading)[-1] == Picture("word/media/image1.png", "水质图")
    assert reading.assets == {"word/media/image1.png": png()}
    assert reading.findings == ()


def test_a_picture_in_a_table_is_printed_below_it(read: Read) -> None:
    word = Word()
    shown = paragraph(picture(word.media(png(), "image1.png"), "水质图"))
    reading = read(table(("图", "说明"), (cell(shown), "平稳")), word=word)
    assert [type(block) for block in body(reading)[1:]] == [Table, Picture]
    assert codes(reading) == ["picture_moved"]


def tracked(kind: str, text: str, tag: str = "t") -> str:
    return f'<w:{kind} w:id="9" w:author="李审"><w:r><w:{tag}>{text}</w:{tag}></w:r></w:{kind}>'


VANISH = "<w:vanish/>"
FOUND = {
    "insertion": (paragraph("原有，", tracked("ins", "新增"), "。"), "tracked_changes", "error", "新增"),
    "deletion": (paragraph("原有，", tracked("del", "删去", "delText"), "。"), "tracked_changes", "error", "删去"),
    "move": (paragraph("原有，", tracked("moveTo", "搬来"), "。"), "tracked_changes", "error", "搬来"),
    "deleted paragraph mark": (
        paragraph("原有，段落。", shape='<w:rPr><w:del w:id="1"/></w:rPr>'),
        "tracked_changes",
        "error",
        "",
    ),
    "inserted row": (
        table(("甲", "乙"), ("丙", "丁")).replace("<w:tr>", '<w:tr><w:trPr><w:ins w:id="1"/></w:trPr>', 1),
        "tracked_changes",
        "error",
        "",
    ),
    "hidden": (paragraph("看得见，", run("看不见", look=VANISH), "。"), "hidden_text", "warning", "看不见"),
    "hidden by its style": (paragraph("看不见，的话。", style="hid"), "hidden_text", "warning", "看不见"),
    "struck out": (paragraph("有效，", run("作废", look="<w:strike/>"), "。"), "struck_out", "error", "作废"),
    "raised words": (
        paragraph("正文，", run("注", look='<w:vertAlign w:val="superscript"/>'), "。"),
        "script_lost",
        "warning",
        "注",
    ),
    "text box": (paragraph("正文，有框。", text_box(paragraph("框里的话"))), "text_box", "warning", "框里的话"),
    "formula": (
        paragraph("公式，<如下>。", "<m:oMath><m:r><m:t>x+y</m:t></m:r></m:oMath>"),
        "object_lost",
        "error",
        "formula",
    ),
    "chart": (
        paragraph(
            "图表，如下。",
            "<w:r><w:drawing><wp:inline><a:graphic><a:graphicData><c:chart/></a:graphicData></a:graphic></wp:inline>"
            "</w:drawing></w:r>",
        ),
        "object_lost",
        "error",
        "chart",
    ),
    "inserted file": ('<w:altChunk r:id="rId99"/>', "object_lost", "error", "file"),
    "unknown symbol": (
        paragraph("符号，", '<w:r><w:sym w:font="Foo" w:char="F0E4"/></w:r>', "。"),
        "text_lost",
        "error",
        "F0E4",
    ),
}


@pytest.mark.parametrize(("block", "code", "grade", "word"), FOUND.values(), ids=FOUND)
def test_what_a_letter_cannot_carry_is_named(read: Read, block: str, code: str, grade: str, word: str) -> None:
    (finding,) = read(block).findings
    assert (finding.code, finding.grade) == (code, grade)
    assert word in str(finding.what)
    assert finding.do is not None


def test_hidden_and_deleted_words_are_not_mailed(read: Read) -> None:
    reading = read(
        paragraph("留下，", run("秘不外传", look=VANISH), tracked("del", "已经删去", "delText"), "的话。"),
    )
    assert texts(reading)[-1] == "留下，的话。"


def test_comments_and_notes_are_named_with_their_words(read: Read) -> None:
    word = Word().remarks("comment", "这个数字再核一下").remarks("footnote", "数据来自年报")
    reading = read(
        paragraph("正文，有批注。", '<w:r><w:commentReference w:id="1"/></w:r>'),
        paragraph("正文，有脚注。", '<w:r><w:footnoteReference w:id="1"/></w:r>'),
        word=word,
    )
    assert codes(reading) == ["comment", "footnote"]
    assert "李审" in str(reading.findings[0].what)
    assert "这个数字再核一下" in str(reading.findings[0].what)
    assert "数据来自年报" in str(reading.findings[1].what)
    assert [each.place.near for each in reading.findings] == ["正文，有批注。", "正文，有脚注。"]


def test_words_in_the_margins_are_named_but_page_numbers_and_repetitions_are_not(read: Read) -> None:
    word = Word().margin("header", paragraph("松溪县林业简报"), paragraph("内部资料 注意保存"))
    word.margin("footer", paragraph("— 1 —"), paragraph("第 2 页 共 9 页"))
    reading = read(word=word)
    assert codes(reading) == ["header_text"]
    assert "内部资料" in str(reading.findings[0].what)


@pytest.mark.parametrize("kind", ["header", "footer"])
def test_a_secrecy_marking_in_the_margin_forbids_mailing(read: Read, kind: str) -> None:
    reading = read(paragraph("保守秘密，人人有责。"), word=Word().margin(kind, paragraph("秘密★1年")))
    assert [(each.code, each.grade) for each in reading.findings] == [("classified", "error")]


def test_a_secrecy_marking_in_a_text_box_forbids_mailing(read: Read) -> None:
    reading = read(head=(paragraph(text_box(paragraph("机密"))), *HEAD))
    assert reading.bulletin.classification == "机密"
    assert "classified" in codes(reading)


CONTINUED = {
    "typed blanks": paragraph("　　各县区文物局（所）"),
    "left indent": paragraph("各县区文物局（所）", shape='<w:ind w:left="640"/>'),
    "line break": "",
}


@pytest.mark.parametrize("second", CONTINUED.values(), ids=CONTINUED)
def test_an_addressee_line_goes_on_below(tmp_path: Path, second: str) -> None:
    first = (
        paragraph("送：省文物局办公室　市政府办公室") if second else paragraph("送：省文物局办公室\n各县区文物局（所）")
    )
    path = tmp_path / "a.docx"
    path.write_bytes(Word().add(*HEAD, paragraph("（一队）"), TAIL[0], first, second, *TAIL[1:]).build())
    (line, *_) = read_bulletin(path).bulletin.addressees
    assert line.names[0] == "省文物局办公室"
    assert line.names[-1] == "各县区文物局（所）"


def test_a_table_of_contents_is_no_report(read: Read) -> None:
    reading = read(
        paragraph("目录"),
        paragraph("春季造林开工\t1", style="TOC1"),
        paragraph("苗木检疫完成\t2", style="TOC1"),
        paragraph("【要闻】", style="2"),
        paragraph(run("苗木检疫完成", bold=True), " 三月六日，检疫完成。"),
        head=HEAD[:3],
    )
    assert reading.bulletin.contents == ("目录", "春季造林开工……1", "苗木检疫完成……2")
    assert [item.title for section in reading.bulletin.sections for item in section.items] == ["苗木检疫完成"]


def test_a_finding_in_the_text_names_the_paragraph_and_its_first_words(read: Read) -> None:
    reading = read(paragraph(""), paragraph("道路 and 桥梁的养护，由各乡镇分段负责到人。"))
    (finding,) = reading.findings
    assert (finding.code, finding.place.line, finding.place.column) == ("latin_conjunction", 0, 0)
    assert (finding.place.paragraph, finding.place.near) == (6, "道路 and 桥梁的养护…")
    assert "6" in str(finding.place)
    assert finding.place.near in str(finding)


def test_an_addressee_line_is_placed_by_its_paragraph(read: Read) -> None:
    reading = read()
    line = reading.bulletin.addressees[0]
    assert reading.paragraphs[line.line].near == "报：县委"


def test_a_cropped_picture_is_refused_since_its_file_still_holds_the_rest(read: Read) -> None:
    word = Word()
    by_id = word.media(png(), "image1.png")
    reading = read(paragraph(picture(by_id, "水质图", crop='<a:srcRect l="12000"/>')), word=word)
    assert [(each.code, each.grade) for each in reading.findings] == [("picture_cropped", "error")]


PICTURES = {
    "elsewhere": ("https://evil.example/pixel.png", True, "picture_remote"),
    "share": ("file://server/share/a.png", True, "picture_remote"),
    "missing": ("media/none.png", False, "picture_missing"),
    "above": ("../../etc/passwd", False, "picture_missing"),
}


@pytest.mark.parametrize(("target", "external", "code"), PICTURES.values(), ids=PICTURES)
def test_a_picture_that_is_not_inside_is_never_fetched(read: Read, target: str, external: bool, code: str) -> None:
    word = Word()
    by_id = word.relate("image", target, external=external)
    reading = read(paragraph(picture(by_id, "水质图", link=external)), word=word)
    assert codes(reading) == [code]
    assert reading.assets == {}
    assert reading.findings[0].place.paragraph == 6


def test_a_picture_in_a_form_that_mail_does_not_show_is_named(read: Read) -> None:
    word = Word()
    by_id = word.media(b"\x01\x00\x00\x00 EMF", "image1.emf")
    assert codes(read(paragraph(picture(by_id, "水质图")), word=word)) == ["picture_kind"]


def test_a_picture_without_words_is_told_in_words_words(read: Read) -> None:
    word = Word()
    reading = read(paragraph(picture(word.media(png(), "image1.png"))), word=word)
    assert codes(reading) == ["picture_without_words"]
    assert "Alt Text" in str(reading.findings[0].do)
