"""`pause`, `resume` and `status`: what rests is called by its name, and what was said to go on does."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.delivery.breaker import Standing
from distributor.delivery.gap import Gap
from distributor.delivery.outcome import Fault
from distributor.store import breakers, leases
from distributor.store.database import Database
from distributor.store.pauses import ALL, pause
from tests.acceptance.office import BULLETIN, Office, Ran

NUMBER_7 = "云岭区巡河工作快报 第7期"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    assert asked(office, "finalise", "bulletin.md", "--yes").code == 0
    return office


def asked(office: Office, *arguments: str) -> Ran:
    return office.ask(*arguments)


@pytest.mark.parametrize(
    ("scope", "name", "key"),
    [
        ([], "Everything", "all"),
        (["7"], NUMBER_7, "bulletin:1"),
        (["account:main"], "The mail account main", "account:main"),
    ],
    ids=["everything", "a bulletin", "an account"],
)
def test_what_rests_is_called_by_its_name(office: Office, scope: list[str], name: str, key: str) -> None:
    said = asked(office, "pause", *scope, "--reason", "the relay moves")
    assert said.out.strip() == f"{name} is paused."
    assert f"{name} was paused already." in asked(office, "pause", *scope).out
    shown = asked(office, "status", "7").out
    assert f"{name} is paused since" in shown
    assert "the relay moves" in shown
    assert asked(office, "status", "--json").json["paused"] == [key]
    assert asked(office, "status", "7", "--json").json["paused"] == [key]
    assert asked(office, "resume", *scope).out.strip() == f"{name} goes on."
    assert "paused" not in asked(office, "status", "7").out


def test_who_sends_what_rests_is_told_so_before_the_question(office: Office) -> None:
    asked(office, "pause", "7", "--reason", "the relay moves")
    ran = asked(office, "send", "7")
    assert ran.code == 5
    assert f"{NUMBER_7} is paused since" in ran.out


def test_what_the_service_paused_for_is_said_in_a_sentence(office: Office) -> None:
    database = Database.open(f"sqlite:///{office.folder / 'data' / 'distributor.db'}")
    with database.write() as conn:
        pause(conn, ALL, Gap.RESTORED_BACKUP, "service", dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))
    database.close()
    assert "a backup was restored." in asked(office, "status").out


@pytest.mark.parametrize(
    ("served", "advice"),
    [(False, "run `distributor send 7`"), (True, "the service sends it when it is due")],
    ids=["without a service", "while a service runs"],
)
def test_who_waits_for_the_service_is_not_told_to_send(office: Office, advice: str, *, served: bool) -> None:
    if served:
        database = Database.open(f"sqlite:///{office.folder / 'data' / 'distributor.db'}")
        with database.write() as conn:
            leases.take(conn, leases.CLOCK, "office/1/a", dt.timedelta(hours=1))
        database.close()
    person = asked(office, "status", "7", "--json").json["deliveries"][0]["recipient"]
    assert advice in asked(office, "why", person, "7").out


def test_another_bulletin_that_rests_is_not_shown_with_this_one(office: Office) -> None:
    office.write("bulletin.md", BULLETIN.format(number=8))
    asked(office, "finalise", "bulletin.md", "--yes")
    asked(office, "pause", "8")
    assert asked(office, "status", "7", "--json").json["paused"] == []
    assert "第8期 is paused since" in asked(office, "status").out


def test_what_still_rests_is_said_when_something_goes_on(office: Office) -> None:
    asked(office, "pause")
    asked(office, "pause", "7")
    said = asked(office, "resume", "7").out
    assert f"{NUMBER_7} goes on." in said
    assert "Everything is paused since" in said


def test_an_account_that_is_not_there_is_refused_with_the_nearest_name(office: Office) -> None:
    ran = asked(office, "pause", "account:mian")
    assert ran.code == 2
    assert "main" in ran.err
    assert asked(office, "status", "--json").json["paused"] == []


def test_resume_lets_an_account_be_tried_again_at_once_after_trouble(office: Office) -> None:
    database = Database.open(f"sqlite:///{office.folder / 'data' / 'distributor.db'}")
    with database.write() as conn:
        passage = breakers.admit(conn, "main")
        assert breakers.record_failure(conn, passage, Fault.ACCOUNT, text="535", wait=dt.timedelta(hours=1))
        assert not breakers.admit(conn, "main").admitted

    said = asked(office, "resume", "account:main", "--json")

    assert said.json["tried_again"] is True
    with database.read() as conn:
        assert [one.standing for one in breakers.breakers(conn)] == [Standing.CLOSED]
    assert asked(office, "resume", "account:main").code == 4
    database.close()


def test_finalising_tells_what_stays_withdrawn_and_what_was_replaced(office: Office) -> None:
    office.write("bulletin.md", BULLETIN.format(number=7).replace("整改问题6处", "整改问题7处"))
    replaced = asked(office, "finalise", "bulletin.md", "--yes")
    assert "this one takes its place" in replaced.out
    assert asked(office, "cancel", "7", "--only", "leader1@example.gov.cn", "--yes").code == 0
    again = asked(office, "finalise", "bulletin.md", "--yes", "--json").json
    assert again["recipients"]["withdrawn"] == 1
    assert again["replaced"] is False


def test_a_rule_of_its_own_is_shown_by_check_finalise_status_and_schedule(office: Office) -> None:
    office.write("own.md", "---\n发送时间: 2099-12-01 09:00\n---\n\n" + BULLETIN.format(number=9))
    assert "2099-12-01 09:00" in asked(office, "check", "own.md").out
    assert asked(office, "check", "own.md", "--json").json["bulletin"]["send_at"] == "2099-12-01 09:00"
    assert "by its own rule: 2099-12-01 09:00" in asked(office, "finalise", "own.md", "--yes").out
    assert "by its own rule: 2099-12-01 09:00" in asked(office, "status", "9").out
    assert asked(office, "status", "9", "--json").json["bulletin"]["send_at"] == "2099-12-01 09:00"
    assert asked(office, "schedule", "9", "--json").json["rule"] == "2099-12-01 09:00"
    waits = asked(office, "schedule", "--json").json["waiting"]
    assert [(one["bulletin"]["number"], one["due"]) for one in waits] == [("9", None), ("7", None)]
    asked(office, "send", "9", "--yes")
    assert "第9期" in asked(office, "schedule").out
    waits = asked(office, "schedule", "--json").json["waiting"]
    assert (waits[0]["bulletin"]["number"], waits[0]["due"]) == ("9", "2099-12-01T01:00:00+00:00")


def test_an_hour_of_its_own_that_is_past_is_a_warning_with_line_and_column(office: Office) -> None:
    office.write("own.md", "---\nsend_at: 2020-12-01 09:00\n---\n\n" + BULLETIN.format(number=9))
    [finding] = asked(office, "check", "own.md", "--json").json["findings"]
    assert (finding["code"], finding["grade"], finding["line"], finding["column"]) == (
        "send_rule_past",
        "warning",
        2,
        10,
    )
    assert asked(office, "finalise", "own.md").code != 0  # nobody is there to say yes
    assert asked(office, "finalise", "own.md", "--yes").code == 0
    refused = asked(office, "send", "9", "--yes")
    assert refused.code != 0
    assert "--now" in refused.err
