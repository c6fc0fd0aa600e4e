"""Texts that platforms count in bytes: never too long, never cut within a character, the number and the ask kept."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.rendering.fitting import cut, cut_title, level, octets

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)


@given(texts, st.integers(0, 200))
def test_a_cut_text_fits_and_is_the_beginning_of_the_whole(text: str, most: int) -> None:
    short = cut(text, most)
    assert octets(short) <= most
    assert short == text or text.startswith(short.removesuffix("…"))


@given(texts, st.integers(100, 200))
def test_no_cut_parts_what_people_see_as_one_character(text: str, most: int) -> None:
    short = cut(text, most)
    if short != text:
        after = text[len(short.removesuffix("…")) :].lstrip()
        assert unicodedata.category(after[0]) not in ("Mn", "Me", "Mc") or not short


@pytest.mark.parametrize(
    ("text", "most", "short"),
    [
        ("云岭简报", 12, "云岭简报"),
        ("云岭简报", 11, "云岭…"),
        ("云岭简报", 10, "云岭…"),
        ("e\u0301e\u0301e\u0301", 8, "e\u0301…"),
        ("队👨‍👩‍👧‍👦", 20, "队…"),
        ("👍🏽👍🏽", 12, "👍🏽…"),
        ("云岭 简报", 10, "云岭…"),
        ("云", 2, ""),
    ],
    ids=["whole", "a_byte_short", "two_bytes_short", "accents", "family", "skin", "blank", "no_room"],
)
def test_a_text_is_cut_at_a_character(text: str, most: int, short: str) -> None:
    assert cut(text, most) == short


def test_a_long_title_keeps_its_number() -> None:
    title = cut_title("云岭区全面推行河长制工作领导小组办公室工作简报" * 3 + " 第12期（总第87期）", 128)
    assert title.endswith("… 第12期（总第87期）")
    assert octets(title) <= 128


@pytest.mark.parametrize("title", ["简" * 60, "简 " + "期" * 60], ids=["no_blank", "no_number"])
def test_a_title_without_a_number_is_cut_at_its_end(title: str) -> None:
    assert cut_title(title, 128).endswith("…")
    assert octets(cut_title(title, 128)) <= 128


@given(st.lists(texts, min_size=1, max_size=30), st.integers(0, 600), st.integers(1, 4))
def test_lines_fit_together_in_their_order(lines: list[str], most: int, between: int) -> None:
    short = level(lines, most, between=between)
    assert sum(map(octets, short)) + between * (len(short) - 1) <= most
    assert len(short) <= len(lines)


def test_the_longest_lines_are_cut_and_the_last_one_says_what_is_asked() -> None:
    ask = "请于收到之日起2个工作日内签收。"
    lines = ["1. " + "石桥镇" * 30, "2. 短讯", "3. " + "清河街道" * 30, ask]
    short = level(lines, 256)
    assert (short[1], short[3]) == ("2. 短讯", ask)
    assert short[0].endswith("…")
    assert abs(octets(short[0]) - octets(short[2])) <= 3


def test_where_no_readable_length_is_left_lines_before_the_last_go() -> None:
    short = level([f"{number}. " + "石桥镇推行" * 10 for number in range(40)] + ["请签收。"], 512)
    assert short[-1] == "请签收。"
    assert short[0].startswith("0. 石桥镇")
    assert all(octets(line) >= 30 for line in short[:-1])
