"""The turnstile: exactly as many letters leave as the limits allow, and the rest wait untried and uncharged."""

import datetime as dt
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from distributor.channels.base import Envelope, Message
from distributor.delivery.outcome import Fault
from distributor.delivery.state import State
from distributor.delivery.throttle import Limit, Scope, parse_limit
from distributor.dispatch.gates import Way
from distributor.dispatch.turnstile import Gate, Turnstile, interleaved
from distributor.dispatch.worker import Stopped, Worker
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import recall_postponed, release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim, DeliveryRecord
from distributor.store.windows import usage
from tests.channels.letters import BODY, channel_to
from tests.channels.server import Say, ScriptedServer
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter, person
from tests.integration.passing import let_pass

BULLETIN = 1
TOWN, COUNTY = "town.example", "county.example"
TWO, THREE = (parse_limit("2/minute"),), (parse_limit("3/minute"),)


def fill(database: Database, *, town: int, county: int = 0) -> None:
    """A released bulletin for so many people of each domain; the town's letters have waited longer."""
    people = [replace(person(f"t{n}"), address=f"t{n}@{TOWN}") for n in range(town)]
    people += [replace(person(f"c{n}"), address=f"c{n}@{COUNTY}") for n in range(county)]
    with database.write() as conn:
        save_frozen(conn, frozen(replace(letter(), recipients=tuple(people))), now=NOW)
        first = [row.id for row in deliveries_of(conn, BULLETIN) if row.address.endswith(TOWN)]
        release(conn, BULLETIN, at=NOW - dt.timedelta(hours=1), valid_until=LATER, delivery_ids=first)
        release(conn, BULLETIN, at=NOW, valid_until=LATER)


@asynccontextmanager
async def counted(
    database: Database, clock: Callable[[], dt.datetime], limits: tuple[Limit, ...] = (), **domains: tuple[Limit, ...]
) -> AsyncIterator[tuple[Gate, Ledger]]:
    """A turnstile with the limits of the account, and those of the town."""
    ledger = Ledger(database, clock=clock)
    ledger.start()
    domain_limits = {TOWN: domains["town"]} if "town" in domains else {}
    try:
        yield (
            Turnstile(ledger, database, [Way("main", limits, domain_limits)], owner="test/1", clock=clock).gates[0],
            ledger,
        )
    finally:
        ledger.close()


async def work(
    database: Database, clock: Clock, server: ScriptedServer, limits: tuple[Limit, ...] = (), **more: Any
) -> Stopped:
    """One run of a worker with one line."""
    async with counted(database, clock, limits, **more) as (source, ledger):
        return await Worker(ledger, source, [channel_to(server)], _compose, clock=clock, chance=lambda: 0.0).run()


def _compose(claim: Claim) -> Message:
    return Message(claim.delivery_id, Envelope("hzb@example.gov.cn", claim.address), (BODY,))


def rows(database: Database) -> list[DeliveryRecord]:
    with database.read() as conn:
        return list(deliveries_of(conn, BULLETIN, history=True))


def used(database: Database, scope: str = "account:main") -> int:
    with database.read() as conn:
        return usage(conn, [Scope(scope, (parse_limit("1000/minute"),))])[0].used


def domains_of(claims: list[Claim]) -> list[str]:
    return [claim.address.rpartition("@")[2] for claim in claims]


async def test_exactly_so_many_pass_and_the_others_wait_untried_and_uncharged(database: Database, clock: Clock) -> None:
    fill(database, town=10)
    async with counted(database, clock, THREE) as (source, _):
        assert len(await source.claim(5)) == 3
        assert source.wait is not None
        assert dt.timedelta(seconds=50) < source.wait <= dt.timedelta(seconds=60, milliseconds=1)
        assert await source.claim(5) == []

    waiting = [row for row in rows(database) if row.state is State.QUEUED]
    assert len(waiting) == 7
    assert all(row.attempts == 0 and row.history == () for row in waiting)
    assert used(database) == 3


async def test_who_was_turned_away_passes_when_the_window_has_room(database: Database, clock: Clock) -> None:
    fill(database, town=4)
    async with counted(database, clock, THREE) as (source, _):
        first = await source.claim(4)
        clock.forward(seconds=61)
        let_pass(database, seconds=61)
        then = await source.claim(4)
    assert (len(first), len(then)) == (3, 1)
    assert {claim.address for claim in first + then} == {row.address for row in rows(database)}


async def test_who_was_turned_away_is_due_again_when_the_limits_are_others(database: Database, clock: Clock) -> None:
    fill(database, town=4)
    async with counted(database, clock, THREE) as (source, _):
        assert len(await source.claim(4)) == 3
    with database.write() as conn:
        [one] = [row for row in deliveries_of(conn, BULLETIN) if row.state is State.QUEUED]
        assert recall_postponed(conn, now=clock.now) == 1
        assert recall_postponed(conn, now=clock.now) == 0
    async with counted(database, clock) as (source, _):
        assert [claim.delivery_id for claim in await source.claim(4)] == [one.id]


async def test_a_full_domain_does_not_stand_in_the_way_of_the_letters_behind_it(sqlite: Database, clock: Clock) -> None:
    fill(sqlite, town=8, county=2)
    async with counted(sqlite, clock, town=TWO) as (source, _):
        assert domains_of(await source.claim(2)) == [TOWN] * 2
        assert domains_of(await source.claim(2)) == [COUNTY] * 2
        assert await source.claim(2) == []
        assert source.wait is None  # the account has room
    assert used(sqlite, f"domain:main:{TOWN}") == 2


async def test_one_run_sends_all_that_may_go_past_a_full_domain(sqlite: Database, clock: Clock) -> None:
    fill(sqlite, town=8, county=3)
    async with ScriptedServer() as server:
        stopped = await work(sqlite, clock, server, town=TWO)
    assert stopped == Stopped(None, tried=5)
    assert Counter(letter.recipient.rpartition("@")[2] for letter in server.delivered) == {TOWN: 2, COUNTY: 3}


async def test_the_domains_of_one_claim_take_turns(sqlite: Database, clock: Clock) -> None:
    fill(sqlite, town=3, county=3)
    async with counted(sqlite, clock, THREE) as (source, _):
        assert domains_of(await source.claim(6)) == [TOWN] * 3  # who has waited longer goes first
    for addresses, expected in [
        (["a1@a", "a2@a", "a3@a", "b1@b", "b2@b", "c1@c"], ["a1@a", "b1@b", "c1@c", "a2@a", "b2@b", "a3@a"]),
        (["a1@a", "a2@a"], ["a1@a", "a2@a"]),
        ([], []),
    ]:
        assert [claim.address for claim in interleaved([_claim(address) for address in addresses])] == expected


def _claim(address: str) -> Claim:
    return Claim(address, 1, 1, 1, "email", address, "", "", None, 0, NOW, LATER)


async def test_what_is_given_back_frees_its_room_whenever_it_was_claimed(database: Database, clock: Clock) -> None:
    fill(database, town=6)
    async with counted(database, clock, (parse_limit("4/minute"),)) as (source, _):
        early = await source.claim(2)
        late = await source.claim(2)
        assert used(database) == 4
        await source.give_back([*early, *late])
        assert used(database) == 0
        assert len(await source.claim(6)) == 4


async def test_a_run_that_a_refused_login_ends_keeps_no_room_for_letters_that_never_set_out(
    sqlite: Database, clock: Clock
) -> None:
    fill(sqlite, town=6)
    async with ScriptedServer() as server:
        server.plan("GREETING", *[Say("554 5.7.1 blocked")] * 5)
        stopped = await work(sqlite, clock, server, (parse_limit("5/minute"),))
    assert stopped.outcome is not None
    assert stopped.outcome.fault is Fault.ACCOUNT
    assert used(sqlite) <= 1  # the letter at which it showed
    assert {(row.state, row.attempts) for row in rows(sqlite)} == {(State.QUEUED, 0)}


async def test_without_limits_nothing_is_counted_and_all_pass(sqlite: Database, clock: Clock) -> None:
    fill(sqlite, town=6)
    async with counted(sqlite, clock) as (source, _):
        assert len(await source.claim(10)) == 6
    assert used(sqlite) == 0


@pytest.mark.parametrize("patience", [0, 2], ids=["a service comes back later", "a person waits"])
async def test_a_full_account_ends_a_run_or_is_waited_for(sqlite: Database, patience: int) -> None:
    fill(sqlite, town=3)
    start = time.monotonic()

    def running() -> dt.datetime:
        return NOW + dt.timedelta(seconds=time.monotonic() - start)

    async with ScriptedServer() as server, counted(sqlite, running, (parse_limit("2/second"),)) as (source, ledger):
        wait = dt.timedelta(seconds=patience)
        lines = [channel_to(server)]
        stopped = await Worker(ledger, source, lines, _compose, clock=running, chance=lambda: 0.0, patience=wait).run()
    assert stopped.tried == (3 if patience else 2)
