"""Markdown where Chinese offices write it differently from CommonMark."""

import pytest

from distributor.bulletin.markdown import read_markdown
from distributor.bulletin.model import Paragraph, Table
from distributor.bulletin.parts import PartKind


def bold(text: str) -> list[str]:
    (part,) = read_markdown(text).parts
    return [span.text for span in part.lines[0].spans if span.bold]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**注意：**请各单位", ["注意："]),
        ("请**“注意”**各单位", ["“注意”"]),
        ("一是**统筹（部署）**推进", ["统筹（部署）"]),
        ("**一是明责。**层层落实。**二是督办。**逐项", ["一是明责。", "二是督办。"]),
        ("**《办法》**印发", ["《办法》"]),
        ("**word** next", ["word"]),
        ("2 ** 3 ** 4", []),
        ("没有**结束", []),
    ],
)
def test_chinese_next_to_punctuation_comes_out_bold(text: str, expected: list[str]) -> None:
    assert bold(text) == expected


def test_html_is_text_and_comments_are_not_printed() -> None:
    (part,) = read_markdown("<b>甲</b><!-- 不印 --> <script>乙</script>").parts
    assert part.text == "<b>甲</b> <script>乙</script>"


def test_an_indent_is_no_code_and_a_rule_below_text_makes_no_heading() -> None:
    kinds = [part.kind for part in read_markdown("    　缩进的一段\n---\n\n下一段").parts]
    assert kinds == [PartKind.TEXT, PartKind.RULE, PartKind.TEXT]


def test_a_definition_of_a_link_is_text() -> None:
    assert read_markdown("[注]: 请各单位").parts[0].text == "[注]: 请各单位"


def test_converters_attributes_are_taken_off() -> None:
    text = '# []{#_Toc1 .anchor}**简报** {#brief .unnumbered}\n\n[【要闻】]{.underline}\n\n![图](a.png){width="5in"}'
    assert [part.text for part in read_markdown(text).parts] == ["简报", "【要闻】", ""]


def test_a_list_that_does_not_count_from_one_keeps_its_numbers() -> None:
    (part,) = read_markdown("3. 丙\n4. 丁").parts
    assert [block.text for block in part.blocks if isinstance(block, Paragraph)] == ["3. 丙", "4. 丁"]


def test_a_wrapped_line_is_joined_without_a_blank_between_hanzi() -> None:
    (part,) = read_markdown("近日各单位认真\n贯彻落实 new\nrules").parts
    assert [block.text for block in part.blocks if isinstance(block, Paragraph)] == ["近日各单位认真贯彻落实 new rules"]


def test_a_table_keeps_heading_and_rows() -> None:
    (part,) = read_markdown("| 河流 | 断面 |\n|---|---|\n| 柳河 | **5** |").parts
    (table,) = part.blocks
    assert isinstance(table, Table)
    assert (table.header_rows, [[cell[0].text for cell in row] for row in table.rows]) == (
        1,
        [["河流", "断面"], ["柳河", "5"]],
    )


def test_only_web_and_mail_links_are_kept() -> None:
    page = read_markdown("[甲](https://a.example/) [乙](javascript:x) [丙](file.md) <m@a.example>")
    assert [span.link for span in page.parts[0].lines[0].spans if span.link] == [
        "https://a.example/",
        "mailto:m@a.example",
    ]
    assert [mishap.text for mishap in page.mishaps] == ["javascript:x", "file.md"]


@pytest.mark.parametrize("source", ["---\n\n呈报：市委\n\n---\n", "---\n甲乙丙\n---\n", "---\nkey: value\n"])
def test_rules_around_text_are_no_front_matter(source: str) -> None:
    assert read_markdown(source).front == {}


def test_front_matter_is_read_as_keys_and_lists() -> None:
    page = read_markdown('---\ntitle: "简报"\n报: [甲, 乙]\n送:\n  - 丙\n# 注\n---\n正文')
    assert page.front == {"title": ("简报",), "报": ("甲", "乙"), "送": ("丙",)}
    assert [part.text for part in page.parts] == ["正文"]


def test_a_converter_s_simple_table_is_a_table() -> None:
    text = "前文\n\n  ------ ------\n  河流    断面\n\n  柳河    5 个\n  ------ ------\n\n后文"
    page = read_markdown(text)
    assert [part.kind for part in page.parts] == [PartKind.TEXT, PartKind.TABLE, PartKind.TEXT]
    assert [line.text for line in page.parts[1].lines] == ["河流", "断面", "柳河", "5 个"]
    assert page.parts[2].number == 9
