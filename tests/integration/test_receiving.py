"""The receiving part of the service: what it tells the editors, and how it bears trouble."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from distributor.receipts.mailbox import MailboxFault, MailboxTrouble
from distributor.service import receiving
from distributor.service.office import Office
from distributor.service.receiving import LONGEST, PAUSE, READER, UNUSED, Receiving
from distributor.store import leases
from distributor.store.alerts import alerts
from distributor.store.database import Database
from distributor.store.mailboxes import cursor_of
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.test_mailbox_round import SETTINGS, Shelf
from tests.integration.test_mailroom import Mailroom, accepted
from tests.unit.reports import ARF, POSTFIX_FAILED, dsn, wire

#: The same folder, with a password, so that it may be opened.
MAILBOX = SETTINGS.model_validate({**SETTINGS.model_dump(), "password": "secret"})


class Opened(Shelf):
    """A shelf that is opened, waited at and closed like a folder."""

    waited: float = 0
    closed = False

    def wait(self, seconds: float, *, stop: Any) -> bool:
        self.waited += seconds
        return True

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def room(tmp_path: Path, sqlite: Database, clock: Clock) -> Mailroom:
    return accepted(Bureau(tmp_path, sqlite, clock))


def office_of(room: Mailroom) -> Office:
    bureau = room.bureau
    settings = bureau.settings.model_copy(update={"mailbox": MAILBOX})
    return Office(bureau.office.folder, settings, room.database, room.key, "one", bureau.clock)


def opening(monkeypatch: pytest.MonkeyPatch, *shelves: Opened | MailboxTrouble) -> list[str]:
    """Lets each opening of a folder give the next of these. Returns the passwords that were said."""
    rest, said = list(shelves), []

    def opened(settings: object, password: str) -> Opened:
        said.append(password)
        found = rest.pop(0)
        if isinstance(found, MailboxTrouble):
            raise found
        return found

    monkeypatch.setattr(receiving, "Folder", opened)
    return said


def causes(room: Mailroom) -> set[str]:
    with room.database.read() as conn:
        return {alert.cause for alert in alerts(conn)}


def test_the_editors_hear_of_what_needs_a_person(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = room.about(dsn(POSTFIX_FAILED), room.copies[0], address="other@else.example")
    shelf = Opened(room.about(dsn(POSTFIX_FAILED)), room.about(wire(ARF)), stranger)
    said = opening(monkeypatch, shelf)

    assert Receiving(office_of(room)).once() == 0.0

    assert causes(room) == {f"suppressed:{room.unit1.address}", "complaint", "mailbox:review"}
    assert said == ["secret"]
    assert shelf.waited == MAILBOX.poll.total_seconds()


def test_one_line_is_kept_open_and_a_change_of_settings_opens_another(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Opened(), Opened()
    opening(monkeypatch, first, second)
    office = office_of(room)
    reader = Receiving(office)
    reader.once()
    reader.once()
    assert not first.closed

    changed = MAILBOX.model_copy(update={"folder": "回执"})
    office.settings = office.settings.model_copy(update={"mailbox": changed})
    reader.once()

    assert first.closed
    assert second.waited


def test_without_a_mailbox_nothing_is_opened(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    opening(monkeypatch)
    office = office_of(room)
    office.settings = room.bureau.settings

    assert Receiving(office).once() == UNUSED


def test_trouble_waits_longer_each_time_and_ends_with_the_first_reading(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = MailboxTrouble(MailboxFault.NETWORK, "refused")
    opening(monkeypatch, *[away] * 8, Opened())
    reader = Receiving(office_of(room))

    waits = [reader.once() for _ in range(8)]

    assert waits[:3] == [PAUSE.total_seconds() * n for n in (1, 2, 4)]
    assert waits[-1] == LONGEST.total_seconds()
    assert causes(room) == set()  # it has not lasted yet
    reader.once()
    with room.database.read() as conn:
        cursor = cursor_of(conn, MAILBOX.name)
    assert (cursor.trouble, cursor.read_at) == ("", room.bureau.clock())


def test_a_refused_login_is_told_at_once(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    opening(monkeypatch, MailboxTrouble(MailboxFault.LOGIN, "no"))

    Receiving(office_of(room)).once()

    assert causes(room) == {f"mailbox:{MAILBOX.name}:login"}


def test_a_missing_password_is_told_like_a_refused_one(room: Mailroom) -> None:
    office = office_of(room)
    office.settings = office.settings.model_copy(update={"mailbox": SETTINGS})

    Receiving(office).once()

    assert causes(room) == {f"mailbox:{MAILBOX.name}:login"}


def test_one_process_reads_and_another_waits_for_its_place(room: Mailroom, monkeypatch: pytest.MonkeyPatch) -> None:
    opening(monkeypatch, Opened())
    with room.database.write() as conn:
        held = leases.take(conn, READER, "another", MAILBOX.poll)
    assert held
    reader = Receiving(office_of(room))

    assert reader.once() == MAILBOX.poll.total_seconds()
    with room.database.write() as conn:
        leases.give_up(conn, held)
    assert reader.once() == 0.0


async def test_a_fault_in_the_reading_does_not_end_it_and_a_stop_does(
    room: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(room)
    reader = Receiving(office)
    tried = asyncio.Event()
    loop = asyncio.get_running_loop()

    def broken() -> float:
        loop.call_soon_threadsafe(tried.set)
        raise ZeroDivisionError

    monkeypatch.setattr(reader, "once", broken)
    running = asyncio.create_task(reader.run())
    await asyncio.wait_for(tried.wait(), 10)
    assert not running.done()
    office.stop()

    await asyncio.wait_for(running, 10)
