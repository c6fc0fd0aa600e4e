"""Which finalised bulletins wait for their hour, and when that is."""

import datetime as dt
from dataclasses import dataclass

from distributor.store.bulletins import list_bulletins
from distributor.store.database import Connection
from distributor.store.deliveries import books, next_due
from distributor.store.records import BulletinRecord


@dataclass(frozen=True, slots=True)
class Waiting:
    """A bulletin of which nothing has left. `due` is UTC; None: nobody has let it go, or it is on hold."""

    record: BulletinRecord
    due: dt.datetime | None


def waiting(conn: Connection, *, now: dt.datetime) -> tuple[Waiting, ...]:
    """The newest bulletins whose hour has not come yet, or is not known, the newest first."""
    found = []
    for record in list_bulletins(conn):
        count = books(conn, record.id)
        if not count.open or (record.released_at and record.released_at <= now):
            continue
        found.append(Waiting(record, next_due(conn, record.id)))
    return tuple(found)
