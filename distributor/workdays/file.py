"""Reads `calendar.yaml`, the admin's file of holidays and 调休, or says everything that is wrong at once.

A year that is said to be complete is trusted alone, so it is looked at hard: one without the
fixed holidays is refused, because a file cut short would send letters on a holiday.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from distributor.errors import BadInput, Place, Problem
from distributor.misfit import Misfit, shortened
from distributor.words import words
from distributor.workdays.calendar import KNOWN, Correction, Workdays, announced, days_of
from distributor.workdays.spans import read_span
from distributor.yaml.document import Kind, bad_file, read_document, validated
from distributor.yaml.layout import Layout
from distributor.yaml.scalars import bare, one_or_more, truth
from distributor.yaml.source import LARGEST

_YEAR = re.compile(r"20\d\d", re.ASCII)

#: 全国年节及纪念日放假办法: when each holiday falls, and how many days of that time must be off at least.
#: 中秋 may hide in the National Day holiday and is not asked for.
_FESTIVALS = (
    ("元旦", (1, 1), (1, 1), 1),
    ("春节", (1, 18), (2, 28), 3),
    ("清明", (4, 3), (4, 7), 1),
    ("劳动节", (5, 1), (5, 1), 1),
    ("端午", (5, 26), (6, 28), 1),
    ("国庆节", (10, 1), (10, 3), 3),
)


def _year(value: str) -> str:
    if _YEAR.fullmatch(value):
        return value
    what = words("{value} is not a year.", value=shortened(value))
    found = re.search(r"20\d\d", value)
    raise Misfit("year", what, words("Did you mean {word}?", word=found[0]) if found else words("Write it as 2027."))


DayText = Annotated[str, BeforeValidator(bare)]
Days = Annotated[tuple[DayText, ...], BeforeValidator(one_or_more)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class YearEntry(_Entry):
    """`years:` entries: the days of one year that are not what the week says. The key is the year."""

    holidays: Days = Field(
        (), description="Days off: `2027-01-01`, or from the first to the last `2027-02-06..2027-02-12`."
    )
    workdays: Days = Field((), description="Days of a weekend that are worked (调休).")
    complete: Annotated[bool, BeforeValidator(truth)] = Field(
        False, description="The lists are the whole year, as announced; otherwise they correct what the program knows."
    )


class CalendarEntry(_Entry):
    """What stands at the left edge."""

    years: dict[Annotated[str, AfterValidator(_year)], YearEntry] = Field(description="The years by number.")


_KIND = Kind(
    CalendarEntry,
    empty=words("The file is empty: it has no years."),
    empty_do=words("Write {example} when there is nothing to correct.", example="years: {}"),
    other=words("The file is not a calendar of years."),
    other_do=words("Begin it with the key years:."),
    bare_keys=re.compile(r"\d+"),
)


@dataclass(frozen=True, slots=True)
class LoadedCalendar:
    """Working days that can be relied on, and what an admin should know about the file."""

    workdays: Workdays
    warnings: tuple[Problem, ...] = ()


def load_calendar(path: Path) -> LoadedCalendar:
    """Reads a calendar file; without one, the announced calendar alone, with a warning.

    Raises `BadFile` with every problem, or `BadInput` when the file cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except FileNotFoundError:
        what = words("There is no calendar file; only the years that the program knows are used.")
        do = words("Run `distributor init` to make an example, or name the file in distributor.toml.")
        return LoadedCalendar(
            Workdays(file=str(path)), (Problem(Place(str(path)), "no_calendar", what, do, "warning"),)
        )
    except OSError as error:
        what = words("The calendar {file} cannot be read: {reason}.", file=path, reason=error.strerror or error)
        raise BadInput(what, do=words("Check the path and its permissions.")) from error
    return parse_calendar(source, file=str(path))


def parse_calendar(source: bytes, *, file: str = "calendar.yaml") -> LoadedCalendar:
    """Reads a calendar from bytes; pure. `file` is the name that problems give. Raises `BadFile`."""
    layout, problems = read_document(source, _KIND, file=file)
    entry, faults = validated(layout, _KIND)
    problems += faults
    if entry is None:
        raise bad_file(file, problems)
    years = [_Year(int(name), year, layout) for name, year in entry.years.items()]
    problems += (problem for year in years for problem in year.problems())
    if problems:
        raise bad_file(file, problems)
    workdays = Workdays({year.number: year.correction for year in years}, file)
    return LoadedCalendar(workdays, tuple(warning for year in years for warning in year.warnings()))


class _Year:
    """One year's entry, its days read one by one so that each fault has its place."""

    def __init__(self, number: int, entry: YearEntry, layout: Layout) -> None:
        self.number = number
        self._places: dict[tuple[str, dt.date], Place] = {}
        self._problems: list[Problem] = []
        for key, texts in (("holidays", entry.holidays), ("workdays", entry.workdays)):
            for at, text in enumerate(texts):
                self._add(key, text, layout.place(("years", str(number), key, at)))
        self._place = layout.place(("years", str(number)), key=True)
        self.correction = Correction(
            number,
            frozenset(day for key, day in self._places if key == "holidays"),
            frozenset(day for key, day in self._places if key == "workdays"),
            entry.complete,
            self._place,
        )

    def _add(self, key: str, text: str, place: Place) -> None:
        try:
            span = read_span(text, year=self.number)
        except Misfit as misfit:
            self._problems.append(Problem(place, misfit.code, misfit.what, misfit.do))
            return
        for day in span.days():
            first = self._places.get(("holidays", day)) or self._places.get((key, day))
            if first is not None:
                gaps = {"day": day.isoformat(), "place": first}
                what = words("{day} is listed already at {place}.", **gaps)
                self._problems.append(Problem(place, "twice", what, words("Keep it in one place.")))
                return
            self._places[key, day] = place

    def problems(self) -> Iterator[Problem]:
        """What makes the year unusable."""
        yield from self._problems
        if self._problems or not self.correction.complete:
            return
        missing = [name for name, first, last, least in _FESTIVALS if self._off(first, last) < least]
        if missing:
            gaps = {"year": self.number, "names": "、".join(missing)}
            what = words("{year} is said to be complete, but holidays are missing: {names}.", **gaps)
            do = words("List every holiday of the notice with its weekends, or remove complete: true.")
            yield Problem(self._place, "incomplete", what, do)

    def _off(self, first: tuple[int, int], last: tuple[int, int]) -> int:
        return sum(first <= (day.month, day.day) <= last for day in self.correction.holidays)

    def warnings(self) -> Iterator[Problem]:
        """What is allowed and looks like a slip."""
        for (key, day), place in self._places.items():
            if key == "workdays" and day.isoweekday() < 6 and not self._holiday_otherwise(day):
                what = words("{day} is a working day anyway: it is no Saturday or Sunday.", day=day.isoformat())
                yield Problem(place, "not_needed", what, words("Check the date against the notice."), "warning")
        if self.correction.complete and self.number in KNOWN:
            yield from self._differences()

    def _holiday_otherwise(self, day: dt.date) -> bool:
        return not self.correction.complete and self.number in KNOWN and not announced(day).works

    def _differences(self) -> Iterator[Problem]:
        alone = Workdays({self.number: self.correction})
        other = [day.isoformat() for day in days_of(self.number) if alone.works(day) != announced(day).works]
        if other:
            gaps = {"year": self.number, "count": len(other), "days": shortened(", ".join(other))}
            what = words("The program knows {year} too and differs on {count} day(s): {days}. The file counts.", **gaps)
            do = words("Compare both with the notice; then correct the file, or remove the year from it.")
            yield Problem(self._place, "differs", what, do, "warning")
