"""The installed service reads the mailbox: at once, beside everything else, and with a role of its own."""

import datetime as dt
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.store.database import Database
from tests.acceptance.office import Office
from tests.acceptance.service import Service, serving
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.test_mailroom import READ, Mailroom, accepted
from tests.lab import dovecot
from tests.lab.dovecot import PASSWORD, Account, Dovecot
from tests.unit.reports import answer, wire

HZB = "hzb@example.test"


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot.running([Account(HZB)]) as running:
        yield running


def reading(folder: Path, database: Database, server: Dovecot, **more: str) -> tuple[Office, Mailroom]:
    """An office with accepted letters, and settings in the environment by which its service reads the mailbox."""
    clock = Clock()
    clock.now = dt.datetime.now(dt.UTC)
    room = accepted(Bureau(folder, database, clock))
    (folder / "secrets").mkdir()
    shutil.copy(folder / "token.key", folder / "secrets" / "token.key")
    office = room.bureau.office
    office.environment = {
        "DISTRIBUTOR_MAILBOX__HOST": "127.0.0.1",
        "DISTRIBUTOR_MAILBOX__PORT": str(server.imap),
        "DISTRIBUTOR_MAILBOX__SECURITY": "none",
        "DISTRIBUTOR_MAILBOX__USERNAME": HZB,
        "DISTRIBUTOR_MAILBOX__PASSWORD": PASSWORD,
        "DISTRIBUTOR_MAILBOX__POLL": "20 minutes",
        "DISTRIBUTOR_MAILBOX__DONE_FOLDER": "Done",
        **more,
    }
    server.doveadm("expunge", "-u", HZB, "mailbox", "INBOX", "ALL")
    return office, room


async def until_ours(service: Service, count: int) -> None:
    """Waits until so many mails of ours were read."""
    seen = 0
    while seen < count:
        seen += (await service.until("mailbox.read"))["ours"]


async def test_the_service_sees_a_report_at_once_and_ends_in_time(tmp_path: Path, server: Dovecot) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'data' / 'distributor.db'}")
    office, room = reading(tmp_path, database, server)
    server.put(HZB, room.about(READ))

    async with serving(office) as service:
        await until_ours(service, 1)
        server.put(HZB, wire("From: bob@example.com\nSubject: 开会\n\nx"))
        server.put(HZB, room.about(answer()))
        await until_ours(service, 1)  # long before the next poll: by IDLE
        began = time.monotonic()
        assert await service.stop() == 0

    assert time.monotonic() - began < 30  # IDLE looks up each second; the poll is twenty minutes away
    assert [kind for kind, _ in room.standings()] == ["read", "replied"]
    assert (server.count(HZB), server.count(HZB, "Done")) == (1, 2)
    assert PASSWORD not in str(service.log)
    database.close()


async def test_a_process_that_only_receives_reads_the_mailbox(
    tmp_path: Path, server: Dovecot, postgres: Database, postgres_url: str
) -> None:
    office, room = reading(tmp_path, postgres, server, DISTRIBUTOR_DATABASE__URL=postgres_url)
    server.put(HZB, room.about(READ))

    async with serving(office, "--role", "receive") as service:
        await until_ours(service, 1)
        assert await service.stop() == 0

    assert [kind for kind, _ in room.standings()] == ["read"]
    assert "send.begun" not in service.actions
