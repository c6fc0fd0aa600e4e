"""Who leads: one owner at a time per name, for a length of time by the database's clock.

A holder that was frozen past its lease does not know it. So whoever writes as leader checks `holds` in the
same transaction; the epoch, which rises with every new holder, tells the old one that it is no longer meant.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from distributor.store import service_schema as tables
from distributor.store.clock import milliseconds_in, moment, read_clock
from distributor.store.turns import take_turns

#: Held by the service whose clock rings. While it is held a service runs.
CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease as its holder knows it. `until` is the database's time (UTC)."""

    name: str
    owner: str
    epoch: int
    until: dt.datetime


def take(conn: Connection, name: str, owner: str, length: dt.timedelta) -> Lease | None:
    """Takes a lease that is free or over; the owner who holds it already gets it prolonged. None: another holds it.

    `owner` must be a name that no other process, before or after, will have.
    """
    now, row = _look(conn, name)
    if row is None:
        conn.execute(insert(tables.lease).values(name=name, owner="", epoch=0, length_ms=0, until_ms=0))
    elif _runs(row, now):
        if row.owner != owner:
            _shorten(conn, row, now)
            return None
        return _write(conn, name, owner, row.epoch, now, length)
    return _write(conn, name, owner, 1 if row is None else row.epoch + 1, now, length)


def renew(conn: Connection, held: Lease, length: dt.timedelta) -> Lease | None:
    """Prolongs a lease that still runs. None: it is over or another's, and the holder must stop at once."""
    now, row = _look(conn, held.name)
    if row is None or not _is_held(row, held, now):
        return None
    return _write(conn, held.name, held.owner, held.epoch, now, length)


def holds(conn: Connection, held: Lease) -> bool:
    """Whether a lease still runs. When it does, nobody else takes it before this transaction ends."""
    now, row = _look(conn, held.name)
    return row is not None and _is_held(row, held, now)


def give_up(conn: Connection, held: Lease) -> None:
    """Ends a lease, so that the next one need not wait."""
    _, row = _look(conn, held.name)
    if row is not None and (row.owner, row.epoch) == (held.owner, held.epoch):
        conn.execute(update(tables.lease).where(tables.lease.c.name == held.name).values(until_ms=0))


def end(conn: Connection, name: str) -> None:
    """Ends a lease, whoever holds it. For the one who knows that the holder is dead: the one SQLite service."""
    _look(conn, name)
    conn.execute(update(tables.lease).where(tables.lease.c.name == name).values(until_ms=0))


def holder(conn: Connection, name: str) -> Lease | None:
    """Who holds a lease at this moment, for people and metrics."""
    row = conn.execute(select(tables.lease).where(tables.lease.c.name == name)).first()
    return _lease(row) if row is not None and _runs(row, read_clock(conn)) else None


def _look(conn: Connection, name: str) -> tuple[int, Row[Any] | None]:
    take_turns(conn, [f"lease:{name}"])
    return read_clock(conn), conn.execute(select(tables.lease).where(tables.lease.c.name == name)).first()


def _runs(row: Row[Any], now: int) -> bool:
    return bool(now < row.until_ms)


def _is_held(row: Row[Any], held: Lease, now: int) -> bool:
    return (row.owner, row.epoch) == (held.owner, held.epoch) and _runs(row, now)


def _shorten(conn: Connection, row: Row[Any], now: int) -> None:
    # After the clock was set back by a day, a dead holder's lease would run for a day.
    if row.until_ms - now > row.length_ms:
        same = tables.lease.c.name == row.name
        conn.execute(update(tables.lease).where(same).values(until_ms=now + row.length_ms))


def _write(conn: Connection, name: str, owner: str, epoch: int, now: int, length: dt.timedelta) -> Lease:
    for_ms = milliseconds_in(length)
    values = {"owner": owner, "epoch": epoch, "length_ms": for_ms, "until_ms": now + for_ms}
    conn.execute(update(tables.lease).where(tables.lease.c.name == name).values(values))
    return Lease(name, owner, epoch, moment(now + for_ms))


def _lease(row: Row[Any]) -> Lease:
    return Lease(row.name, row.owner, row.epoch, moment(row.until_ms))
