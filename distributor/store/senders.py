"""Who sends on PostgreSQL: each sender keeps a lease, so that a dead one is noticed in seconds.

A sender that is not heard of has lost what it only claimed: its epoch keeps it from writing when it wakes. What
it was handing over is not judged by this lease but by the row's own, unless its process has certainly ended.
"""

import contextlib
import datetime as dt
import threading
from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, delete, literal, select

from distributor.errors import Unavailable
from distributor.store import leases
from distributor.store.clock import database_milliseconds, milliseconds_in
from distributor.store.database import Database
from distributor.store.leases import Lease
from distributor.store.processes import has_ended, this_process
from distributor.store.schema import delivery, leased
from distributor.store.service_schema import lease

#: A sender that is not heard of for so long has lost what it claimed.
SENDERSHIP = dt.timedelta(seconds=30)

#: Leases of senders that ended so long ago are forgotten; no row of theirs is left.
_FORGOTTEN = dt.timedelta(days=1)

_PREFIX = "sender:"


@contextlib.contextmanager
def signs_of_life(database: Database, owner: str, *, length: dt.timedelta = SENDERSHIP) -> Iterator[None]:
    """Keeps this sender's lease for the length of a block, from a thread of its own. Raises `Unavailable` at first.

    Later trouble with the database is waited out: a sender without a lease loses claims, never letters.
    On SQLite the sender lock says who lives.
    """
    if database.dialect == "sqlite":
        yield
        return
    held = _sign(database, owner, length)
    over = threading.Event()
    pulse = threading.Thread(target=_beat, args=(database, owner, length, over), name="signs of life", daemon=True)
    pulse.start()
    try:
        yield
    finally:
        over.set()
        pulse.join()
        if held:
            with contextlib.suppress(Unavailable), database.write() as conn:
                leases.end(conn, held.name)


def is_silent() -> ColumnElement[bool]:
    """Whether a row's owner is a sender whose lease is over; never true of owners that keep no such lease."""
    over = select(lease.c.name).where(lease.c.name.startswith(_PREFIX), lease.c.until_ms <= database_milliseconds())
    return _name_of_lease().in_(over)


def dead(conn: Connection) -> frozenset[str]:
    """The owners of leased rows whose process has certainly ended. Costs what is leased."""
    held = select(_name_of_lease()).where(leased)
    known = select(lease.c.name, lease.c.owner).where(lease.c.name.in_(held))
    return frozenset(row.name.removeprefix(_PREFIX) for row in conn.execute(known) if has_ended(row.owner))


def forget(conn: Connection) -> None:
    """Removes what is left of senders that ended long ago. Their names never come again, so no epoch is needed."""
    long_ago = database_milliseconds() - milliseconds_in(_FORGOTTEN)
    conn.execute(delete(lease).where(lease.c.name.startswith(_PREFIX), lease.c.until_ms <= long_ago))


def _name_of_lease() -> ColumnElement[str]:
    return literal(_PREFIX) + delivery.c.owner


def _sign(database: Database, owner: str, length: dt.timedelta) -> Lease | None:
    with database.write() as conn:
        return leases.take(conn, f"{_PREFIX}{owner}", this_process() or owner, length)


def _beat(database: Database, owner: str, length: dt.timedelta, over: threading.Event) -> None:
    pause = length.total_seconds() / 3
    wait = pause
    while not over.wait(wait):
        try:
            _sign(database, owner, length)
            wait = pause
        except Unavailable:
            wait = pause / 10
