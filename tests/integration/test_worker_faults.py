"""SMTP's faults seen from the rows: what each does to a delivery, to the other recipients, and to the run."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from distributor.channels.base import Envelope, Message
from distributor.delivery.outcome import Fault
from distributor.delivery.state import State
from distributor.dispatch.gates import Way
from distributor.dispatch.turnstile import Turnstile
from distributor.dispatch.worker import Stopped, Worker
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.deliveries import books, deliveries_of
from distributor.store.dispatches import dispatches_of, release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim, DeliveryRecord
from tests.channels.letters import BODY, channel_to
from tests.channels.server import Act, Drop, Say, ScriptedServer, Stall, TakeAndDrop, TakeAndSay, Wait
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, frozen, letter

BULLETIN = 1
PEOPLE = ("anna", "bela", "cora", "dora", "emma")
BELA = "bela@example.gov.cn"
SHORT = dt.timedelta(seconds=0.3)


@pytest.fixture(params=[True, False], ids=["pipelining", "verb by verb"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(pipelining=request.param) as server:
        yield server


@pytest.fixture
def database(sqlite_url: str) -> Any:
    database = Database.open(sqlite_url)
    with database.write() as conn:
        save_frozen(conn, frozen(letter(*PEOPLE)), now=LATER - dt.timedelta(days=3))
        release(conn, BULLETIN, at=LATER - dt.timedelta(days=3), valid_until=LATER)
    yield database
    database.close()


def compose(claim: Claim) -> Message:
    return Message(claim.delivery_id, Envelope("hzb@example.gov.cn", claim.address), (BODY,))


async def send(database: Database, server: ScriptedServer, clock: Clock, *, lines: int = 1, **account: Any) -> Stopped:
    """One run of a worker over everything due."""
    ledger = Ledger(database, clock=clock)
    ledger.start()
    try:
        (source,) = Turnstile(ledger, database, [Way("main")], owner="test/1", clock=clock).gates
        channels = [channel_to(server, **account) for _ in range(lines)]
        worker = Worker(ledger, source, channels, compose, clock=clock, chance=lambda: 0.0)
        return await worker.run()
    finally:
        ledger.close()


def rows(database: Database) -> dict[str, DeliveryRecord]:
    with database.read() as conn:
        return {row.address: row for row in deliveries_of(conn, BULLETIN, history=True)}


def states(database: Database) -> Counter[str]:
    return Counter(row.state.value for row in rows(database).values())


def copies(server: ScriptedServer) -> Counter[str]:
    return Counter(letter.recipient for letter in server.delivered)


@pytest.mark.parametrize(
    ("stage", "act", "state", "charged"),
    [
        ("MAIL", Say("451 4.3.0 try later"), State.DEFERRED, 0),  # 9
        ("RCPT", Say("450 4.2.0 greylisted, come back in 300 seconds"), State.DEFERRED, 1),  # 11
        ("RCPT", Say("550 5.1.1 no such user"), State.FAILED, 1),  # 12
        ("DATA", Say("451 4.3.0 try later"), State.DEFERRED, 1),  # 17
        ("BODY", Drop(), State.DEFERRED, 0),  # 18
        ("DOT", TakeAndDrop(), State.UNKNOWN, 1),  # 19
        ("DOT", TakeAndSay("451 4.3.0 try later"), State.DEFERRED, 1),  # 20
    ],
    ids=[
        "9 MAIL 4xx",
        "11 greylist",
        "12 no such user",
        "17 DATA 4xx",
        "18 drop in the body",
        "19 drop after the dot",
        "20 4xx although kept",
    ],
)
async def test_trouble_with_one_letter_leaves_the_other_recipients_alone(
    database: Database, server: ScriptedServer, clock: Clock, stage: str, act: Act, state: State, charged: int
) -> None:
    server.plan(stage, act, address="" if stage == "MAIL" else BELA)

    stopped = await send(database, server, clock)

    troubled = [row for row in rows(database).values() if row.state is not State.ACCEPTED]
    assert stopped.outcome is None
    assert [row.state for row in troubled] == [state]
    assert troubled[0].attempts == charged
    assert max(copies(server).values()) == 1
    assert states(database)["accepted"] == len(PEOPLE) - 1


async def test_a_greylisted_letter_waits_five_minutes_and_then_goes_out_once_with_the_same_sender(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("RCPT", Say("450 4.2.0 greylisted"), address=BELA)
    await send(database, server, clock)
    due = rows(database)[BELA].next_attempt_at
    assert due is not None
    assert due - clock.now >= dt.timedelta(minutes=5)

    clock.forward(minutes=4)
    await send(database, server, clock)
    assert rows(database)[BELA].state is State.DEFERRED
    clock.forward(minutes=2)
    await send(database, server, clock)

    assert rows(database)[BELA].state is State.ACCEPTED
    assert copies(server)[BELA] == 1
    assert {letter.sender for letter in server.delivered} == {"hzb@example.gov.cn"}


async def test_a_dead_address_is_offered_for_suppression_and_not_tried_again(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("RCPT", Say("550 5.1.1 no such user"), address=BELA)
    await send(database, server, clock)
    clock.forward(days=2)
    await send(database, server, clock)

    assert rows(database)[BELA].state is State.FAILED
    assert len(rows(database)[BELA].history) == 1


@pytest.mark.parametrize(
    ("stage", "reply", "fault"),
    [
        ("GREETING", "554 5.7.1 your host is blocked", Fault.ACCOUNT),  # 3
        ("MAIL", "553 5.7.1 mail from must equal authorized user", Fault.CONFIGURATION),  # 10
    ],
    ids=["3 greeting 554", "10 sender mismatch"],
)
async def test_trouble_with_the_account_stops_the_run_and_charges_nobody(
    database: Database, server: ScriptedServer, clock: Clock, stage: str, reply: str, fault: Fault
) -> None:
    server.plan(stage, *[Say(reply)] * 10)

    stopped = await send(database, server, clock, lines=3)

    assert stopped.outcome is not None
    assert stopped.outcome.stops_the_account
    assert states(database) == {"queued": len(PEOPLE)}
    assert all(row.attempts == 0 for row in rows(database).values())
    assert server.delivered == []


async def test_7_a_refused_login_is_tried_once_and_charges_nobody(database: Database, clock: Clock) -> None:
    async with ScriptedServer(login=("hzb", "right")) as server:
        stopped = await send(database, server, clock, lines=3, username="hzb", password="wrong")
    assert stopped.outcome is not None
    assert stopped.outcome.fault is Fault.ACCOUNT
    assert server.connections == 1
    assert states(database) == {"queued": len(PEOPLE)}


async def test_1_when_the_server_cannot_be_reached_nobody_is_charged_and_the_run_ends(
    database: Database, clock: Clock
) -> None:
    async with ScriptedServer() as server:
        pass
    stopped = await send(database, server, clock, lines=2)
    assert stopped.outcome is not None
    assert stopped.outcome.fault is Fault.NETWORK
    found = rows(database).values()
    assert {row.state for row in found} <= {State.QUEUED, State.DEFERRED}
    assert all(row.attempts == 0 for row in found)


async def test_17_a_refusal_of_the_letter_itself_holds_the_whole_group_and_loses_nothing(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("DATA", *[Say("554 5.7.1 DT:SPM content rejected")] * 10)

    await send(database, server, clock)

    with database.read() as conn:
        assert [dispatch.hold for dispatch in dispatches_of(conn, BULLETIN)] == ["content"]
    assert states(database) == {"queued": len(PEOPLE)}
    assert server.commands.count("DATA") == 1


async def test_23_a_dot_that_is_never_answered_leaves_one_letter_unknown_and_the_rest_go_out(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("DOT", Stall(), address=BELA)

    await send(database, server, clock, dot_timeout=SHORT)

    assert rows(database)[BELA].state is State.UNKNOWN
    assert states(database)["accepted"] == len(PEOPLE) - 1
    with database.read() as conn:
        count = books(conn, BULLETIN)
    assert count.balanced
    assert not count.finished


async def test_an_unknown_letter_is_never_sent_again_by_itself(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("DOT", TakeAndDrop(), address=BELA)
    await send(database, server, clock)
    clock.forward(days=1)
    await send(database, server, clock)
    assert copies(server)[BELA] == 1


async def test_24_a_lost_goodbye_changes_nothing(database: Database, server: ScriptedServer, clock: Clock) -> None:
    server.plan("QUIT", Drop())
    await send(database, server, clock)
    assert states(database) == {"accepted": len(PEOPLE)}


async def test_25_a_server_that_closes_after_each_letter_still_gets_each_letter_once(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    server.plan("MAIL", Say("421 4.7.0 one letter per connection"), address="")
    await send(database, server, clock)
    assert copies(server) == dict.fromkeys((f"{name}@example.gov.cn" for name in PEOPLE), 1)


async def test_a_server_that_allows_fewer_lines_still_gets_every_letter_and_nobody_waits(
    database: Database, server: ScriptedServer, clock: Clock
) -> None:
    welcome = asyncio.Event()
    welcome.set()
    server.plan("GREETING", Wait(welcome), Say("421 4.7.0 too many connections"), Say("421 4.7.0 too many connections"))
    stopped = await send(database, server, clock, lines=3)
    assert stopped.outcome is None
    assert states(database) == {"accepted": len(PEOPLE)}


async def test_27_a_letter_larger_than_the_server_takes_holds_the_group_before_data(
    database: Database, clock: Clock
) -> None:
    async with ScriptedServer(extensions=("SIZE 50",)) as server:
        await send(database, server, clock)
    assert "DATA" not in server.commands
    assert states(database) == {"queued": len(PEOPLE)}
    with database.read() as conn:
        assert [dispatch.hold for dispatch in dispatches_of(conn, BULLETIN)] == ["content"]
    assert any("50" in attempt.text for row in rows(database).values() for attempt in row.history)


async def test_a_poison_letter_fails_alone(database: Database, server: ScriptedServer, clock: Clock) -> None:
    with database.write() as conn:
        poisoned = frozen(letter(*PEOPLE, "a b\r\nRCPT TO:<evil"), number="13")
        record, _ = save_frozen(conn, poisoned, now=clock.now)
        release(conn, record.id, at=clock.now, valid_until=LATER)

    await send(database, server, clock)

    with database.read() as conn:
        by_state = Counter(row.state for row in deliveries_of(conn, record.id))
    assert by_state == {State.ACCEPTED: len(PEOPLE), State.FAILED: 1}
    assert not any("evil" in command for command in server.commands)
