"""What a suppressed address means for copies: those that wait are not tried, and new ones begin as `suppressed`."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from distributor.address import same
from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact, states_that_allow
from distributor.store import suppressions
from distributor.store.moves import Move, apply_moves
from distributor.store.rows import deliveries, delivery_record
from distributor.store.schema import delivery, suppression


@dataclass(frozen=True, slots=True)
class Stopped:
    """A copy that is not tried because its address is suppressed."""

    delivery_id: str
    address: str


def suppress_address(
    conn: Connection, channel: str, address: str, *, reason: str, source: str, now: dt.datetime
) -> tuple[Stopped, ...]:
    """Suppresses an address from now on, and stops its copies that wait. `source`: the delivery, or who said it."""
    suppressions.add(conn, channel, same(address), reason=reason, source=source, now=now)
    return stop_copies(conn, now=now, address=address)


def stop_copies(
    conn: Connection, *, now: dt.datetime, bulletin_id: int | None = None, address: str | None = None
) -> tuple[Stopped, ...]:
    """Stops the waiting copies of suppressed addresses: of one bulletin, of one address, or all."""
    active = (suppression.c.standing == "active", suppression.c.channel == delivery.c.channel)
    query = (
        deliveries()
        .join(suppression, func.lower(delivery.c.address) == suppression.c.address)
        .where(*active, delivery.c.state.in_(list(states_that_allow(Fact.SUPPRESS))))
    )
    if bulletin_id is not None:
        query = query.where(delivery.c.bulletin_id == bulletin_id)
    if address is not None:
        query = query.where(suppression.c.address == same(address))
    rows = [delivery_record(row) for row in conn.execute(query)]
    states = apply_moves(conn, [Move(row.id, Fact.SUPPRESS, None, reason=Reason.SUPPRESSED) for row in rows], now=now)
    return tuple(Stopped(row.id, row.address) for row, state in zip(rows, states, strict=True) if state)


def lift_unlisted(conn: Connection, channel: str, listed: Sequence[str], *, now: dt.datetime) -> tuple[str, ...]:
    """Lifts the suppression of addresses that the directory no longer has: somebody corrected them. Returns them."""
    known = {same(address) for address in listed}
    active = select(suppression.c.address).where(suppression.c.channel == channel)
    gone = [address for address in conn.execute(active).scalars() if same(address) not in known]
    for address in gone:
        suppressions.remove(conn, channel, address)
    return tuple(sorted(gone))
