"""A limit in real minutes: three services, two of them started anew, and never one letter too many in any minute."""

import asyncio
import signal
from pathlib import Path

import pytest
from sqlalchemy import select

from distributor.delivery.state import State
from distributor.store.database import Database
from distributor.store.service_schema import window_grant
from tests.acceptance.service import drop
from tests.lab.fleet import in_hand, machines, states, until
from tests.lab.sink import Sink

LIMIT = 20
MINUTE_MS = 60_000

#: So many windows are filled; the last one begins three minutes after the first.
WINDOWS = 4

#: How much of what the limit allows must be used.
USED = 0.95


def grants(database: Database) -> list[int]:
    """When each letter was let through, in milliseconds on the database's clock, oldest first."""
    with database.read() as conn:
        found = select(window_grant.c.at_ms).where(window_grant.c.scope == "account:main")
        return list(conn.execute(found.order_by(window_grant.c.at_ms)).scalars())


@pytest.mark.timeout(400)
async def test_twenty_a_minute_hold_exactly_for_three_services_of_which_two_are_started_anew(
    tmp_path: Path, sink: Sink, postgres: Database, postgres_url: str
) -> None:
    settings = {"DISTRIBUTOR_SMTP__MAIN__LIMITS": f"{LIMIT}/minute"}
    fleet = machines(tmp_path, postgres_url, count=3, port=sink.port, people=LIMIT * 10, lines=2, settings=settings)
    async with fleet as (first, second, third):
        drop(first.office)
        await until(lambda: len(grants(postgres)) > LIMIT // 2, "the first minute half used")
        await second.stop(signal.SIGKILL)
        await second.start()
        await until(lambda: len(grants(postgres)) > LIMIT, "the second minute begun")
        assert await third.stop() == 0
        await third.start()
        await until(lambda: len(grants(postgres)) >= LIMIT * WINDOWS, f"{WINDOWS} windows filled")
        moving = (State.CLAIMED, State.SENDING)  # what does not leave gives its grant back
        await until(lambda: not any(in_hand(postgres, one.owner, *moving) for one in (first, second, third)), "all out")
        assert await asyncio.gather(*(machine.stop() for machine in (first, second, third))) == [0, 0, 0]

    at = grants(postgres)
    for number in range(LIMIT, len(at)):  # a grant and the one so many before it never share a minute
        assert at[number] - at[number - LIMIT] >= MINUTE_MS, (number, at)
    ideal = (WINDOWS - 1) * MINUTE_MS
    assert ideal / (at[LIMIT * WINDOWS - 1] - at[0]) >= USED, at
    # What was let through has left, but for what the killed service held; nobody got two.
    assert set(sink.taken.values()) == {1}
    accepted = sum(state is State.ACCEPTED for state in states(postgres).values())
    assert len(at) - 4 * 2 <= accepted <= sink.count <= len(at)
