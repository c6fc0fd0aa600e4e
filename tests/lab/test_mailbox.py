"""The mailbox of a real Dovecot: nothing is lost, nothing counts twice, other people's mail is left alone (65, 66)."""

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from distributor.dispatch import mailbox_round
from distributor.dispatch.mailbox_round import Round, read_round
from distributor.doctor.diagnosis import Context, Verdict
from distributor.doctor.mailbox import check_mailbox
from distributor.receipts.mailbox import DONE, QUARANTINED, Fetched, Folder, MailboxFault, MailboxTrouble
from distributor.service.office import Office
from distributor.service.receiving import PATIENCE, PAUSE, Receiving
from distributor.settings import MailboxSettings
from distributor.store.alerts import alerts
from distributor.store.database import Database
from distributor.store.mailboxes import cursor_of
from distributor.store.receipt_records import receipts_of
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.test_mailroom import READ, Mailroom, accepted
from tests.lab import dovecot
from tests.lab.dovecot import PASSWORD, Account, Dovecot
from tests.unit.reports import DELAYED, POSTFIX_FAILED, answer, dsn, wire

HZB = "hzb@example.test"
PLAIN = wire("From: bob@example.com\nTo: hzb@example.test\nSubject: 开会\n\n明天下午三点。")


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running([Account(HZB), Account("small@example.test", quota="20k")]) as running:
        yield running


@pytest.fixture
def room(tmp_path: Path, server: Dovecot) -> Iterator[Mailroom]:
    """An office with accepted letters; its mailbox is empty."""
    clock = Clock()
    clock.now = dt.datetime.now(dt.UTC)  # the server dates its mails by the real clock
    database = Database.open(f"sqlite:///{tmp_path / 'd.db'}")
    yield accepted(Bureau(tmp_path, database, clock))
    database.close()
    for folder in ("INBOX", "Done", "Quarantine"):
        server.doveadm("expunge", "-u", HZB, "mailbox", folder, "ALL")


def settings_of(server: Dovecot, **more: object) -> MailboxSettings:
    return MailboxSettings.model_validate(
        {"host": "127.0.0.1", "port": server.imap, "security": "none", "username": HZB, "password": PASSWORD, **more}
    )


def read(room: Mailroom, settings: MailboxSettings) -> Round:
    with Folder(settings, PASSWORD) as folder:
        return read_round(room.database, folder, settings, room.key, clock=room.bureau.clock)


def test_reports_are_booked_and_marked_and_other_mail_is_left_alone(server: Dovecot, room: Mailroom) -> None:
    settings = settings_of(server)
    for raw in (PLAIN, room.about(READ), PLAIN, room.about(dsn(DELAYED))):
        server.put(HZB, raw)

    done = read(room, settings)

    assert (done.seen, len(done.booked)) == (4, 2)
    assert {kind for kind, _ in room.standings()} == {"read", "delayed"}
    assert server.flags(HZB) == [set(), {DONE}, set(), {DONE}]
    assert read(room, settings).seen == 0


def test_reports_are_moved_where_the_settings_say_so(server: Dovecot, room: Mailroom) -> None:
    server.doveadm("mailbox", "create", "-u", HZB, "回执")
    server.put(HZB, PLAIN, flags=r"(\Deleted)")  # somebody else's decision, which is not ours to carry out
    server.put(HZB, room.about(READ))

    read(room, settings_of(server, done_folder="回执"))

    assert (server.count(HZB), server.count(HZB, "&Vt5iZw-")) == (1, 1)
    assert server.flags(HZB) == [{"\\Deleted"}]


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_mailbox_is_read_over_tls_and_the_certificate_is_checked(
    server: Dovecot, room: Mailroom, security: str
) -> None:
    port = server.imaps if security == "tls" else server.imap
    safe = settings_of(server, security=security, port=port, ca_file=server.ca)
    server.put(HZB, room.about(READ))

    assert len(read(room, safe).booked) == 1
    with pytest.raises(MailboxTrouble) as caught:
        Folder(safe.model_copy(update={"ca_file": None}), PASSWORD)
    assert caught.value.fault is MailboxFault.CERTIFICATE


def test_a_new_uidvalidity_loses_nothing_and_counts_nothing_twice(server: Dovecot, room: Mailroom) -> None:
    settings = settings_of(server)
    server.put(HZB, room.about(READ))
    read(room, settings)
    with Folder(settings, PASSWORD) as folder:
        before = folder.validity
    with server.login(HZB) as client:
        client.create("New")
        client.select("INBOX")
        client.copy("1:*", "New")
        client.select("New")
    server.doveadm("mailbox", "update", "-u", HZB, "--uid-validity", str(before + 7), "INBOX")
    server.put(HZB, room.about(answer()))

    done = read(room, settings)

    assert done.seen == 2
    with room.database.read() as conn:
        assert cursor_of(conn, settings.name).validity == before + 7
        kinds = [receipt.kind.value for receipt in receipts_of(conn, [room.unit1.id])[room.unit1.id]]
    assert kinds == ["read", "replied"]


def test_a_line_that_breaks_in_a_mail_loses_nothing(
    server: Dovecot, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(server)
    for raw in (room.about(dsn(DELAYED)), room.about(READ), room.about(answer())):
        server.put(HZB, raw)
    with Folder(settings, PASSWORD) as folder, monkeypatch.context() as patched:
        fetch = folder.fetch
        calls: list[int] = []

        def cut(uid: int) -> Fetched:
            calls.append(uid)
            if len(calls) == 2:
                folder._box.client.shutdown()
            return fetch(uid)

        patched.setattr(folder, "fetch", cut)
        with pytest.raises(MailboxTrouble) as caught:
            read_round(room.database, folder, settings, room.key, clock=room.bureau.clock)
    assert caught.value.fault is MailboxFault.NETWORK
    assert [kind for kind, _ in room.standings()] == ["delayed"]

    read(room, settings)

    assert [kind for kind, _ in room.standings()] == ["delayed", "read", "replied"]
    assert server.flags(HZB) == [{DONE}] * 3


def test_a_mail_that_somebody_moves_meanwhile_is_no_trouble(server: Dovecot, room: Mailroom) -> None:
    settings = settings_of(server)
    for raw in (room.about(dsn(DELAYED)), room.about(READ)):
        server.put(HZB, raw)
    with Folder(settings, PASSWORD) as folder:
        first, second = folder.uids_after(0)
        server.doveadm("expunge", "-u", HZB, "mailbox", "INBOX", "uid", str(first))

        done = read_round(room.database, folder, settings, room.key, clock=room.bureau.clock)

    assert second > first
    assert len(done.booked) == 1
    assert [kind for kind, _ in room.standings()] == ["read"]


def test_a_crash_between_the_commit_and_the_mark_is_made_good(
    server: Dovecot, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(server)
    server.put(HZB, room.about(READ))
    with Folder(settings, PASSWORD) as folder, monkeypatch.context() as patched:

        def crash(uid: int) -> None:
            raise KeyboardInterrupt

        patched.setattr(folder, "mark_done", crash)
        with pytest.raises(KeyboardInterrupt):
            read_round(room.database, folder, settings, room.key, clock=room.bureau.clock)
    assert [kind for kind, _ in room.standings()] == ["read"]
    assert server.flags(HZB) == [set()]

    read(room, settings)

    assert [kind for kind, _ in room.standings()] == ["read"]
    assert server.flags(HZB) == [{DONE}]


def test_a_mail_that_breaks_its_reading_is_put_aside_after_three_tries(
    server: Dovecot, room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(server, quarantine_folder="Quarantine")
    server.put(HZB, wire("Subject: poison\n\nx"))
    server.put(HZB, room.about(READ))
    honest: Any = vars(mailbox_round)["take_in"]

    def poisoned(conn: object, raw: bytes, *rest: object, **more: object) -> object:
        if b"poison" in raw:
            raise MemoryError
        return honest(conn, raw, *rest, **more)

    monkeypatch.setattr(mailbox_round, "take_in", poisoned)

    rounds = [read(room, settings) for _ in range(4)]

    assert [kind for kind, _ in room.standings()] == ["read"]  # the one behind it did not wait
    assert [len(each.quarantined) for each in rounds] == [0, 0, 1, 0]
    assert server.count(HZB, "Quarantine") == 1
    assert server.flags(HZB) == [{DONE}]


def test_reports_that_cannot_be_moved_are_booked_and_moved_later(server: Dovecot, room: Mailroom) -> None:
    settings = settings_of(server, done_folder="Archive")
    server.put(HZB, room.about(READ))

    done = read(room, settings)  # the folder is not there; a full mailbox refuses in the same way

    assert "Archive" in done.stuck
    assert [kind for kind, _ in room.standings()] == ["read"]
    with server.login(HZB) as client:
        client.create("Archive")
    assert read(room, settings).stuck == ""
    assert (server.count(HZB), server.count(HZB, "Archive")) == (0, 1)


def test_a_full_mailbox_is_read_all_the_same(server: Dovecot, room: Mailroom) -> None:
    small = "small@example.test"
    server.put(small, room.about(READ) + b"x" * 19_000)
    with pytest.raises(AssertionError, match="OVERQUOTA"):
        server.put(small, room.about(answer()) + b"x" * 19_000)

    done = read(room, settings_of(server, username=small))

    assert len(done.booked) == 1
    assert server.flags(small) == [{DONE}]


def test_a_password_may_have_any_characters(room: Mailroom) -> None:
    with dovecot.running([Account(HZB)], password='密码 "1') as server:
        settings = settings_of(server)
        with Folder(settings, '密码 "1') as folder:
            assert folder.validity > 0
        with pytest.raises(MailboxTrouble) as caught:
            Folder(settings, "错误")
    assert caught.value.fault is MailboxFault.LOGIN


@pytest.mark.parametrize("security", ["tls", "none"])
def test_new_mail_ends_the_waiting_at_once(server: Dovecot, room: Mailroom, security: str) -> None:
    port = server.imaps if security == "tls" else server.imap
    with (
        ThreadPoolExecutor() as threads,
        Folder(settings_of(server, security=security, port=port, ca_file=server.ca), PASSWORD) as folder,
    ):
        waiting = threads.submit(folder.wait, 60, stop=lambda: False)
        server.put(HZB, PLAIN)

        assert waiting.result(timeout=50)  # before its own end
        assert len(folder.uids_after(0)) == 1


def test_the_program_says_its_name(server: Dovecot) -> None:
    # 163 and 126 open no folder otherwise.
    Folder(settings_of(server), PASSWORD).close()

    server.until_logged("name=distributor")


def test_a_huge_mail_costs_no_more_than_its_beginning(server: Dovecot, room: Mailroom) -> None:
    server.put(HZB, room.about(dsn(POSTFIX_FAILED)) + b"\r\n" + b"x" * 70 + b"\r\n" * 3_000_000)

    with Folder(settings_of(server), PASSWORD) as folder:
        (uid,) = folder.uids_after(0)
        mail = folder.fetch(uid)

    assert len(mail.raw) == 1_000_000
    assert mail.size > 3_000_000


def office_of(room: Mailroom, settings: MailboxSettings, tmp_path: Path) -> Office:
    return Office(
        file=tmp_path / "distributor.toml",
        settings=room.bureau.settings.model_copy(update={"mailbox": settings}),
        database=room.database,
        key=room.key,
        owner="test",
        clock=room.bureau.clock,
    )


def test_a_refused_login_is_told_at_once_and_made_good_later(server: Dovecot, room: Mailroom, tmp_path: Path) -> None:
    # Fault 66: three days without a login, and then everything that came meanwhile, marked as late.
    settings = settings_of(server, poll="1 second")
    office = office_of(room, settings_of(server, poll="1 second", password="expired"), tmp_path)
    server.put(HZB, room.about(READ))
    receiving = Receiving(office)

    waits = [receiving.once() for _ in range(3)]

    assert waits == [PAUSE.total_seconds() * n for n in (1, 2, 4)]
    with room.database.read() as conn:
        told = alerts(conn)
        trouble = cursor_of(conn, settings.name)
    assert [alert.cause for alert in told] == [f"mailbox:{settings.name}:login"]
    assert trouble.trouble.startswith("login")
    assert "expired" not in told[0].what

    office.settings = office_of(room, settings, tmp_path).settings
    room.bureau.clock.forward(days=3)
    assert receiving.once() == 0.0  # it waited for more mail by IDLE
    receiving._close()

    with room.database.read() as conn:
        (receipt,) = receipts_of(conn, [room.unit1.id])[room.unit1.id]
        assert cursor_of(conn, settings.name).trouble == ""
    assert receipt.details["late"] is True
    assert receipt.received_at - receipt.at > dt.timedelta(days=2)


def test_a_server_that_is_away_is_told_of_after_a_while(server: Dovecot, room: Mailroom, tmp_path: Path) -> None:
    settings = settings_of(server, port=1)
    receiving = Receiving(office_of(room, settings, tmp_path))

    receiving.once()
    with room.database.read() as conn:
        assert alerts(conn) == ()
    room.bureau.clock.forward(seconds=PATIENCE.total_seconds())
    receiving.once()
    with room.database.read() as conn:
        assert [alert.cause for alert in alerts(conn)] == [f"mailbox:{settings.name}:network"]


def test_the_doctor_looks_at_the_mailbox_and_changes_nothing(server: Dovecot, room: Mailroom) -> None:
    server.put(HZB, PLAIN)
    base = room.bureau.settings
    context = Context(settings=base.model_copy(update={"mailbox": settings_of(server)}), now=room.bureau.clock())

    def verdicts(**changes: object) -> list[Verdict]:
        box = context.settings.mailbox.model_copy(update=changes)
        changed = context.settings.model_copy(update={"mailbox": box})
        return [found.verdict for found in check_mailbox(replace(context, settings=changed))]

    assert verdicts() == [Verdict.OK]
    assert verdicts(folder="Nowhere") == [Verdict.FAILURE]
    assert verdicts(port=1) == [Verdict.FAILURE]
    assert verdicts(host="") == [Verdict.WARNING]
    assert server.flags(HZB) == [set()]
    assert QUARANTINED not in server.log
