"""`mailbox explain|status|alias` and `suppressions list|add|lift`, as a person types them."""

from pathlib import Path

import pytest

from distributor.cli import main
from distributor.receipts.tokens import Purpose
from distributor.store.database import Database
from distributor.store.mailboxes import advance_cursor, note_trouble
from tests.acceptance.office import Office
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.test_mailroom import Mailroom, accepted
from tests.unit.reports import ALICE, ENVELOPE, POSTFIX_FAILED, dsn, wire

DEAD = "unit1@example.gov.cn"


@pytest.fixture
def room(tmp_path: Path, clock: Clock) -> Mailroom:
    """An office whose settings name the database that its letters are in."""
    database = Database.open(f"sqlite:///{tmp_path / 'data' / 'distributor.db'}")
    bureau = Bureau(tmp_path, database, clock)
    made = accepted(bureau)
    (tmp_path / "secrets").mkdir(exist_ok=True)
    (tmp_path / "secrets" / "token.key").write_bytes((tmp_path / "token.key").read_bytes())
    return made


def test_a_mail_is_explained_without_an_office(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.eml").write_bytes(dsn(POSTFIX_FAILED))
    monkeypatch.chdir(tmp_path)

    assert main(["--lang", "en", "mailbox", "explain", "a.eml"]) == 0

    said = capsys.readouterr().out
    assert f"{ALICE}: failed · 5.1.1 · no_such_user · permanent" in said
    assert f"envid: {ENVELOPE}" in said
    assert "no database here" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.eml"]


def test_a_mail_is_explained_with_the_letter_it_belongs_to(room: Mailroom) -> None:
    office = room.bureau.office
    (office.folder / "bounce.eml").write_bytes(room.about(dsn(POSTFIX_FAILED)))

    said = office.ask("mailbox", "explain", "bounce.eml", "--json").json

    assert said["kind"] == "dsn"
    assert said["delivery"] == room.unit1.id
    assert said["because"] == ["delivery_status_part", "envid", "matched"]
    assert set(said["recipients"][0]) >= {"address", "action", "status", "class", "reason"}
    assert room.standings() == []
    told = office.ask("mailbox", "explain", "bounce.eml").out
    assert f"单位1 联络员1 <{DEAD}>: its token and its recipient name this letter." in told


@pytest.mark.parametrize(
    ("raw", "ground"),
    [
        (dsn(POSTFIX_FAILED), "not_ours"),
        (dsn(POSTFIX_FAILED.replace(ENVELOPE, "x")), "no_trace"),
        (wire("Subject: x\n\nx"), None),
    ],
)
def test_a_mail_that_belongs_to_nothing_says_why(room: Mailroom, raw: bytes, ground: str | None) -> None:
    office = room.bureau.office
    (office.folder / "mail.eml").write_bytes(raw)

    said = office.ask("mailbox", "explain", "mail.eml", "--json").json

    assert said["delivery"] is None
    assert [match["ground"] for match in said["matches"]] == ([ground] if ground else [])


def test_an_alias_makes_a_report_count(room: Mailroom) -> None:
    office = room.bureau.office
    assert office.call("mailbox", "alias", DEAD, "other@else.example") == 0
    assert office.call("mailbox", "alias", DEAD, "other@else.example") == 4
    assert office.call("mailbox", "alias", DEAD, "no address") == 2
    raw = room.about(dsn(POSTFIX_FAILED), address="other@else.example")
    (office.folder / "bounce.eml").write_bytes(raw)

    assert office.ask("mailbox", "explain", "bounce.eml", "--json").json["matches"][0]["ground"] == "alias"


def test_the_state_of_the_mailbox_is_shown(room: Mailroom) -> None:
    office = room.bureau.office
    assert office.call("mailbox", "status") == 4
    now = room.bureau.clock()
    with room.database.write() as conn:
        advance_cursor(conn, "hzb@imap/INBOX", validity=7, last_uid=3, now=now)
        note_trouble(conn, "hzb@imap/INBOX", "login: refused", now=now)

    said = office.ask("mailbox", "status").out

    assert "hzb@imap/INBOX: last read 2026-11-23 17:00." in said
    assert "It cannot be read since 2026-11-23 17:00: login: refused" in said
    assert office.ask("mailbox", "status", "--json").json["mailboxes"][0]["last_uid"] == 3


def test_a_person_suppresses_and_lifts_an_address(room: Mailroom) -> None:
    office = room.bureau.office
    assert office.call("suppressions", "list") == 4

    assert office.call("suppressions", "add", DEAD, "--reason", "调离") == 0
    (entry,) = office.ask("suppressions", "list", "--json").json["suppressions"]
    assert (entry["address"], entry["standing"], entry["reason"]) == (DEAD, "active", "调离")
    assert "suppressed" in office.ask("suppressions", "list").out
    assert office.call("suppressions", "lift", DEAD) == 0
    assert office.call("suppressions", "lift", DEAD) == 4
    actions = [entry.action for entry in office.audit() if entry.action.startswith("suppression")]
    assert sorted(actions) == ["suppression.added", "suppression.lifted"]


def test_finalising_warns_of_a_suppressed_address(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.call("suppressions", "add", DEAD, "--reason", "调离")

    refused = office.ask("finalise", "bulletin.md")
    done = office.ask("finalise", "bulletin.md", "--yes")

    assert refused.code == 5
    assert f"<{DEAD}> gets nothing: the address is suppressed (调离)." in done.out
    assert done.code == 0
    states = {copy.address: copy.state.value for copy in office.deliveries()}
    assert states[DEAD] == "suppressed"
    assert "suppressed" in office.ask("status", "bulletin.md").out


def test_a_token_of_another_purpose_is_not_taken_for_this_one(room: Mailroom) -> None:
    office = room.bureau.office
    link = room.key.token(Purpose.LINK, room.unit1.id)
    raw = dsn(POSTFIX_FAILED).decode().replace(ENVELOPE, link).replace(ALICE, DEAD)
    (office.folder / "mail.eml").write_bytes(raw.encode())

    assert office.ask("mailbox", "explain", "mail.eml", "--json").json["matches"][0]["ground"] == "not_ours"
