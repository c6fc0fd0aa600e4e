"""What holds for any text: reading ends, never raises, and loses nothing without saying so."""

import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.bulletin.account import printed
from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.assemble import assemble, take_apart
from distributor.bulletin.names import split_addressees, split_people
from distributor.bulletin.numbers import chinese_number, find_dates, find_issues
from distributor.bulletin.reading import MOST_CHARACTERS, parse_bulletin
from distributor.bulletin.source import Undecodable, decode
from distributor.errors import Place
from tests.unit.test_bulletin_findings import GOOD

HANZI = st.sampled_from("春夏秋冬山水田林镇乡局办一二三上下各全")
_MARKUP = (
    "**~*~_~`~【~】~（~）~“~”~# ~## ~- ~1. ~> ~| ~|---|\n~```\n~---\n~\n~\n\n~ ~　~：~。~，~、~；~★~※~…~……1\n~[~](x)"
    "~![~<!--~-->~\t~\\"
)
_WORDS = (
    "报：~送：~发：~核签：~编辑：~电话：~第12期~总第3期~2026年3月5日~印发~供稿~目录~编者按：~一、~（一）~a~and~3.5~&amp;"
    "~http://a.example/~增刊~机密~内部资料~共印20份"
)
PIECES = st.one_of(
    st.text(HANZI, min_size=1, max_size=12),
    st.sampled_from(_MARKUP.split("~")),
    st.sampled_from(_WORDS.split("~")),
)
PAGES = st.lists(PIECES, max_size=60).map("".join)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300))
def test_arbitrary_text_is_read(text: str) -> None:
    reading = parse_bulletin(text, "a.md")
    assert model_as_json(reading.bulletin)
    assert all(str(finding) for finding in reading.findings)


@settings(max_examples=300, deadline=None)
@given(PAGES)
def test_every_hanzi_is_in_the_model_or_named_as_lost(page: str) -> None:
    pieces = take_apart(page)
    bulletin = assemble(pieces)
    lost = Counter(c for c in pieces.page.text if "\u4e00" <= c <= "\u9fff") - Counter(
        "".join(printed(bulletin, pieces))
    )
    named = "text_lost" in {finding.code for finding in parse_bulletin(page, "a.md").findings}
    assert bool(lost) == named


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(HANZI, min_size=2, max_size=30), min_size=1, max_size=8))
def test_plain_paragraphs_are_all_kept(paragraphs: list[str]) -> None:
    page = GOOD.replace("完成了。", "\n\n".join(f"{text}。" for text in paragraphs))
    reading = parse_bulletin(page, "a.md")
    assert "text_lost" not in {finding.code for finding in reading.findings}
    kept = str(model_as_json(reading.bulletin)["body"])
    assert all(text in kept for text in paragraphs)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=200))
def test_text_survives_utf_8_and_a_byte_order_mark(text: str) -> None:
    assert decode(text.encode("utf-8-sig")) == text


@given(st.text(HANZI, min_size=1, max_size=100))
def test_gb18030_is_read_unless_it_happens_to_be_utf_8(text: str) -> None:
    source = text.encode("gb18030")
    try:
        expected = source.decode("utf-8")
    except UnicodeDecodeError:
        expected = text
    assert decode(source) == expected


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_text_or_undecodable(source: bytes) -> None:
    try:
        text: str | Undecodable = decode(source)
    except Undecodable as error:
        text = error
    if isinstance(text, Undecodable):
        assert 0 <= text.offset <= len(source)
        assert text.line >= 1
    else:
        assert text or source in (b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@given(st.text(max_size=200))
def test_lists_numbers_and_dates_never_raise(text: str) -> None:
    assert all(split_addressees(text))
    assert all(split_people(text))
    assert all(found.raw in text for found in find_dates(text))
    assert all(found.raw in text for found in find_issues(text))
    chinese_number(text)


@given(st.integers(0, 9999))
def test_a_number_in_hanzi_is_read_back(number: int) -> None:
    digits = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(number))
    assert chinese_number(digits) == number
    assert chinese_number(str(number)) == number


HOSTILE = {
    "brackets": "【" * 1_000_000,
    "bracket pairs": "【】" * 150_000,
    "deep quotes": ">" * 100_000 + "x",
    "deep lists": "\n".join(" " * (2 * (at % 200)) + "- 项" for at in range(2_000)),
    "emphasis": "**注意：" * 20_000,
    "links": "[" * 60_000,
    "pictures": "![" * 40_000,
    "rows": "| 甲 | 乙 |\n|---|---|\n" + "| 中 | 文 |\n" * 8_000,
    "columns": "|" + "a|" * 1_000 + "\n|" + "-|" * 1_000 + "\n" + ("|" + "x|" * 1_000 + "\n") * 20,
    "labels": "报：市委\n" * 10_000,
    "names": "报：" + "区委、" * 60_000,
    "open brackets": "报：" + "（" * 300_000,
    "blanks": "中" + " " * 500_000 + "文",
    "contents": "## 目录\n\n" + "\n\n".join(f"某某标题{at}" for at in range(4_000)),
    "headings": "\n\n".join(f"### 标题{at}\n\n正文。" for at in range(4_000)),
    "titles": "\n\n".join("标题文字 正文。（单位）" for _ in range(6_000)),
    "comments": "<!--" * 200_000,
    "bidi": "\u202e" * 200_000,
    "digits": "第" + "1" * 300_000 + "期",
    "mail": "邮箱：" + "a." * 100_000,
}


#: Markup alone, as much of it as is read at all.
MARKUP = (
    *("**", "**\n", "[", "![", "*a", "*_", "`", "<", "\\*", "报：", "（"),
    *("|\n", "|a|b|\n", "# a\n", "1. a\n", "- a\n", "> "),
)
HOSTILE |= {f"only {one!r}": one * ((MOST_CHARACTERS - 200) // len(one)) for one in MARKUP}
HOSTILE["a wide table"] = "|" + "a|" * 1_000 + "\n|" + "-|" * 1_000 + "\n" + ("|" + "x|" * 1_000 + "\n") * 45


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_page_is_read_in_bounded_time(text: str) -> None:
    """Processor time, so that a busy machine does not decide; each takes well under a second on an idle one."""
    start = time.process_time()
    parse_bulletin(GOOD[: GOOD.index("**春")] + text, "a.md")
    assert time.process_time() - start < 6


def test_a_text_is_read_up_to_the_limit_and_refused_beyond_with_its_line() -> None:
    page = GOOD + "\n\n" + "正" * (MOST_CHARACTERS - len(GOOD) - 2)
    assert "too_long" not in {finding.code for finding in parse_bulletin(page, "a.md").findings}

    [finding] = parse_bulletin(page + "文", "a.md").findings

    assert (finding.code, finding.grade, finding.place) == ("too_long", "error", Place("a.md", page.count("\n") + 1))
    assert str(MOST_CHARACTERS + 1) in str(finding.what)
