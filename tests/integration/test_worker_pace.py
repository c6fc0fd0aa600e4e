"""Refusals that differ between recipients, and servers that want fewer letters at a time (faults 14, 15, 16, 28)."""

import datetime as dt

from distributor.delivery.breaker import RULES
from distributor.delivery.outcome import Fault
from distributor.delivery.state import State
from distributor.store.breakers import admit, breakers, record_failure, record_success
from distributor.store.database import Database
from distributor.store.deliveries import next_due
from tests.channels.server import Say, ScriptedServer
from tests.integration.conftest import Clock
from tests.integration.passing import let_pass
from tests.integration.test_worker_faults import BELA, PEOPLE, copies, database, rows, send, server, states

__all__ = ["database", "server"]  # fixtures


async def test_15_one_refused_one_deferred_and_one_accepted_have_three_outcomes_and_one_copy(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("RCPT", Say("550 5.1.1 no such user"), address=BELA)
    server.plan("RCPT", Say("450 4.2.0 greylisted"), address="cora@example.gov.cn")

    await send(database, server, clock)

    found = {address.partition("@")[0]: row.state for address, row in rows(database).items()}
    assert (found["bela"], found["cora"], found["dora"]) == (State.FAILED, State.DEFERRED, State.ACCEPTED)
    assert copies(server) == dict.fromkeys(("anna@example.gov.cn", "dora@example.gov.cn", "emma@example.gov.cn"), 1)


async def test_16_a_line_closed_at_the_third_recipient_costs_nobody_a_copy_or_a_failure(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    third = "cora@example.gov.cn"
    server.plan("RCPT", Say("421 4.7.0 closing"), address=third)

    await send(database, server, clock)

    assert states(database) == {"accepted": len(PEOPLE) - 1, "deferred": 1}
    assert rows(database)[third].attempts == 0
    assert copies(server)[third] == 0
    clock.forward(hours=1)
    await send(database, server, clock)
    assert copies(server) == dict.fromkeys(rows(database), 1)


async def test_14_a_server_that_says_slow_down_with_550_is_left_alone_and_nobody_fails(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("RCPT", *[Say("550 Ip frequency limited")] * 20)

    stopped = await send(database, server, clock)

    assert stopped.outcome is not None
    assert stopped.outcome.fault is Fault.THROTTLE
    assert states(database)["failed"] == 0
    assert all(row.attempts == 0 for row in rows(database).values())
    assert sum(command.startswith("RCPT") for command in server.commands) == RULES[Fault.THROTTLE].tolerance


async def test_28_a_server_that_takes_one_letter_at_a_time_is_asked_ever_less_often_and_takes_them_all(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    """The rounds of a service: the breaker says when to ask again, and then a single letter goes first."""
    begun = clock.now
    for _ in PEOPLE:
        server.plan(
            "MAIL", Say("250 2.1.0 fine"), *[Say("450 4.7.1 too fast, slow down")] * RULES[Fault.THROTTLE].tolerance
        )
    asked: list[dt.datetime] = []
    while states(database)["accepted"] < len(PEOPLE):
        assert len(asked) < 20
        with database.write() as conn:
            passage = admit(conn, "main")
        assert passage.admitted
        asked.append(clock.now)
        stopped = await send(database, server, clock)
        with database.write() as conn:
            if stopped.outcome:
                record_failure(conn, passage, stopped.outcome.fault, wait=stopped.outcome.wait)
            elif stopped.tried:
                record_success(conn, passage)
        with database.read() as conn:
            (resting,) = breakers(conn) or (None,)
            due = next_due(conn)
        assert due is not None or states(database)["accepted"] == len(PEOPLE)  # what `status` shows as the next try
        wait = resting.until - resting.since if resting and resting.until and resting.since else dt.timedelta()
        let_pass(database, seconds=wait.total_seconds())
        clock.now = max(clock.now + wait, due or clock.now)

    assert copies(server) == dict.fromkeys(rows(database), 1)
    assert sum(command.startswith("MAIL") for command in server.commands) <= len(PEOPLE) * 5
    assert clock.now - begun > dt.timedelta(minutes=4)
