"""One round through a mailbox: the place that was reached, mails that break, mails that cannot be moved."""

import datetime as dt
from pathlib import Path
from typing import Any, cast

import pytest

from distributor.dispatch import mailbox_round
from distributor.dispatch.mailbox_round import Round, read_round
from distributor.receipts.mailbox import Fetched, Folder, MailboxFault, MailboxTrouble, MailGone
from distributor.settings import MailboxSettings
from distributor.store.database import Database
from distributor.store.mailboxes import cursor_of, failed_mails, unsettled
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.test_mailroom import READ, Mailroom, accepted
from tests.unit.reports import DELAYED, answer, dsn, wire

SETTINGS = MailboxSettings(host="127.0.0.1", security="none", username="hzb")
PLAIN = wire("From: bob@example.com\nSubject: x\n\nx")


class Shelf:
    """Mails by UID, as a folder gives them out."""

    def __init__(self, *mails: bytes, validity: int = 7) -> None:
        self.validity = validity
        self.mails = dict(enumerate(mails, 1))
        self.done: list[int] = []
        self.aside: list[int] = []
        self.fetched: list[int] = []
        self.since: dt.date | None = None
        self.full = False
        self.breaks_at = 0

    def uids_after(self, last: int, *, since: dt.date | None = None) -> list[int]:
        self.since = since
        return sorted(uid for uid in self.mails if uid > last)

    def fetch(self, uid: int) -> Fetched:
        self.fetched.append(uid)
        if uid == self.breaks_at:
            raise MailboxTrouble(MailboxFault.NETWORK, "gone")
        if uid not in self.mails:
            raise MailGone(str(uid))
        return Fetched(self.mails[uid], len(self.mails[uid]), dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC))

    def mark_done(self, uid: int) -> None:
        if self.full:
            raise MailboxTrouble(MailboxFault.FOLDER, "[OVERQUOTA] no room")
        self.done.append(uid)

    def quarantine(self, uid: int) -> None:
        self.aside.append(uid)


@pytest.fixture
def room(tmp_path: Path, sqlite: Database, clock: Clock) -> Mailroom:
    return accepted(Bureau(tmp_path, sqlite, clock))


@pytest.fixture
def any_room(tmp_path: Path, database: Database, clock: Clock) -> Mailroom:
    return accepted(Bureau(tmp_path, database, clock))


def read(room: Mailroom, shelf: Shelf, **more: Any) -> Round:
    clock = room.bureau.clock
    return read_round(room.database, cast("Folder", shelf), SETTINGS, room.key, clock=clock, **more)


def reached(room: Mailroom) -> tuple[int, int]:
    with room.database.read() as conn:
        cursor = cursor_of(conn, SETTINGS.name)
    return cursor.validity, cursor.last_uid


def test_each_mail_is_looked_at_once_and_only_ours_are_marked(any_room: Mailroom) -> None:
    room = any_room
    shelf = Shelf(PLAIN, room.about(READ), PLAIN)

    first, second = read(room, shelf), read(room, shelf)

    assert (first.seen, len(first.booked), second.seen) == (3, 1, 0)
    assert shelf.done == [2]
    assert reached(room) == (7, 3)


def test_at_the_first_time_only_mail_of_the_last_days_is_asked_for(room: Mailroom) -> None:
    shelf = Shelf(PLAIN)

    read(room, shelf)
    first = shelf.since
    read(room, shelf)

    assert first == (room.bureau.clock() - dt.timedelta(days=30)).date()
    assert shelf.since is None


def test_another_uidvalidity_begins_anew_and_books_nothing_twice(any_room: Mailroom) -> None:
    room = any_room
    read(room, Shelf(PLAIN, room.about(READ), room.about(dsn(DELAYED))))
    again = Shelf(room.about(READ), room.about(answer()), validity=8)

    done = read(room, again)

    assert done.seen == 2
    assert reached(room) == (8, 2)
    assert sorted(kind for kind, _ in room.standings()) == ["delayed", "read", "replied"]


def test_a_line_that_breaks_keeps_what_was_booked(room: Mailroom) -> None:
    shelf = Shelf(room.about(dsn(DELAYED)), room.about(READ))
    shelf.breaks_at = 2

    with pytest.raises(MailboxTrouble):
        read(room, shelf)
    assert reached(room) == (7, 1)
    assert [kind for kind, _ in room.standings()] == ["delayed"]
    shelf.breaks_at = 0
    read(room, shelf)

    assert shelf.done == [1, 2]


def test_a_mail_that_breaks_is_tried_three_times_and_then_put_aside(
    any_room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = any_room
    honest: Any = vars(mailbox_round)["take_in"]

    def poisoned(conn: object, raw: bytes, *rest: object, **more: object) -> object:
        if b"poison" in raw:
            raise RecursionError
        return honest(conn, raw, *rest, **more)

    monkeypatch.setattr(mailbox_round, "take_in", poisoned)
    shelf = Shelf(wire("Subject: poison\n\nx"), room.about(READ))

    rounds = [read(room, shelf) for _ in range(4)]

    assert shelf.fetched == [1, 2, 1, 1]
    assert [each.quarantined for each in rounds] == [[], [], [1], []]
    assert (shelf.done, shelf.aside) == ([2], [1])


def test_a_mail_that_broke_once_and_is_none_of_ours_is_forgotten(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*rest: object, **more: object) -> object:
        raise OSError

    shelf = Shelf(PLAIN)
    with monkeypatch.context() as patched:
        patched.setattr(mailbox_round, "take_in", broken)
        read(room, shelf)
    with room.database.read() as conn:
        assert failed_mails(conn, SETTINGS.name, 7) == (1,)

    read(room, shelf)

    with room.database.read() as conn:
        assert failed_mails(conn, SETTINGS.name, 7) == ()
    assert (shelf.done, shelf.aside) == ([], [])


def test_a_full_mailbox_is_told_of_and_made_good_later(room: Mailroom) -> None:
    shelf = Shelf(room.about(READ))
    shelf.full = True

    assert read(room, shelf).stuck == "[OVERQUOTA] no room"
    with room.database.read() as conn:
        assert [mail.uid for mail in unsettled(conn, SETTINGS.name, 7)] == [1]
    shelf.full = False
    assert read(room, shelf).stuck == ""

    assert shelf.done == [1]
    assert [kind for kind, _ in room.standings()] == ["read"]


def test_a_mail_that_is_gone_is_passed_over(room: Mailroom) -> None:
    shelf = Shelf(PLAIN, room.about(READ))
    uids = shelf.uids_after

    def one_more(last: int, *, since: dt.date | None = None) -> list[int]:
        return [*uids(last, since=since), *([5] if last < 5 else [])]

    shelf.uids_after = one_more  # type: ignore[method-assign]  # somebody moves it between the list and the fetch

    read(room, shelf)

    assert reached(room) == (7, 5)
    assert shelf.done == [2]


def test_a_stop_is_obeyed_between_two_mails(room: Mailroom) -> None:
    shelf = Shelf(PLAIN, PLAIN, PLAIN)

    done = read(room, shelf, stop=lambda: len(shelf.fetched) >= 1)

    assert (done.seen, reached(room)) == (1, (7, 1))


def test_many_mails_are_read_in_several_rounds(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox_round, "AT_ONCE", 2)
    shelf = Shelf(*[PLAIN] * 5)

    rounds = [read(room, shelf) for _ in range(3)]

    assert [(each.seen, each.more) for each in rounds] == [(2, True), (2, True), (1, False)]
