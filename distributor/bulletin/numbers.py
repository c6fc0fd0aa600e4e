"""Dates and issue numbers as offices write them.

Seen in print: 2020年1月17日, 二〇二〇年一月十七日, 二○二一 (U+25CB), 二O二一 (letter O), 二0一七
(ASCII zero), 2019.12.30, 2018-9-3, 20240401期; 第350期, （第二十三期）, 第３６期（总第１２８期）,
2023年第12期, 〔2022〕第8期, 第〔2022〕8期, 增刊第2期, 试刊号.
"""

import datetime as dt
import re
from dataclasses import dataclass

from distributor.bulletin.model import Kind
from distributor.bulletin.shape import fold_numerals

_VALUES = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "O": 0, "o": 0, "两": 2}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_DIGIT = "0-9〇零Oo一二三四五六七八九"
_NUMBER = rf"[{_DIGIT}十百千两]{{1,9}}"
_YEAR = rf"[{_DIGIT}]{{4}}"
_BLANK = r"(?:[xX×*_?□]{1,4}|\$?\{\w{1,16}\})"  # a date not filled in yet
_DATE = re.compile(
    rf"(?<![{_DIGIT}])(?P<y>{_YEAR}) ?年 {{0,3}}(?P<m>[{_DIGIT}十]{{1,3}}) {{0,3}}月 {{0,3}}"
    rf"(?P<d>[{_DIGIT}十廿卅]{{1,4}}) {{0,3}}日"
    r"|(?<![\d.\-/])(?P<y2>(?:19|20)\d\d)(?P<sep>[.\-/])(?P<m2>\d{1,2})(?P=sep)(?P<d2>\d{1,2})(?![\d.\-/])"
    rf"|(?:{_BLANK}|\d{{4}}) ?年 {{0,8}}(?:{_BLANK}|\d{{1,2}})? {{0,8}}月 {{0,8}}(?:{_BLANK}|\d{{1,2}})? {{0,8}}日"
    r"|(?<!\d)(?P<y3>(?:19|20)\d\d)(?P<m3>[01]\d)(?P<d3>[0-3]\d)(?= ?期)"
)
_BRACKETED = r"[〔\[(【]"
_CLOSING = r"[〕\])】]"
_ISSUE = re.compile(
    rf"(?:(?P<year>{_YEAR}) ?年 ?度?\s*|{_BRACKETED} ?(?P<year2>{_YEAR}) ?年? ?{_CLOSING}\s*)?"
    rf"(?<!总)(?<!总 )(?<!累计)(?<!刊号)第 ?(?:{_BRACKETED} ?(?P<year3>{_YEAR}) ?年? ?{_CLOSING} ?)?"
    rf"(?P<no>{_NUMBER}|[xX×*_?□ ]{{0,8}}|[(\[] {{0,6}}[)\]]) ?[期号辑](?!楼)"
    rf"|(?:(?P<year4>{_YEAR}) ?年 ?|{_BRACKETED} ?(?P<year5>{_YEAR}) ?{_CLOSING} ?)(?P<no2>\d{{1,5}}) ?[期号]"
    r"|(?<!\d)(?P<no3>(?:19|20)\d{6}) ?期"
    r"|(?<![A-Za-z])N[oO][.:]? ?(?P<no4>\d{1,8})"
)
_TOTAL = re.compile(rf"(?:总期(?:第|数|号)?|累计|总)[ :]*(?:第|字第)? ?(?P<no>{_NUMBER}|[xX×*_]{{1,6}}) ?(?:期|号)?")
_KINDS = (
    (re.compile(r"增 ?刊"), Kind.SUPPLEMENT),
    (re.compile(r"试 ?刊 ?号?"), Kind.TRIAL),
    (re.compile(r"特 ?刊|专 ?刊|号 ?外"), Kind.SPECIAL),
)


@dataclass(frozen=True, slots=True)
class FoundDate:
    """A date in print and where it stands. `date` is None when no calendar has it (2022年13月5日)."""

    date: dt.date | None
    raw: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class FoundIssue:
    """An issue number in print. `number` is None when it is a placeholder (第 xx 期)."""

    number: int | None
    year: int | None
    raw: str
    start: int
    end: int


def chinese_number(text: str) -> int | None:
    """Reads 12, 二十三, 一百零五, 二〇二〇 and mixtures with O and 0; None when it is no number."""
    folded = fold_numerals(text).replace(" ", "").replace("廿", "二十").replace("卅", "三十")
    if not folded or any(c not in _VALUES and c not in _UNITS and not c.isdecimal() for c in folded):
        return None
    if not any(c in _UNITS for c in folded):
        return int("".join(str(_digit(c)) for c in folded))
    total, digit = 0, 0
    for character in folded:
        if character in _UNITS:
            total, digit = total + (digit or 1) * _UNITS[character], 0
        else:
            digit = digit * 10 + _digit(character) if character.isdecimal() else _digit(character)
    return total + digit


def find_dates(text: str) -> tuple[FoundDate, ...]:
    """Every full date in the text, in order."""
    folded = fold_numerals(text)
    return tuple(
        FoundDate(_date(match), text[match.start() : match.end()], *match.span()) for match in _DATE.finditer(folded)
    )


def find_issues(text: str) -> tuple[FoundIssue, ...]:
    """Every issue number in the text, in order; a running total (总第128期) is not one."""
    folded = fold_numerals(text)
    return tuple(_issue(match, text) for match in _ISSUE.finditer(folded))


def find_total(text: str) -> FoundIssue | None:
    """The running total (总第128期), if the text prints one."""
    match = _TOTAL.search(fold_numerals(text))
    return FoundIssue(chinese_number(match["no"]), None, match[0], *match.span()) if match else None


def find_kind(text: str) -> Kind:
    """The series that a masthead line names: 增刊, 试刊, 特刊, 专刊, 号外; else ordinary."""
    folded = fold_numerals(text)
    return next((kind for pattern, kind in _KINDS if pattern.search(folded)), Kind.ORDINARY)


def without_kind(text: str) -> str:
    """The text with the words for a special series taken out."""
    for pattern, _ in _KINDS:
        text = pattern.sub("", text)
    return text


def _digit(character: str) -> int:
    return int(character) if character.isdecimal() else _VALUES[character]


def _date(match: re.Match[str]) -> dt.date | None:
    parts = [match["y"] or match["y2"] or match["y3"], match["m"] or match["m2"] or match["m3"]]
    if not all(parts):
        return None
    numbers = [chinese_number(part or "") for part in (*parts, match["d"] or match["d2"] or match["d3"])]
    year, month, day = (number if number is not None else 0 for number in numbers)
    try:
        return dt.date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _issue(match: re.Match[str], text: str) -> FoundIssue:
    groups = match.groupdict()
    number = next((groups[name] for name in ("no", "no2", "no3", "no4") if groups[name]), "")
    year = next((groups[name] for name in ("year", "year2", "year3", "year4", "year5") if groups[name]), None)
    raw = text[match.start() : match.end()]
    return FoundIssue(chinese_number(number), chinese_number(year) if year else None, raw, *match.span())
