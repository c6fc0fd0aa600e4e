"""What the editors must be told: one row per cause, counted when it repeats, told once and then in digests.

A row outlives the process, so a restart neither forgets an alert nor tells it anew.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from distributor.store.service_schema import alert
from distributor.store.turns import take_turns

#: Repeats of a cause are told together, at most once in this time.
DIGEST_EVERY = dt.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Alert:
    """One cause. `fresh` is how often it happened since the editors were last told. Times are UTC."""

    cause: str
    what: str
    first_at: dt.datetime
    last_at: dt.datetime
    count: int
    fresh: int


def note(conn: Connection, cause: str, what: str, *, now: dt.datetime, repeats: bool = True) -> bool:
    """Notes that something happened that an editor must know. The latest words are kept.

    `repeats=False` is for a state that is looked at again and again: noted once it stays as it is. Returns whether
    anything was noted.
    """
    take_turns(conn, [f"alert:{cause}"])
    ours = alert.c.cause == cause
    known = conn.execute(select(alert.c.cause).where(ours)).first()
    if known and not repeats:
        return False
    if known:
        conn.execute(update(alert).where(ours).values(what=what, last_at=now, count=alert.c.count + 1))
    else:
        values = {"cause": cause, "what": what, "first_at": now, "last_at": now, "count": 1, "told": 0}
        conn.execute(insert(alert).values(values))
    return True


def untold(conn: Connection, *, now: dt.datetime, pause: dt.timedelta) -> tuple[Alert, ...]:
    """The alerts to tell now: new causes at once, repeats after `DIGEST_EVERY`; failed tries after `pause`."""
    due = or_(alert.c.told_at.is_(None), alert.c.told_at <= now - DIGEST_EVERY)
    rested = or_(alert.c.tried_at.is_(None), alert.c.tried_at <= now - pause)
    rows = conn.execute(select(alert).where(alert.c.count > alert.c.told, due, rested).order_by(alert.c.first_at))
    return tuple(_alert(row) for row in rows)


def tried(conn: Connection, alerts: tuple[Alert, ...], *, told: bool, now: dt.datetime) -> None:
    """Books a try to tell these alerts."""
    for one in alerts:
        values = {"tried_at": now, **({"told": one.count, "told_at": now} if told else {})}
        conn.execute(update(alert).where(alert.c.cause == one.cause).values(values))


def alerts(conn: Connection) -> tuple[Alert, ...]:
    """Every cause that was ever noted, the latest first."""
    return tuple(_alert(row) for row in conn.execute(select(alert).order_by(alert.c.last_at.desc())))


def _alert(row: Row[Any]) -> Alert:
    return Alert(
        cause=row.cause,
        what=row.what,
        first_at=row.first_at,
        last_at=row.last_at,
        count=row._mapping["count"],
        fresh=row._mapping["count"] - row.told,
    )
