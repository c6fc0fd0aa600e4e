"""Several services on one PostgreSQL: every recipient exactly once, also when one of them is killed."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, update

from distributor.store.alerts import alerts
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.schema import delivery
from tests.acceptance.office import Office
from tests.acceptance.service import Service, drop, serving
from tests.channels.server import ScriptedServer, Stall, Wait

PEOPLE = 300
LINES = 4
STALLED = "unit150@example.gov.cn"


@pytest.fixture
def office(tmp_path: Path, postgres_url: str) -> Office:
    office = Office(tmp_path, connections=LINES, environment={"DISTRIBUTOR_DATABASE__URL": postgres_url})
    office.recipients(leaders=10, units=PEOPLE - 10)
    return office


@asynccontextmanager
async def fleet(office: Office, server: ScriptedServer) -> AsyncIterator[tuple[Service, list[Service]]]:
    """One service for the clock and two that send, all at work."""
    office.environment["DISTRIBUTOR_SMTP__MAIN__PORT"] = str(server.port)
    async with AsyncExitStack() as stack:
        clock = await stack.enter_async_context(serving(office, "--role", "schedule"))
        senders = [await stack.enter_async_context(serving(office, "--role", "send")) for _ in range(2)]
        for service in (clock, *senders):
            await service.until("service.started")
        yield clock, senders


async def settled(*senders: Service) -> None:
    """Waits until one of the senders reports that every copy has left or is in doubt."""

    async def watch(service: Service) -> None:
        count = 0
        while count < PEOPLE:
            record = await service.until("send.ended")
            count = record.get("accepted", 0) + record.get("unknown", 0)

    watching = [asyncio.create_task(watch(sender)) for sender in senders]
    done, rest = await asyncio.wait(watching, return_when=asyncio.FIRST_COMPLETED)
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    for task in done:
        task.result()


def copies(server: ScriptedServer) -> Counter[str]:
    return Counter(letter.recipient for letter in server.delivered if not letter.recipient.startswith("editor"))


def states(database: Database) -> dict[str, str]:
    with database.read() as conn:
        return {row.address: row.state.value for row in deliveries_of(conn, 1)}


async def test_31_two_senders_and_a_clock_send_every_letter_exactly_once(office: Office, postgres: Database) -> None:
    both_at_work = asyncio.Event()
    async with ScriptedServer() as server, fleet(office, server) as (clock, senders):
        server.plan("BODY", *[Wait(both_at_work)] * LINES)  # all lines of the first one, so that the other has work
        drop(office)
        for sender in senders:
            await sender.until("send.begun")
        both_at_work.set()
        await settled(*senders)
        assert [await service.stop() for service in (clock, *senders)] == [0, 0, 0]

        assert states(postgres) == dict.fromkeys(states(postgres), "accepted")
        assert copies(server) == dict.fromkeys(states(postgres), 1)
        assert len(copies(server)) == PEOPLE
        assert "inbox.taken" in clock.actions
        assert not any("leader.taken" in sender.actions for sender in senders)


async def test_29_a_sender_that_is_killed_loses_nothing_and_repeats_nothing(office: Office, postgres: Database) -> None:
    async with ScriptedServer() as server, fleet(office, server) as (clock, senders):
        server.plan("RCPT", Stall(), address=STALLED)
        drop(office)
        await asyncio.wait_for(server.stalled.wait(), 60)
        dead = _owner_of(postgres, STALLED)
        victim = next(sender for sender in senders if sender.log[0]["owner"] == dead)
        survivor = next(sender for sender in senders if sender is not victim)
        assert await victim.stop(signal.SIGKILL) == -signal.SIGKILL
        _let_leases_pass(postgres, dead)

        async with serving(office, "--role", "send") as fresh:
            await fresh.until("service.started")
            # Whoever looks first sweeps what the dead one held: the clock, or the fresh one at its start.
            await settled(survivor, fresh)
            for service in (clock, survivor, fresh):
                assert await service.stop() == 0

        doubtful = [address for address, state in states(postgres).items() if state == "unknown"]
        assert len(doubtful) <= LINES
        assert STALLED not in doubtful
        assert set(states(postgres).values()) <= {"accepted", "unknown"}
        assert max(copies(server).values()) == 1
        assert set(states(postgres)) - set(copies(server)) <= set(doubtful)
        with postgres.read() as conn:
            told = [alert.cause for alert in alerts(conn)]
        assert told == [f"unknown:1:{len(doubtful)}"] * bool(doubtful)


def _owner_of(database: Database, address: str) -> str:
    with database.read() as conn:
        return str(conn.execute(select(delivery.c.owner).where(delivery.c.address == address)).scalar_one())


def _let_leases_pass(database: Database, owner: str) -> None:
    """As if the minutes were over for which a dead sender keeps its rows."""
    with database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.owner == owner).values(lease_until=0))
