"""When a bulletin goes out: the next hour of every kind of rule, over weekends, holidays and changes of the clock."""

import datetime as dt
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.schedule.firing import firings
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import AT_ONCE, Days, Rule
from distributor.workdays.calendar import Correction, DayKind, UnknownYear, Workdays

CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
ANNOUNCED = Workdays()


def local(text: str, zone: ZoneInfo = CHINA) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(dt.UTC)


def following(rule: str, after: str, *, count: int = 3, zone: ZoneInfo = CHINA) -> list[str]:
    found = firings(parse_rule(rule), local(after, zone), ANNOUNCED, zone, count=count).firings
    return [f"{firing.due.astimezone(zone):%Y-%m-%d %H:%M}" for firing in found]


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        pytest.param("at once", "2026-11-23 09:12", "2026-11-23 09:12", id="at once"),
        pytest.param("17:00", "2026-11-21 09:00", "2026-11-21 17:00 2026-11-22 17:00 2026-11-23 17:00", id="daily"),
        pytest.param(
            "17:00", "2026-11-23 17:00", "2026-11-24 17:00 2026-11-25 17:00 2026-11-26 17:00", id="at its hour"
        ),
        pytest.param("00:00", "2026-12-31 23:59", "2027-01-01 00:00 2027-01-02 00:00 2027-01-03 00:00", id="midnight"),
        pytest.param(
            "17:00 on working days",
            "2026-11-20 16:59",
            "2026-11-20 17:00 2026-11-23 17:00 2026-11-24 17:00",
            id="a minute before the hour",
        ),
        pytest.param(
            "17:00 on working days",
            "2026-11-20 17:01",
            "2026-11-23 17:00 2026-11-24 17:00 2026-11-25 17:00",
            id="finalised after 17:00 on a Friday",
        ),
        pytest.param(
            "17:00 on working days",
            "2026-09-30 18:00",
            "2026-10-08 17:00 2026-10-09 17:00 2026-10-10 17:00",
            id="over 国庆节, and on the Saturday that is worked",
        ),
        pytest.param(
            "17:00 on working days",
            "2026-02-13 17:00",
            "2026-02-14 17:00 2026-02-24 17:00 2026-02-25 17:00",
            id="over 春节, whose Saturday before is worked",
        ),
        pytest.param(
            "Monday 09:00", "2026-09-28 09:00", "2026-10-05 09:00 2026-10-12 09:00 2026-10-19 09:00", id="every Monday"
        ),
        pytest.param(
            "Monday 09:00 on working days",
            "2026-09-28 09:00",
            "2026-10-08 09:00 2026-10-12 09:00 2026-10-19 09:00",
            id="a Monday within a holiday moves behind it",
        ),
        pytest.param(
            "Monday 09:00 on working days",
            "2026-10-07 12:00",
            "2026-10-08 09:00 2026-10-12 09:00 2026-10-19 09:00",
            id="moved",
        ),
        pytest.param(
            "Saturday 09:00 on working days",
            "2026-02-09 09:00",
            "2026-02-14 09:00 2026-02-24 09:00 2026-02-28 09:00",
            id="Saturdays: one worked, one moved, one worked",
        ),
        pytest.param(
            "day 31 09:00", "2026-11-01 00:00", "2026-11-30 09:00 2026-12-31 09:00 2027-01-31 09:00", id="the 31st"
        ),
        pytest.param(
            "day 29 09:00",
            "2027-02-01 00:00",
            "2027-02-28 09:00 2027-03-29 09:00 2027-04-29 09:00",
            id="no 29 February",
        ),
        pytest.param(
            "day 29 09:00", "2028-02-01 00:00", "2028-02-29 09:00 2028-03-29 09:00 2028-04-29 09:00", id="29 February"
        ),
        pytest.param(
            "day 1 09:00 on working days",
            "2026-09-01 09:00",
            "2026-10-08 09:00 2026-11-02 09:00 2026-12-01 09:00",
            id="the first, moved behind a holiday and a Sunday",
        ),
        pytest.param("2026-12-01 09:00", "2026-11-23 09:00", "2026-12-01 09:00", id="one date"),
        pytest.param("2026-12-01 09:00", "2026-12-01 09:00", "", id="one date that is past"),
        pytest.param("2028-02-29 09:00", "2026-12-01 09:00", "2028-02-29 09:00", id="29 February of a leap year"),
    ],
)
def test_the_next_hours_of_a_rule(rule: str, after: str, expected: str) -> None:
    times = expected.replace(" 2", "\n2").splitlines()
    assert following(rule, after) == times
    due = parse_rule(rule).next(local(after), ANNOUNCED, CHINA)
    assert due == (local(times[0]) if times else None)


@pytest.mark.parametrize(
    ("rule", "after", "expected"),
    [
        pytest.param(
            "02:30", "2026-03-28 12:00", ["01:30", "00:30", "00:30"], id="the hour that summer time leaves out"
        ),
        pytest.param("02:30", "2026-10-24 12:00", ["00:30", "01:30", "01:30"], id="the hour that comes twice"),
        pytest.param("02:00", "2026-03-28 12:00", ["01:00", "00:00", "00:00"], id="the moment of the change"),
    ],
)
def test_a_change_of_the_clock_gives_each_day_its_hour_once(rule: str, after: str, expected: list[str]) -> None:
    """Fault 82."""
    found = firings(parse_rule(rule), local(after, BERLIN), ANNOUNCED, BERLIN).firings

    assert [f"{firing.due:%H:%M}" for firing in found] == expected
    assert len({firing.due.date() for firing in found}) == 3


def test_an_hour_that_came_once_does_not_come_again_when_the_clock_is_set_back() -> None:
    """Fault 82: 02:30 in Berlin on 25 October comes at 00:30 and at 01:30 UTC; only the first counts."""
    first = local("2026-10-25 02:30", BERLIN)
    due = parse_rule("02:30").next(first, ANNOUNCED, BERLIN)

    assert due == local("2026-10-26 02:30", BERLIN)


def test_a_day_that_a_zone_leaves_out_makes_no_second_hour() -> None:
    """Apia had no 30 December 2011."""
    found = following("17:00", "2011-12-28 18:00", zone=ZoneInfo("Pacific/Apia"))

    assert found == ["2011-12-29 17:00", "2011-12-31 17:00", "2012-01-01 17:00"]


def test_the_zone_of_the_machine_is_never_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 82: TZ unset or wrong."""
    monkeypatch.setenv("TZ", "America/New_York")

    assert parse_rule("17:00").next(local("2026-11-23 09:00"), ANNOUNCED, CHINA) == local("2026-11-23 17:00")


def test_the_days_passed_over_say_why() -> None:
    (first, second, third) = firings(
        parse_rule("17:00 on working days"), local("2026-09-30 18:00"), ANNOUNCED, CHINA
    ).firings

    assert [(day.kind, day.name) for day in first.skipped] == [(DayKind.HOLIDAY, "国庆节")] * 7
    assert second.skipped == third.skipped == ()
    assert third.day is not None
    assert (third.day.kind, third.day.name) == (DayKind.MADE_UP, "国庆节")


def test_a_moved_hour_names_the_days_from_the_one_it_was_meant_for() -> None:
    (first, second, *_) = firings(
        parse_rule("Monday 09:00 on working days"), local("2026-09-28 09:00"), ANNOUNCED, CHINA
    ).firings

    assert [str(day.date) for day in first.skipped] == ["2026-10-05", "2026-10-06", "2026-10-07"]
    assert second.skipped == ()


def test_the_hours_end_where_nobody_knows_the_working_days() -> None:
    rule = parse_rule("17:00 on working days")
    outlook = firings(rule, local("2026-12-30 18:00"), ANNOUNCED, CHINA)

    assert [f"{firing.date}" for firing in outlook.firings] == ["2026-12-31"]
    assert outlook.unknown is not None
    assert outlook.unknown.year == 2027
    with pytest.raises(UnknownYear):
        rule.next(local("2026-12-31 17:00"), ANNOUNCED, CHINA)


def test_a_rule_without_working_days_needs_no_calendar() -> None:
    assert following("Friday 09:00", "2026-12-30 18:00") == ["2027-01-01 09:00", "2027-01-08 09:00", "2027-01-15 09:00"]


def test_an_unknown_year_behind_us_stops_nothing() -> None:
    only_2099 = Workdays({2099: Correction(2099, frozenset({dt.date(2099, 1, 1)}), complete=True)})
    rule = parse_rule("Monday 09:00 on working days")

    assert rule.next(local("2099-01-01 00:00"), only_2099, CHINA) == local("2099-01-05 09:00")


HOURS = st.times(timezones=st.none()).map(lambda hour: hour.replace(second=0, microsecond=0))
RULES = st.builds(
    Rule,
    days=st.sampled_from([Days.DAILY, Days.WEEKLY, Days.MONTHLY]),
    hour=HOURS,
    working=st.booleans(),
    weekday=st.integers(1, 7),
    day=st.integers(1, 31),
)
MOMENTS = st.datetimes(dt.datetime(2005, 1, 1), dt.datetime(2026, 8, 1)).map(lambda at: at.replace(tzinfo=dt.UTC))  # noqa: DTZ001 - the bounds of a strategy are naive
ZONES = st.sampled_from([CHINA, BERLIN, ZoneInfo("America/New_York"), ZoneInfo("Australia/Lord_Howe")])


@given(RULES, MOMENTS, ZONES)
def test_hours_strictly_increase_and_a_rule_of_working_days_keeps_to_them(
    rule: Rule, after: dt.datetime, zone: ZoneInfo
) -> None:
    found = firings(rule, after, ANNOUNCED, zone, count=4).firings

    assert len(found) == 4
    assert all(earlier < later for earlier, later in pairwise([after, *(firing.due for firing in found)]))
    assert all(firing.day is not None and (firing.day.works or not rule.working) for firing in found)


@given(HOURS, MOMENTS, ZONES)
def test_no_working_day_is_left_out(hour: dt.time, after: dt.datetime, zone: ZoneInfo) -> None:
    rule = Rule(days=Days.DAILY, hour=hour, working=True)
    dates = [firing.date for firing in firings(rule, after, ANNOUNCED, zone, count=8).firings]
    every = [dates[0] + dt.timedelta(days=days) for days in range((dates[-1] - dates[0]).days + 1)]

    assert dates == [date for date in every if ANNOUNCED.works(date)]


@given(RULES, MOMENTS)
def test_a_rule_from_later_on_gives_the_same_hours(rule: Rule, after: dt.datetime) -> None:
    """However often it is asked, on whatever day, so that a restart changes no due time."""
    first, second = (firing.due for firing in firings(rule, after, ANNOUNCED, CHINA, count=2).firings)
    between = first + (second - first) / 2

    assert rule.next(first - dt.timedelta(seconds=1), ANNOUNCED, CHINA) == first
    assert rule.next(between, ANNOUNCED, CHINA) == second


@given(RULES, st.dates(dt.date(2008, 1, 1), dt.date(2026, 9, 30)))
def test_every_named_day_has_its_hour_by_the_first_working_day_after_it(rule: Rule, date: dt.date) -> None:
    named = Rule(days=rule.days, hour=rule.hour, weekday=rule.weekday, day=rule.day)
    due = named.next(local(f"{date} 00:00") - dt.timedelta(seconds=1), ANNOUNCED, CHINA)
    assert due is not None
    expected = due.astimezone(CHINA).date()
    if rule.working:
        expected = ANNOUNCED.first_from(expected)

    assert rule.next(due - dt.timedelta(seconds=1), ANNOUNCED, CHINA) == rule.on(expected, CHINA)


def test_at_once_is_the_moment_itself() -> None:
    at = local("2026-11-23 09:12")

    assert AT_ONCE.next(at, ANNOUNCED, CHINA) == at
    assert [firing.due for firing in firings(AT_ONCE, at, ANNOUNCED, CHINA).firings] == [at]
