"""The announced calendar, the office's corrections, and years that nobody knows."""

import datetime as dt

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.workdays.calendar import KNOWN, Correction, Day, DayKind, UnknownYear, Workdays

PLAIN = Workdays()


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def corrected(year: int, holidays: str = "", workdays: str = "", *, complete: bool = False) -> Workdays:
    off, worked = (frozenset(map(day, texts.split())) for texts in (holidays, workdays))
    return Workdays({year: Correction(year, off, worked, complete)})


@pytest.mark.parametrize(
    ("date", "kind", "name"),
    [
        pytest.param("2026-11-23", DayKind.WORKDAY, "", id="a Monday"),
        pytest.param("2026-11-22", DayKind.WEEKEND, "", id="a Sunday"),
        pytest.param("2026-02-14", DayKind.MADE_UP, "春节", id="a Saturday worked for 春节"),
        pytest.param("2026-02-17", DayKind.HOLIDAY, "春节", id="the first day of 春节"),
        pytest.param("2026-10-03", DayKind.HOLIDAY, "国庆节", id="a Saturday within 国庆节"),
        pytest.param("2026-10-10", DayKind.MADE_UP, "国庆节", id="the Saturday after 国庆节"),
        pytest.param("2024-02-29", DayKind.WORKDAY, "", id="29 February"),
        pytest.param("2004-05-07", DayKind.HOLIDAY, "劳动节", id="the first year that is known"),
    ],
)
def test_the_announced_calendar_knows_why_a_day_is_worked_or_not(date: str, kind: DayKind, name: str) -> None:
    assert PLAIN.day(day(date)) == Day(day(date), kind, name)


@given(st.dates(dt.date(2004, 1, 1), dt.date(2026, 12, 31)))
def test_every_announced_day_is_what_the_library_says(date: dt.date) -> None:
    assert PLAIN.works(date) == chinese_calendar.is_workday(date)


def test_the_years_of_the_library_are_known_and_no_others() -> None:
    assert {2004, 2025, 2026} <= KNOWN
    assert 2003 not in KNOWN
    assert max(KNOWN) == max(date.year for date in chinese_calendar.holidays)


@pytest.mark.parametrize("date", ["2003-12-31", "2099-01-04", "2099-06-06"])
def test_a_year_that_nobody_knows_is_never_guessed(date: str) -> None:
    with pytest.raises(UnknownYear, match=r"not known\. When the notice .* calendar.yaml") as caught:
        PLAIN.works(day(date))
    assert (caught.value.year, caught.value.code) == (day(date).year, "unknown_year")


def test_the_office_gives_a_day_off_and_takes_one() -> None:
    days = corrected(2026, "2026-12-25 2026-02-14", "2026-12-26 2026-10-05")

    assert days.day(day("2026-12-25")).kind is DayKind.HOLIDAY
    assert days.day(day("2026-12-26")).kind is DayKind.MADE_UP
    assert days.day(day("2026-02-14")) == Day(day("2026-02-14"), DayKind.HOLIDAY, "春节")
    assert days.day(day("2026-10-05")).kind is DayKind.WORKDAY
    assert days.day(day("2026-10-06")).kind is DayKind.HOLIDAY, "the rest of the year stays as announced"


def test_a_complete_year_is_trusted_alone() -> None:
    days = corrected(2026, "2026-10-01", complete=True)

    assert days.day(day("2026-10-02")).kind is DayKind.WORKDAY
    assert days.day(day("2026-10-10")).kind is DayKind.WEEKEND


def test_a_complete_year_makes_the_unknown_known() -> None:
    days = corrected(2099, "2099-01-01", "2099-01-03", complete=True)

    assert [days.works(day(f"2099-01-0{number}")) for number in (1, 2, 3, 4)] == [False, True, True, False]
    assert days.day(day("2099-01-03")).kind is DayKind.MADE_UP
    assert days.knows(2099)


def test_of_an_incomplete_unknown_year_only_the_listed_days_are_known() -> None:
    days = corrected(2099, "2099-01-01")

    assert not days.works(day("2099-01-01"))
    assert not days.knows(2099)
    with pytest.raises(UnknownYear):
        days.works(day("2099-01-02"))


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        pytest.param("2026-11-20", 1, "2026-11-23", id="over a weekend"),
        pytest.param("2026-11-21", 2, "2026-11-24", id="from a weekend"),
        pytest.param("2026-09-30", 2, "2026-10-09", id="over 国庆节, the Saturday after it still to come"),
        pytest.param("2026-09-30", 3, "2026-10-10", id="onto a Saturday that is worked"),
        pytest.param("2026-02-13", 1, "2026-02-14", id="the Saturday before 春节"),
        pytest.param("2026-11-23", 0, "2026-11-23", id="no days"),
    ],
)
def test_working_days_are_counted_as_an_office_counts_them(start: str, count: int, end: str) -> None:
    assert PLAIN.after(day(start), count) == day(end)


def test_counting_stops_at_the_edge_of_what_is_known() -> None:
    last = dt.date(max(KNOWN), 12, 31)
    with pytest.raises(UnknownYear):
        PLAIN.after(last)


@pytest.mark.parametrize(
    ("today", "codes"),
    [
        pytest.param("2026-10-31", [], id="October"),
        pytest.param("2026-11-01", ["year_missing"], id="1 November"),
        pytest.param("2026-12-31", ["year_missing"], id="the last day"),
        pytest.param("2027-01-01", ["year_missing"], id="the unknown year has come"),
        pytest.param("2027-11-01", ["year_missing", "year_missing"], id="and the next is coming"),
        pytest.param("2025-12-01", [], id="a year whose next is announced"),
    ],
)
def test_a_missing_year_is_said_from_november_on(today: str, codes: list[str]) -> None:
    found = Workdays(file="日历.yaml").warnings(day(today))

    assert [problem.code for problem in found] == codes
    assert {(problem.grade, str(problem.place)) for problem in found} <= {("warning", "日历.yaml")}


def test_a_year_begun_in_the_file_is_told_from_one_that_is_missing() -> None:
    (warning,) = corrected(2027, "2027-01-01").warnings(day("2026-11-20"))

    assert warning.code == "year_incomplete"
    assert "complete: true" in str(warning)


def test_a_complete_year_in_the_file_ends_the_warning() -> None:
    assert corrected(2027, "2027-01-01", complete=True).warnings(day("2026-12-31")) == ()
