"""`distributor schedule`: what people and scripts are told about the hours to come."""

from pathlib import Path

import pytest

from tests.acceptance.office import Office, Ran

WORKING = '\n[send]\nrule = "17:00 on working days"\n'


@pytest.fixture
def desk(tmp_path: Path) -> Office:
    """An office that needs no mail server."""
    office = Office(tmp_path)
    office.write("calendar.yaml", "years: {}\n")
    settings = (tmp_path / "distributor.toml").read_text(encoding="utf-8")
    office.write("distributor.toml", settings.replace("[send]", WORKING))
    return office


def shown(office: Office, *arguments: str, code: int = 0) -> Ran:
    ran = office.ask("schedule", *arguments)
    assert ran.code == code, ran.err
    return ran


def test_the_next_three_hours_are_shown_with_the_days_passed_over(desk: Office) -> None:
    out = shown(desk, "--after", "2026-09-30 18:00").out

    assert "17:00 on working days" in out
    assert [line.split()[:3] for line in out.splitlines()[2:5]] == [
        ["2026-10-08", "17:00", "Thursday"],
        ["2026-10-09", "17:00", "Friday"],
        ["2026-10-10", "17:00", "Saturday"],
    ]
    assert "10-01..10-07 holiday 国庆节" in out
    assert "working day (调休) 国庆节" in out


def test_the_json_answer_has_its_keys(desk: Office) -> None:
    document = shown(desk, "--after", "2026-11-20 18:00", "--json").json

    assert set(document) == {"rule", "timezone", "after", "firings", "unknown_year", "warnings", "waiting"}
    first = document["firings"][0]
    assert set(first) == {"due", "local", "weekday", "day", "skipped"}
    assert (first["due"], first["local"], first["weekday"]) == (
        "2026-11-23T09:00:00+00:00",
        "2026-11-23T17:00:00+08:00",
        1,
    )
    assert first["day"] == {"date": "2026-11-23", "kind": "workday", "name": None, "works": True}
    assert [(day["date"], day["kind"]) for day in first["skipped"]] == [
        ("2026-11-21", "weekend"),
        ("2026-11-22", "weekend"),
    ]
    assert [warning["code"] for warning in document["warnings"]] == ["year_missing"]


def test_now_is_the_moment_unless_another_is_given(desk: Office) -> None:
    document = shown(desk, "--rule", "at once", "--json").json

    assert [firing["due"] for firing in document["firings"]] == [document["after"]]


def test_another_rule_can_be_tried(desk: Office) -> None:
    document = shown(desk, "--rule", "每月31日9:00", "--after", "2026-11-01 00:00", "--json").json

    assert document["rule"] == "day 31 09:00"
    assert [firing["local"][:10] for firing in document["firings"]] == ["2026-11-30", "2026-12-31", "2027-01-31"]


def test_the_hours_end_with_the_known_years_and_it_is_said(desk: Office) -> None:
    document = shown(desk, "--after", "2026-12-30 18:00", "--json").json

    assert [firing["local"][:10] for firing in document["firings"]] == ["2026-12-31"]
    assert document["unknown_year"] == 2027
    assert "Later hours are not known yet" in shown(desk, "--after", "2026-12-30 18:00").out


def test_without_a_next_hour_the_exit_code_says_why(desk: Office) -> None:
    unknown = shown(desk, "--after", "2026-12-31 17:00", code=5)
    past = shown(desk, "--rule", "2026-01-01 09:00", "--after", "2026-01-01 09:00", code=4)

    assert "A bulletin finalised now is held." in unknown.out
    assert "is past" in past.out


def test_a_year_in_the_calendar_file_counts(desk: Office) -> None:
    days = "2027-01-01..2027-01-03, 2027-02-05..2027-02-12, 2027-04-05, 2027-05-01, 2027-06-09, 2027-10-01..2027-10-07"
    desk.write("calendar.yaml", f"years:\n  2027:\n    holidays: [{days}]\n    complete: true\n")
    document = shown(desk, "--after", "2026-12-31 17:00", "--json").json

    assert [firing["local"][:10] for firing in document["firings"]] == ["2027-01-04", "2027-01-05", "2027-01-06"]
    assert document["warnings"] == []


def test_a_calendar_with_a_fault_is_refused_with_its_line(desk: Office) -> None:
    desk.write("calendar.yaml", "years:\n  2027:\n    holidays: [2月6日至12日]\n")
    (problem,) = shown(desk, "--json", code=2).json["error"]["problems"]

    assert (problem["code"], problem["line"], problem["column"]) == ("day", 3, 16)
    assert "2027-02-06..2027-02-12" in problem["do"]


def test_an_office_without_a_calendar_file_is_told_so(desk: Office) -> None:
    (desk.folder / "calendar.yaml").unlink()
    warnings = shown(desk, "--after", "2026-06-01 09:00", "--json").json["warnings"]

    assert [warning["code"] for warning in warnings] == ["no_calendar"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("--rule", "17.00"), "Did you mean 17:00?", id="a rule"),
        pytest.param(("--after", "tomorrow"), "2026-09-30 18:00", id="a moment"),
        pytest.param(("--after", "2026-02-30 09:00"), "2026-09-30 18:00", id="a day that is none"),
        pytest.param(("--after", "0001-01-01 00:00"), "2026-09-30 18:00", id="the first of all days"),
        pytest.param(("--after", "9999-12-31 18:00"), "2026-09-30 18:00", id="the last of all days"),
    ],
)
def test_an_option_that_cannot_be_used_says_what_to_write(desk: Office, arguments: tuple[str, ...], said: str) -> None:
    assert said in shown(desk, *arguments, code=2).err
