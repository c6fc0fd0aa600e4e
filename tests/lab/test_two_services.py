"""Two services on one PostgreSQL, 5,000 letters, a sink that counts: killed, frozen and cut off, nobody gets two."""

import asyncio
import signal
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from sqlalchemy import update

from distributor.delivery.state import State
from distributor.store.database import Database
from distributor.store.schema import delivery
from tests.acceptance.service import drop
from tests.integration.postgres import PostgresServer
from tests.lab.fleet import Machine, books_of, in_hand, machines, states, until
from tests.lab.sink import Sink

PEOPLE = 5000
LINES = 5
KILLS = 5


def two(folder: Path, url: str, sink: Sink) -> AbstractAsyncContextManager[list[Machine]]:
    return machines(folder, url, count=2, port=sink.port, people=PEOPLE, lines=LINES)


def assert_everybody_has_one(sink: Sink, postgres: Database, *, unknown: int = 0) -> None:
    """Lost 0, doubled 0, in doubt no more than could be in flight; the books balance."""
    found, taken = states(postgres), sink.taken
    doubtful = {address for address, state in found.items() if state is State.UNKNOWN}
    assert len(found) == PEOPLE
    assert {address for address, state in found.items() if state is State.ACCEPTED} == set(found) - doubtful
    assert len(doubtful) <= unknown
    assert set(taken.values()) == {1}
    assert set(found) - doubtful <= set(taken) <= set(found)
    books = books_of(postgres)
    assert books.balanced
    assert books.planned == PEOPLE


async def all_settled(postgres: Database) -> None:
    await until(lambda: books_of(postgres).balanced, "every copy settled")


async def sent(sink: Sink, count: int) -> None:
    await until(lambda: sink.count >= count, f"{count} letters sent")


async def both_at_work(postgres: Database, *services: Machine) -> None:
    """Waits until each of them is handing letters over."""
    await until(
        lambda: all(in_hand(postgres, machine.owner, State.SENDING) for machine in services), "all of them at work"
    )


async def frozen_in_the_middle(postgres: Database, machine: Machine) -> None:
    """Freezes it while it hands letters over: between two letters it would leave nothing in doubt."""

    def is_caught() -> bool:
        machine.send_signal(signal.SIGSTOP)
        if in_hand(postgres, machine.owner, State.SENDING):
            return True
        machine.send_signal(signal.SIGCONT)
        return False

    await until(is_caught, "it frozen with letters in hand")


@pytest.mark.timeout(300)
async def test_31_two_services_send_each_of_5000_letters_once(
    tmp_path: Path, sink: Sink, postgres: Database, postgres_url: str
) -> None:
    async with two(tmp_path, postgres_url, sink) as services:
        drop(services[0].office)
        await both_at_work(postgres, *services)
        await all_settled(postgres)
        assert [await machine.stop() for machine in services] == [0, 0]
        assert_everybody_has_one(sink, postgres)
        assert sum(machine.count("bulletin.finished") for machine in services) >= 1


@pytest.mark.timeout(300)
async def test_29_one_of_two_services_is_killed_five_times_and_nothing_is_lost_or_doubled(
    tmp_path: Path, sink: Sink, postgres: Database, postgres_url: str
) -> None:
    async with two(tmp_path, postgres_url, sink) as (first, other):
        drop(first.office)
        for kill in range(KILLS):
            await sent(sink, PEOPLE * kill // (KILLS + 1))
            await both_at_work(postgres, first, other)
            assert await other.stop(signal.SIGKILL) == -signal.SIGKILL
            await other.start()
        await all_settled(postgres)
        assert [await machine.stop() for machine in (first, other)] == [0, 0]
        assert_everybody_has_one(sink, postgres, unknown=LINES * KILLS)


@pytest.mark.timeout(300)
async def test_32_a_service_frozen_beyond_its_lease_wakes_and_repeats_nothing(
    tmp_path: Path, sink: Sink, postgres: Database, postgres_url: str
) -> None:
    async with two(tmp_path, postgres_url, sink) as (first, other):
        drop(first.office)
        await both_at_work(postgres, first, other)
        await frozen_in_the_middle(postgres, other)
        frozen = other.owner
        await until(lambda: not in_hand(postgres, frozen, State.CLAIMED), "its claims taken from it")
        await asyncio.to_thread(_let_leases_pass, postgres, frozen)
        await until(lambda: not in_hand(postgres, frozen, State.SENDING), "what it handed over in doubt")
        await all_settled(postgres)
        assert 0 < books_of(postgres).unknown <= LINES
        other.send_signal(signal.SIGCONT)
        await until(lambda: books_of(postgres).finished, "the late answers booked")
        assert [await machine.stop() for machine in (first, other)] == [0, 0]
        assert_everybody_has_one(sink, postgres)


@pytest.mark.timeout(300)
async def test_39_postgresql_is_restarted_in_the_middle_and_both_services_go_on(
    tmp_path: Path, sink: Sink, postgres: Database, postgres_server: PostgresServer, postgres_url: str
) -> None:
    async with two(tmp_path, postgres_url, sink) as services:
        drop(services[0].office)
        await both_at_work(postgres, *services)
        await sent(sink, PEOPLE // 4)
        await asyncio.to_thread(postgres_server.restart)
        await all_settled(postgres)
        assert [await machine.stop() for machine in services] == [0, 0]
        assert_everybody_has_one(sink, postgres)


def _let_leases_pass(database: Database, owner: str) -> None:
    """As if the eleven minutes were over for which a letter may wait for the answer to its dot."""
    with database.write() as conn:
        conn.execute(update(delivery).where(delivery.c.owner == owner).values(lease_until=0))
