"""Letters that servers refuse for their content: a copy waits alone at first, the whole letter after some of them."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from distributor.delivery.decision import Decision
from distributor.delivery.judgement import judge
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import State
from distributor.dispatch.decisions import decide
from distributor.dispatch.holds import let_go, take_up_refused
from distributor.dispatch.plan import Selection, make_plan
from distributor.store.bulletins import get_bulletin, save_frozen
from distributor.store.claims import sweep
from distributor.store.counts import oldest_due, refused_by_group
from distributor.store.database import Database
from distributor.store.deliveries import due_bulletins, next_due
from distributor.store.ledger import Ledger
from tests.channels.server import Say, ScriptedServer
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, frozen, letter
from tests.integration.outgoing import BULLETIN, address, copies, fill, hold, rows, send, states

SPAM = Say("554 5.7.1 DT:SPM content rejected")
PEOPLE = ("anna", "bela", "cora", "dora", "emma", "fila")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as server:
        yield server


def refuse(server: ScriptedServer, *names: str, stage: str = "DOT") -> None:
    """Lets the server refuse the letters to these people for ever."""
    for name in names:
        server.plan(stage, *[SPAM] * 20, address=address(name))


@pytest.mark.parametrize("stage", ["DATA", "DOT"])
async def test_21_two_refusals_of_three_leave_the_letter_going_and_wait_alone(
    database: Database, server: ScriptedServer, clock: Clock, stage: str
) -> None:
    fill(database, *PEOPLE)
    refuse(server, "bela", "dora", stage=stage)
    await send(database, server, clock, refusals=3)
    clock.forward(hours=5)
    await send(database, server, clock, refusals=3)

    assert hold(database) is None
    assert states(database) == {"accepted": 4, "queued": 2}
    refused = [rows(database)[address(name)] for name in ("bela", "dora")]
    assert all((row.reason, row.attempts, len(row.history)) == ("content", 0, 1) for row in refused)
    with database.read() as conn:
        assert list(refused_by_group(conn, BULLETIN).values()) == [2]


async def test_21_the_third_refusal_holds_the_letter_and_the_rest_stay_untried(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    fill(database, *PEOPLE)
    refuse(server, *PEOPLE)
    await send(database, server, clock, refusals=3)

    assert hold(database) == "content"
    assert states(database) == {"queued": len(PEOPLE)}
    assert sorted(len(row.history) for row in rows(database).values()) == [0, 0, 0, 1, 1, 1]
    assert server.commands.count("DATA") == 3


@pytest.mark.parametrize("lines", [2, 6])
async def test_21_refusals_on_several_lines_at_once_are_counted_together(
    database: Database, server: ScriptedServer, clock: Clock, lines: int
) -> None:
    fill(database, *PEOPLE)
    refuse(server, *PEOPLE)
    await send(database, server, clock, refusals=3, lines=lines)

    tried = sum(len(row.history) for row in rows(database).values())
    assert hold(database) == "content"
    assert 3 <= tried <= 2 + lines
    assert copies(server) == {}


async def test_refusals_booked_at_the_same_moment_hold_the_letter(database: Database, clock: Clock) -> None:
    fill(database, *PEOPLE)
    ledgers = [Ledger(database, clock=clock) for _ in range(3)]
    for ledger in ledgers:
        ledger.start()
    outcome = Outcome(Verdict.REJECTED, Fault.CONTENT, Stage.DOT, Reply(554, "5.7.1", "spam"))
    verdict = judge(outcome, attempts=0, now=clock.now, valid_until=LATER, chance=0.0, refusals=3)
    try:
        claims = [
            (await ledger.claim(owner=f"test/{number}", limit=1, lease=dt.timedelta(minutes=1)))[0]
            for number, ledger in enumerate(ledgers)
        ]
        await asyncio.gather(*(ledger.record(c, verdict, outcome) for ledger, c in zip(ledgers, claims, strict=True)))
    finally:
        for ledger in ledgers:
            ledger.close()
    assert hold(database) == "content"


@pytest.mark.parametrize("names", [("anna",), ("anna", "bela")], ids=["one person", "two people"])
async def test_a_group_smaller_than_the_limit_is_held_when_all_its_copies_were_refused(
    database: Database, server: ScriptedServer, clock: Clock, names: tuple[str, ...]
) -> None:
    fill(database, *names)
    refuse(server, *names)
    await send(database, server, clock, refusals=3)
    assert hold(database) == "content"
    assert states(database) == {"queued": len(names)}


async def test_a_small_group_of_which_one_copy_was_refused_is_not_held(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    fill(database, "anna", "bela")
    refuse(server, "anna")
    await send(database, server, clock, refusals=3)
    assert hold(database) is None
    assert states(database) == {"accepted": 1, "queued": 1}


async def put_two_aside(database: Database, server: ScriptedServer, clock: Clock, *, held: bool) -> None:
    fill(database, *PEOPLE)
    for name in PEOPLE[: 3 if held else 2]:
        server.plan("DOT", SPAM, address=address(name))
    await send(database, server, clock, refusals=3)
    assert (hold(database) is not None) is held


@pytest.mark.parametrize("held", [True, False], ids=["held", "not held"])
@pytest.mark.parametrize("late", [True, False], ids=["after its time", "in time"])
async def test_what_was_refused_comes_back_when_a_person_resumes(
    database: Database, server: ScriptedServer, clock: Clock, held: bool, late: bool
) -> None:
    await put_two_aside(database, server, clock, held=held)
    if late and not held:
        clock.forward(days=5)
        with database.write() as conn:
            assert sweep(conn, now=clock.now).expired == 0
    with database.write() as conn:
        let_go(conn, BULLETIN, now=clock.now, actor="test")
        taken = take_up_refused(conn, BULLETIN, now=clock.now, actor="test")
    assert taken == (3 if held else 2)
    await send(database, server, clock, refusals=3)
    assert states(database) == {"accepted": len(PEOPLE)}
    assert copies(server) == dict.fromkeys(map(address, PEOPLE), 1)


@pytest.mark.parametrize("only", [(), ("anna",)], ids=["everybody", "one person"])
async def test_a_retry_lifts_the_hold_and_takes_up_all_that_was_refused(
    database: Database, server: ScriptedServer, clock: Clock, only: tuple[str, ...]
) -> None:
    await put_two_aside(database, server, clock, held=True)
    with database.read() as conn:
        record = get_bulletin(conn, BULLETIN)
    selection = Selection(only=frozenset(map(address, only)))
    done = decide(
        database,
        Decision.RETRY,
        record,
        selection,
        now=clock.now,
        hour=lambda after: after,
        valid_for=dt.timedelta(days=3),
        actor="test",
    )
    assert done.holds_lifted == 1
    await send(database, server, clock, refusals=3)
    assert states(database) == {"accepted": len(PEOPLE)}


async def test_a_retry_of_one_person_leaves_other_refused_copies_where_they_are_when_nothing_is_held(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    await put_two_aside(database, server, clock, held=False)
    with database.read() as conn:
        record = get_bulletin(conn, BULLETIN)
    one = Selection(only=frozenset({address("anna")}))
    decide(
        database,
        Decision.RETRY,
        record,
        one,
        now=clock.now,
        hour=lambda after: after,
        valid_for=dt.timedelta(days=3),
        actor="test",
    )
    await send(database, server, clock, refusals=3)
    assert states(database) == {"accepted": 5, "queued": 1}
    assert rows(database)[address("bela")].is_put_aside


async def test_copies_that_wait_for_a_person_are_neither_due_nor_planned(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    await put_two_aside(database, server, clock, held=False)
    with database.read() as conn:
        assert due_bulletins(conn, now=clock.now) == ()
        assert next_due(conn, BULLETIN) is None
        assert oldest_due(conn, now=clock.now) is None
        plan = make_plan(conn, get_bulletin(conn, BULLETIN), Selection(), now=clock.now)
    assert (plan.to_send, plan.waiting) == (0, 2)


async def test_a_new_letter_takes_up_what_was_refused_of_the_old_one(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    await put_two_aside(database, server, clock, held=False)
    with database.write() as conn:
        fresh: Any = replace(letter(*PEOPLE), rendition='{"body": "other words"}')
        save_frozen(conn, frozen(fresh), now=clock.now)
    found = rows(database)
    assert [found[address(name)].state for name in ("anna", "bela")] == [State.QUEUED] * 2
    assert not any(row.is_put_aside for row in found.values())
