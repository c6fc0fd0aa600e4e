"""One released bulletin in a database, and runs of a worker over it: what tests of sending share."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import Any

from distributor.channels.base import Envelope, Message
from distributor.dispatch.gates import Way
from distributor.dispatch.turnstile import Turnstile
from distributor.dispatch.worker import Stopped, Worker
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import dispatches_of, release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim, DeliveryRecord
from tests.channels.letters import BODY, channel_to
from tests.channels.server import ScriptedServer
from tests.integration.frozen import LATER, frozen, letter

BULLETIN = 1
RELEASED = LATER - dt.timedelta(days=3)


def fill(database: Database, *names: str) -> None:
    """A bulletin, released to these people."""
    with database.write() as conn:
        save_frozen(conn, frozen(letter(*names)), now=RELEASED)
        release(conn, BULLETIN, at=RELEASED, valid_until=LATER)


def address(name: str) -> str:
    """Where one of these people gets letters."""
    return f"{name}@example.gov.cn"


def compose(claim: Claim) -> Message:
    """The shortest letter."""
    return Message(claim.delivery_id, Envelope("hzb@example.gov.cn", claim.address), (BODY,))


async def send(
    database: Database, server: ScriptedServer, clock: Callable[[], dt.datetime], *, lines: int = 1, **options: Any
) -> Stopped:
    """One run of a worker with one account over everything due; `options` go to the worker."""
    ledger = Ledger(database, clock=clock)
    ledger.start()
    try:
        (source,) = Turnstile(ledger, database, [Way("main")], owner="test/1", clock=clock).gates
        channels = [channel_to(server) for _ in range(lines)]
        return await Worker(ledger, source, channels, compose, clock=clock, chance=lambda: 0.0, **options).run()
    finally:
        ledger.close()


def rows(database: Database) -> dict[str, DeliveryRecord]:
    """Every copy by its address, with its attempts."""
    with database.read() as conn:
        return {row.address: row for row in deliveries_of(conn, BULLETIN, history=True)}


def states(database: Database) -> Counter[str]:
    """How many copies stand where."""
    return Counter(row.state.value for row in rows(database).values())


def hold(database: Database) -> str | None:
    """Why the bulletin's only letter waits for a person."""
    with database.read() as conn:
        (only,) = dispatches_of(conn, BULLETIN)
    return only.hold


def copies(*servers: ScriptedServer) -> Counter[str]:
    """How many letters each recipient got of all servers together."""
    return Counter(letter.recipient for server in servers for letter in server.delivered)
