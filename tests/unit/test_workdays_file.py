"""calendar.yaml: what it may say, and what is said about it when it is wrong."""

import datetime as dt
from contextlib import suppress
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import BadFile, BadInput, Problem
from distributor.misfit import Misfit
from distributor.resources import shipped
from distributor.workdays.calendar import KNOWN, DayKind
from distributor.workdays.file import load_calendar, parse_calendar
from distributor.workdays.spans import read_span

Y2027 = """\
years:
  2027:
    holidays:
      - 2027-01-01..2027-01-03
      - 2027-02-06..2027-02-12
      - 2027-04-03..2027-04-05
      - 2027-05-01..2027-05-05
      - 2027-06-09
      - 2027-10-01..2027-10-07
    workdays: [2027-02-14, 2027-10-09]
    complete: true
"""


def problems(text: str) -> list[Problem]:
    with pytest.raises(BadFile) as caught:
        parse_calendar(text.encode())
    return list(caught.value.problems)


def one_day(text: str) -> str:
    return f"years:\n  2027:\n    holidays:\n      - {text}\n"


def test_a_complete_year_is_read() -> None:
    loaded = parse_calendar(Y2027.encode())

    assert loaded.warnings == ()
    kinds = {date: loaded.workdays.day(dt.date.fromisoformat(date)).kind for date in ("2027-02-12", "2027-02-14")}
    assert kinds == {"2027-02-12": DayKind.HOLIDAY, "2027-02-14": DayKind.MADE_UP}
    assert loaded.workdays.works(dt.date(2027, 2, 15))
    assert not loaded.workdays.works(dt.date(2027, 2, 20))


def test_one_day_needs_no_list_and_quotes_do_no_harm() -> None:
    loaded = parse_calendar(b'years:\n  "2026":\n    holidays: "2026-12-25"\n')

    assert not loaded.workdays.works(dt.date(2026, 12, 25))


@pytest.mark.parametrize(
    ("text", "code", "place", "said"),
    [
        pytest.param(one_day("2027-1-1"), "day", "4:9", "Did you mean 2027-01-01?", id="one digit"),
        pytest.param(one_day("2027/02/06"), "day", "4:9", "Did you mean 2027-02-06?", id="slashes"),
        pytest.param(one_day("20270206"), "day", "4:9", "Did you mean 2027-02-06?", id="no dashes"),
        pytest.param(one_day("２０２７－０２－０６"), "day", "4:9", "Did you mean 2027-02-06?", id="full width"),
        pytest.param(one_day("2月6日至12日"), "day", "4:9", "Did you mean 2027-02-06..2027-02-12?", id="the notice"),
        pytest.param(
            one_day("2月6日（周六）至3月2日（周二）"), "day", "4:9", "2027-02-06..2027-03-02?", id="the whole notice"
        ),
        pytest.param(one_day("2027-02-06 - 2027-02-12"), "day", "4:9", "2027-02-06..2027-02-12?", id="a dash between"),
        pytest.param(one_day("2027-02-06~12"), "day", "4:9", "2027-02-06..2027-02-12?", id="a tilde"),
        pytest.param(one_day("春节"), "day", "4:9", "Write it as 2027-01-01 or 2027-01-01..2027-01-03.", id="a name"),
        pytest.param(one_day("2027-02-30"), "no_such_day", "4:9", "2027-02-28", id="30 February"),
        pytest.param(one_day("2027-02-29"), "no_such_day", "4:9", "2027-02-28", id="29 February (fault 83)"),
        pytest.param(one_day("2027-13-01"), "no_such_day", "4:9", "2027-02-06", id="month 13"),
        pytest.param(one_day("0000-01-01"), "no_such_day", "4:9", "2027-02-06", id="year 0"),
        pytest.param(one_day("2027-02-12..2027-02-06"), "range", "4:9", "2027-02-06..2027-02-12?", id="backwards"),
        pytest.param(one_day("2026-12-31"), "other_year", "4:9", "under 2026", id="another year"),
        pytest.param(one_day("2027-12-31..2028-01-02"), "other_year", "4:9", "under 2028", id="over New Year"),
        pytest.param(one_day(""), "missing", "4:8", "holidays has no value", id="nothing after the dash"),
        pytest.param(one_day("[2027-01-01]"), "wrong_type", "4:9", "Write a text", id="a list in a list"),
        pytest.param(one_day("2027-03-01\n      - 2027-03-01"), "twice", "5:9", "calendar.yaml:4:9", id="twice"),
        pytest.param(
            one_day("2027-02-06..2027-02-12") + "    workdays: [2027-02-07]",
            "twice",
            "5:16",
            "4:9",
            id="off and worked",
        ),
        pytest.param("years:\n  2027:\n    holidys: []", "unknown_key", "3:5", "mean holidays?", id="a misspelt key"),
        pytest.param(
            "years:\n  2027:\n    holidays：[]", "wrong_type", "3:5", "keys with values", id="full-width colon"
        ),
        pytest.param("year:\n  2027: {}", "unknown_key", "1:1", "mean years?", id="a misspelt year"),
        pytest.param("years:\n  2027年: {}", "year", "2:3", "Did you mean 2027?", id="年 behind the year"),
        pytest.param("years:\n  27: {}", "year", "2:3", "Write it as 2027.", id="half a year"),
        pytest.param("years:\n  2027: {}\n  2027: {}", "duplicate_key", "3:3", "already", id="the year twice"),
        pytest.param("years:\n  2027:\n    complete: yes", "wrong_type", "3:15", "true or false", id="yes"),
        pytest.param('years:\n  2027:\n    complete: "true"', "wrong_type", "3:15", "without quotes", id="true quoted"),
        pytest.param("years:\n  2027:", "missing", "2:3", "no value", id="an empty year"),
        pytest.param("2027: {}", "unknown_key", "1:1", "Possible are: years", id="no years"),
        pytest.param("- 2027-01-01", "wrong_type", "1:1", "years:", id="a list"),
        pytest.param("", "empty", "", "years: {}", id="an empty file"),
        pytest.param("years:\n\t2027: {}", "indent", "2:1", "half-width", id="a tab"),
        pytest.param("years: &a {}\nx: *a", "alias", "1:8", "not allowed", id="an alias"),
    ],
)
def test_a_fault_is_said_with_its_place_and_what_to_write(text: str, code: str, place: str, said: str) -> None:
    found = {(problem.code, str(problem.place).partition(":")[2]): str(problem) for problem in problems(text)}

    assert (code, place) in found
    assert said in found[code, place]


def test_all_faults_are_said_at_once_in_the_order_of_the_file() -> None:
    found = problems(one_day("2027-1-1") + "      - 2027-02-30\n      - 2026-05-01\n")

    assert [(problem.code, problem.place.line) for problem in found] == [
        ("day", 4),
        ("no_such_day", 5),
        ("other_year", 6),
    ]


def test_a_year_said_to_be_complete_but_cut_short_is_refused() -> None:
    """Fault 44 for the calendar: a list that ends early is still valid YAML."""
    lines = Y2027.splitlines()
    cut = "\n".join([*lines[:2], "    complete: true", *lines[2:6]])
    (problem,) = problems(cut)

    assert (problem.code, problem.place.line) == ("incomplete", 2)
    assert "劳动节、端午、国庆节" in str(problem.what)


def test_a_year_cut_before_it_is_complete_stays_unknown() -> None:
    """So the last line of a year is the one that makes it count."""
    cut = "\n".join(Y2027.splitlines()[:-1])

    assert not parse_calendar(cut.encode()).workdays.knows(2027)


@pytest.mark.parametrize("year", sorted(KNOWN - {2004, 2005, 2006, 2007}))
def test_every_announced_year_since_the_law_of_2008_may_be_written_as_complete(year: int) -> None:
    def listed(days: dict[dt.date, str]) -> str:
        return "".join(f"      - {date}\n" for date in days if date.year == year)

    text = f"years:\n  {year}:\n    holidays:\n{listed(chinese_calendar.holidays)}"
    text += f"    workdays:\n{listed(chinese_calendar.workdays)}    complete: true\n"

    assert parse_calendar(text.encode()).warnings == ()


def test_a_workday_in_the_middle_of_the_week_is_asked_about() -> None:
    (warning,) = parse_calendar(b"years:\n  2026:\n    workdays: [2026-03-03]").warnings

    assert (warning.code, warning.grade, warning.place.line) == ("not_needed", "warning", 3)


def test_a_workday_in_the_middle_of_a_holiday_is_what_corrections_are_for() -> None:
    assert parse_calendar(b"years:\n  2026:\n    workdays: [2026-10-05]").warnings == ()


def test_a_complete_year_that_the_program_knows_otherwise_is_said() -> None:
    text = Y2027.replace("2027", "2026").replace("2026-10-09", "2026-10-10")
    codes = [warning.code for warning in parse_calendar(text.encode()).warnings]

    assert codes == ["differs"]


@given(st.text(max_size=40))
def test_any_text_is_a_span_or_a_misfit(text: str) -> None:
    with suppress(Misfit):
        span = read_span(text, year=2027)
        assert span.first <= span.last


@given(st.dates(dt.date(2027, 1, 1), dt.date(2027, 12, 31)), st.integers(0, 30))
def test_a_span_holds_each_day_from_the_first_to_the_last(first: dt.date, length: int) -> None:
    last = min(first + dt.timedelta(days=length), dt.date(2027, 12, 31))
    days = list(read_span(f"{first}..{last}", year=2027).days())

    assert (days[0], days[-1], len(days)) == (first, last, (last - first).days + 1)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_calendar_or_a_bad_file(source: bytes) -> None:
    with suppress(BadFile):
        assert parse_calendar(source).workdays.corrections is not None


def test_the_shipped_calendar_is_valid_and_corrects_nothing() -> None:
    loaded = load_calendar(shipped("calendar.yaml"))

    assert (loaded.warnings, loaded.workdays.corrections) == ((), {})


def test_the_examples_in_the_shipped_calendar_can_be_used_as_they_stand() -> None:
    lines = shipped("calendar.yaml").read_text(encoding="utf-8").splitlines()
    starts = [number for number, line in enumerate(lines) if line == "# years:"]
    examples = []
    for start in starts:
        end = next(number for number in range(start, len(lines)) if lines[number] in ("#", ""))
        examples.append("\n".join(line.removeprefix("# ") for line in lines[start:end]))

    whole, single = (parse_calendar(example.encode()) for example in examples)
    assert (whole.warnings, single.warnings) == ((), ())
    assert whole.workdays.corrections[2026].complete
    assert not single.workdays.works(dt.date(2026, 12, 25))


def test_without_a_file_the_announced_years_are_used_and_it_is_said(tmp_path: Path) -> None:
    loaded = load_calendar(tmp_path / "calendar.yaml")

    assert [warning.code for warning in loaded.warnings] == ["no_calendar"]
    assert loaded.workdays.works(dt.date(2026, 11, 23))


def test_a_folder_is_no_calendar(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_calendar(tmp_path)
