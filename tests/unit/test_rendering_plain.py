"""The text part: lines of 76 columns by Chinese rules, tables that can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.bulletin.model import Span, Table
from distributor.rendering.plain import WIDTH, centred, drawn, flush_right, indented, justified, width, wrapped

CLOSING = "，。；：、！？）》”】"
OPENING = "（《“【"
CHINESE = st.text(alphabet="河长制工作快报第期区" + CLOSING + OPENING + "abc 019.-%\u3000𠮷😀")


def test_a_line_holds_38_hanzi_and_the_indent_counts() -> None:
    lines = wrapped("河" * 80).split("\n")
    assert [len(line) for line in lines] == [38, 38, 6]
    assert lines[0].startswith("\u3000\u3000河")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("一二三四，五", "一二三\n四，五", id="comma-does-not-begin-a-line"),
        pytest.param("一二三（四）", "一二三\n（四）", id="bracket-does-not-end-a-line"),
        pytest.param("一二三”。四", "一二\n三”。四", id="two-closing-marks-stay-together"),
        pytest.param("一二12345", "一二\n12345", id="a-number-is-not-cut"),
        pytest.param("一二三 四", "一二三\n四", id="a-blank-at-the-end-goes"),
        pytest.param("一二\n三四", "一二\n三四", id="a-line-break-stays"),
        pytest.param("abcdefghijkl", "abcdefgh\nijkl", id="a-run-longer-than-a-line-is-cut"),
        pytest.param("见https://a.example/b", "见\nhttps://a.example/b", id="an-address-stays-whole"),
        pytest.param("一二三e\u0301", "一二三e\u0301", id="a-combining-mark-stays-with-its-letter"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_lines_break_where_chinese_lines_may(text: str, expected: str) -> None:
    assert wrapped(text, "", columns=8) == expected


@given(CHINESE)
def test_wrapping_loses_nothing_but_blanks_at_the_breaks(text: str) -> None:
    assert "".join(wrapped(text, "").split()) == "".join(text.split())


PHRASES = (
    "河长制",
    "“爱妙峰山 ”",
    "（石桥镇）",
    "2020年1月17日，",
    "《方案》。",
    "18支450人的",
    "“《方案》”；",
    "好！",
    "100%、",
)


@given(st.lists(st.sampled_from(PHRASES)).map("".join), st.integers(min_value=12, max_value=76))
def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one(text: str, columns: int) -> None:
    lines = wrapped(text, "", columns=columns).split("\n")
    assert not [line for line in lines if line and line[0] in CLOSING]
    assert not [line for line in lines if line and line[-1] in OPENING]
    assert all(width(line) <= columns for line in lines)


def test_marks_that_unicode_calls_ambiguous_take_two_columns() -> None:
    assert width("“河”…") == 8
    assert width("Ⅱ类") == 4
    assert width("é") == 1


def test_edges() -> None:
    assert centred("河长", 10) == "   河长"
    assert flush_right("河长", 10) == "      河长"
    assert justified("左", "右", 10) == "左      右"
    assert justified("左左左左", "右右", 10) == "左左左左\n      右右"
    assert justified("", "右", 10) == "        右"
    assert indented("甲\n乙", "    ", "1.") == "1.  甲\n    乙"


def _table(*rows: tuple[str, ...]) -> Table:
    return Table(tuple(tuple((Span(cell),) for cell in row) for row in rows), header_rows=1)


def test_a_table_is_drawn_with_even_columns() -> None:
    assert drawn(_table(("河段", "水质"), ("石桥段", "Ⅱ类"))).split("\n") == [
        "+--------+------+",
        "| 河段   | 水质 |",
        "+--------+------+",
        "| 石桥段 | Ⅱ类 |",
        "+--------+------+",
    ]


def test_a_wide_cell_is_broken_within_its_column() -> None:
    lines = drawn(_table(("单位", "情况"), ("石桥镇", "河" * 60))).split("\n")
    assert {width(line) for line in lines} == {WIDTH}
    assert "".join(lines).count("河") == 60


def test_a_row_that_is_too_short_keeps_its_place() -> None:
    assert drawn(_table(("甲", "乙"), ("丙",))).count("|") == 6


def test_a_table_too_wide_to_draw_is_written_out() -> None:
    heads = tuple(f"列{number}" for number in range(12))
    text = drawn(_table(heads, tuple(str(number) for number in range(12))))
    assert text.startswith("- 列0：0；列1：1；")
    assert max(map(width, text.split("\n"))) <= WIDTH


def test_an_empty_table_is_nothing() -> None:
    assert drawn(Table(())) == ""
