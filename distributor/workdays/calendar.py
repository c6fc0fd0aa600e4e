"""Which days are working days in China. The one door to `chinesecalendar`.

The State Council announces each year's holidays and 调休 in the autumn before, so nobody can
compute them: `chinesecalendar` brings the announced years, the office's `calendar.yaml` corrects
them and adds years. A day of a year that neither knows is `UnknownYear`; weekends are never guessed.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import chinese_calendar

from distributor.errors import Place, Problem, Refused
from distributor.words import words

FILE_NAME = "calendar.yaml"

#: The years whose announcement has come into the library: those with a National Day.
KNOWN = frozenset(
    day.year for day, name in chinese_calendar.holidays.items() if name == chinese_calendar.Holiday.national_day.value
)

#: The notice comes in late October or November.
_WARN_FROM = (11, 1)

_ONE = dt.timedelta(days=1)
_FILE_DO = words("When the notice of the State Council is out, add the year to {file}.", file=FILE_NAME)


class DayKind(StrEnum):
    """Why people work on a day or do not."""

    WORKDAY = "workday"
    MADE_UP = "made_up"  # 调休: a day of the weekend that is worked
    HOLIDAY = "holiday"
    WEEKEND = "weekend"


@dataclass(frozen=True, slots=True)
class Day:
    """One day. `name` is the holiday it belongs to (春节), where that is known."""

    date: dt.date
    kind: DayKind
    name: str = ""

    @property
    def works(self) -> bool:
        """Whether it is a working day."""
        return self.kind in (DayKind.WORKDAY, DayKind.MADE_UP)


@dataclass(frozen=True, slots=True)
class Correction:
    """One year of `calendar.yaml`. `complete`: it lists the whole year, and nothing else is asked."""

    year: int
    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()
    complete: bool = False
    place: Place | None = None


class UnknownYear(Refused):
    """Nobody has said which days of a year are working days."""

    code = "unknown_year"

    def __init__(self, year: int, place: Place | None = None) -> None:
        super().__init__(words("The working days of {year} are not known.", year=year), do=_FILE_DO, place=place)
        self.year = year


@dataclass(frozen=True, slots=True)
class Workdays:
    """The announced calendar with the office's corrections."""

    corrections: Mapping[int, Correction] = field(default_factory=dict)
    file: str = FILE_NAME

    def knows(self, year: int) -> bool:
        """Whether every day of the year is known."""
        correction = self.corrections.get(year)
        return year in KNOWN or (correction is not None and correction.complete)

    def day(self, date: dt.date) -> Day:
        """What kind of day it is. Raises `UnknownYear`; a day that the file lists is known in any year."""
        correction = self.corrections.get(date.year)
        if correction is not None:
            if date in correction.holidays:
                return Day(date, DayKind.HOLIDAY, announced(date).name if date.year in KNOWN else "")
            if date in correction.workdays:
                return Day(date, DayKind.MADE_UP if _weekend(date) else DayKind.WORKDAY)
            if correction.complete:
                return Day(date, DayKind.WEEKEND if _weekend(date) else DayKind.WORKDAY)
        if date.year not in KNOWN:
            raise UnknownYear(date.year, correction.place if correction else None)
        return announced(date)

    def works(self, date: dt.date) -> bool:
        """Whether it is a working day. Raises `UnknownYear`."""
        return self.day(date).works

    def first_from(self, date: dt.date) -> dt.date:
        """The first working day that is not before `date`. Raises `UnknownYear`."""
        while not self.works(date):
            date += _ONE
        return date

    def after(self, date: dt.date, count: int = 1) -> dt.date:
        """The working day that is `count` working days after `date`, as in 2 个工作日内. Raises `UnknownYear`."""
        for _ in range(count):
            date = self.first_from(date + _ONE)
        return date

    def warnings(self, today: dt.date) -> tuple[Problem, ...]:
        """What the admin should see to: this year unknown, or next year still unknown in November."""
        years = [today.year]
        if (today.month, today.day) >= _WARN_FROM:
            years.append(today.year + 1)
        return tuple(self._missing(year) for year in years if not self.knows(year))

    def _missing(self, year: int) -> Problem:
        correction = self.corrections.get(year)
        if correction is None:
            what = words("The working days of {year} are not known.", year=year)
            return Problem(Place(self.file), "year_missing", what, _FILE_DO, "warning")
        what = words("{year} is in the file, but not all of it: its other days are not known.", year=year)
        do = words("List the year's holidays and 调休 workdays, then write complete: true.")
        return Problem(correction.place or Place(self.file), "year_incomplete", what, do, "warning")


def announced(date: dt.date) -> Day:
    """The day as announced, in a year of `KNOWN`."""
    off, english = chinese_calendar.get_holiday_detail(date)
    name = chinese_calendar.Holiday(english).chinese if english else ""
    if off:
        return Day(date, DayKind.HOLIDAY if name else DayKind.WEEKEND, name)
    return Day(date, DayKind.MADE_UP if name else DayKind.WORKDAY, name)


def days_of(year: int) -> Iterator[dt.date]:
    """Every day of a year."""
    date = dt.date(year, 1, 1)
    while date.year == year:
        yield date
        date += _ONE


def _weekend(date: dt.date) -> bool:
    return date.isoweekday() >= 6
