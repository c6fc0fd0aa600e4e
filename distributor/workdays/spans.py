"""Days as `calendar.yaml` writes them: `2027-02-06`, or from the first to the last `2027-02-06..2027-02-12`.

Other spellings are refused, never guessed, but the advice spells out what they most likely mean,
so that a line copied from the notice (2月6日至12日) is mended by copying once more.
"""

import calendar
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from distributor.misfit import Misfit, shortened
from distributor.words import Words, words

_DAY = r"\d{4}-\d\d-\d\d"
_SPAN = re.compile(rf"({_DAY})(?:\s*\.\.\s*({_DAY}))?", re.ASCII)

# How people write a day: 2027/2/6, 2027年2月6日, 2月6日, 2.6.
_LOOSE_FIRST = r"(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?"
_LOOSE_LAST = r"(?:(?:(\d{4})\s*[-/.年]\s*)?(\d{1,2})\s*[-/.月]\s*)?(\d{1,2})\s*[日号]?"
_WEEKDAY = r"\s*(?:\((?:周|星期)[一二三四五六日天]\))?\s*"
_BETWEEN = r"(?:\.{2,}|…+|至|到|to|~|〜|～|—+|–|-)"
_LOOSE = re.compile(rf"\s*{_LOOSE_FIRST}{_WEEKDAY}(?:{_BETWEEN}\s*{_LOOSE_LAST}{_WEEKDAY})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first to the last, both included."""

    first: dt.date
    last: dt.date

    def days(self) -> Iterator[dt.date]:
        """Each of the days."""
        for count in range((self.last - self.first).days + 1):
            yield self.first + dt.timedelta(days=count)


def read_span(text: str, *, year: int) -> Span:
    """Reads a day or a range of days of `year`. Raises `Misfit`."""
    written = text.strip()
    match = _SPAN.fullmatch(written)
    if match is None:
        what = words("{value} is not a day or a range of days.", value=shortened(text))
        raise Misfit("day", what, _advice(written, year))
    first = read_day(match[1])
    last = read_day(match[2]) if match[2] else first
    if last < first:
        what = words("{value} ends before it begins.", value=shortened(text))
        raise Misfit("range", what, _meant(last, first))
    for day in (first, last):
        if day.year != year:
            what = words("{day} is not a day of {year}.", day=day.isoformat(), year=year)
            raise Misfit("other_year", what, words("Write it under {year}.", year=day.year))
    return Span(first, last)


def read_day(text: str) -> dt.date:
    """Reads `2027-02-06`. Raises `Misfit` for a day that the calendar does not have."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        what = words("There is no day {value}.", value=shortened(text))
        raise Misfit("no_such_day", what, _last_of_month(text)) from error


def _last_of_month(text: str) -> Words | None:
    year, month = int(text[:4]), int(text[5:7])
    if year < 1 or not 1 <= month <= 12:
        return words("Write it as year-month-day, such as {example}.", example="2027-02-06")
    last = f"{text[:7]}-{calendar.monthrange(year, month)[1]:02}"
    return words("The last day of that month is {day}.", day=last)


def _advice(written: str, year: int) -> Words:
    plain = re.sub(r"^(\d{4})(\d\d)(\d\d)$", r"\1-\2-\3", unicodedata.normalize("NFKC", written))
    match = _LOOSE.fullmatch(plain)
    if match is not None:
        parts = [int(part) if part else None for part in match.groups()]
        first_year = parts[0] or year
        try:
            first = dt.date(first_year, parts[1] or 0, parts[2] or 0)
            if parts[5] is None:
                return _meant(first, first)
            return _meant(first, dt.date(parts[3] or first_year, parts[4] or first.month, parts[5]))
        except ValueError:
            pass
    return words("Write it as {day} or {range}.", day=f"{year}-01-01", range=f"{year}-01-01..{year}-01-03")


def _meant(first: dt.date, last: dt.date) -> Words:
    word = first.isoformat() if first == last else f"{first}..{last}"
    return words("Did you mean {word}?", word=word)
