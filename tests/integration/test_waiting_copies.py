"""`status` says what to do with copies that nobody sends; commands about a person take the bulletin in both ways."""

import datetime as dt
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from distributor.store import leases
from distributor.store.database import Connection, Database
from distributor.store.dispatches import release
from tests.acceptance.office import Office


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Bulletin no. 7 is finalised, and nothing else happened."""
    made = Office(tmp_path / "office")
    assert made.call("finalise", "bulletin.md", "--yes") == 0
    return made


def write(office: Office, work: Callable[[Connection], object]) -> None:
    with closing(Database.open("sqlite:///data/distributor.db", home=office.folder)) as database:
        with database.write() as conn:
            work(conn)


def let_go(office: Office, *, after: dt.timedelta = dt.timedelta()) -> None:
    now = dt.datetime.now(dt.UTC)
    write(office, lambda conn: release(conn, 1, at=now + after, valid_until=now + dt.timedelta(days=3)))


def test_a_bulletin_that_nobody_let_go_names_the_command(office: Office) -> None:
    assert "`distributor send 7`" in office.ask("status", "7").out


def test_due_copies_without_a_service_name_both_ways_to_send_them(office: Office) -> None:
    let_go(office)
    said = office.ask("status", "7").out
    assert "no service runs" in said
    assert "`distributor send 7`" in said
    assert "`distributor serve`" in said


def test_while_a_service_runs_nothing_is_to_be_done(office: Office) -> None:
    let_go(office)
    write(office, lambda conn: leases.take(conn, leases.CLOCK, "service", dt.timedelta(minutes=1)))
    assert "distributor send" not in office.ask("status", "7").out


def test_copies_whose_hour_comes_later_are_told_of_once(office: Office) -> None:
    let_go(office, after=dt.timedelta(hours=2))
    said = office.ask("status", "7").out
    assert said.count("distributor send 7") == 1
    assert "no service runs" not in said


PHONED = ["acknowledge", "联络员1", "--by-phone"]


@pytest.mark.parametrize(
    "named", [["7"], ["--issue", "7"], ["7", "--issue", "7"], ["#1"], []], ids=["word", "option", "both", "id", "none"]
)
def test_a_command_about_a_person_takes_the_bulletin_in_both_ways(office: Office, named: list[str]) -> None:
    let_go(office)
    assert "联络员1 (单位1)" in office.ask("why", "联络员1", *named).out
    assert office.ask(*PHONED, *named).code == 0
    (group,) = [one for one in office.ask("receipts", "7", "--json").json["groups"] if one["group"] == "各单位"]
    assert [unit["standing"] for unit in group["units"]].count("signed") == 1
    # The bulletin that was meant has no copy in doubt.
    assert office.ask("resolve", "联络员2", *named, "--lost").code == 4


@pytest.mark.parametrize(
    "command", [["why", "联络员1"], PHONED, ["resolve", "联络员1", "--lost"]], ids=lambda it: it[0]
)
def test_two_bulletins_at_once_are_refused(office: Office, command: list[str]) -> None:
    ran = office.ask(*command, "7", "--issue", "8", "--json")
    assert ran.code == 2
    assert "7 and 8" in ran.json["error"]["what"]
