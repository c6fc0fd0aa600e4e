"""Reminders (催办) as rows: planned once for each copy and step, marked before the dot, never sent twice.

A letter of this kind that may have left is not repeated: the next step reminds anyway, and two on one day are rude.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from distributor.store import audit
from distributor.store.attempts import plain
from distributor.store.reminder_schema import reminder
from distributor.store.schema import delivery


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder. `step` names the day and whose wish it was; times are UTC."""

    id: int
    delivery_id: str
    bulletin_id: int
    step: str
    standing: str  # due | sending | sent | refused | moot
    made_at: dt.datetime
    reply: str


def plan_reminders(
    conn: Connection, wanted: Iterable[tuple[str, str]], *, actor: str, now: dt.datetime
) -> tuple[int, ...]:
    """Adds a row for each (delivery id, step) that has none yet; returns the new rows' ids."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    new = []
    for delivery_id, step in sorted(wanted):
        values = {"delivery_id": delivery_id, "step": step, "standing": "due", "reply": "", "actor": actor}
        statement = dialect.insert(reminder).values(**values, made_at=now, changed_at=now)
        statement = statement.on_conflict_do_nothing(index_elements=[reminder.c.delivery_id, reminder.c.step])
        if (number := conn.execute(statement.returning(reminder.c.id)).scalar()) is not None:
            audit.append(conn, "reminder.planned", f"delivery:{delivery_id}", {"step": step}, actor, now)
            new.append(number)
    return tuple(new)


def due_reminders(conn: Connection) -> tuple[Reminder, ...]:
    """Those that wait to be sent, the oldest first."""
    return _many(conn.execute(_reminders().where(reminder.c.standing == "due").order_by(reminder.c.id)))


def reminders_of(conn: Connection, bulletin_id: int) -> tuple[Reminder, ...]:
    """All reminders about one bulletin, in the order in which they were planned."""
    return _many(conn.execute(_reminders().where(delivery.c.bulletin_id == bulletin_id).order_by(reminder.c.id)))


def move_reminder(
    conn: Connection, reminder_id: int, origin: str, target: str, *, now: dt.datetime, reply: str = ""
) -> bool:
    """Moves one row if it still stands at `origin`; False when another process has moved it."""
    ours = (reminder.c.id == reminder_id, reminder.c.standing == origin)
    values = {"standing": target, "changed_at": now, "reply": plain(reply)}
    return bool(conn.execute(update(reminder).where(*ours).values(values)).rowcount)


def _reminders() -> Any:
    return select(reminder, delivery.c.bulletin_id).join(delivery, delivery.c.id == reminder.c.delivery_id)


def _many(rows: Iterable[Row[Any]]) -> tuple[Reminder, ...]:
    return tuple(
        Reminder(row.id, row.delivery_id, row.bulletin_id, row.step, row.standing, row.made_at, row.reply)
        for row in rows
    )
