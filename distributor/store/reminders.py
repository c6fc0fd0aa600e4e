"""Reminders (催办) as rows: planned once for each copy and step, marked before the dot, never sent twice.

A letter of this kind that may have left is not repeated: the next step reminds anyway, and two on one day are rude.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select, update

from distributor.delivery.evidence import ACKNOWLEDGEMENTS, Kind
from distributor.store import audit
from distributor.store.attempts import plain
from distributor.store.receipt_records import COUNTED
from distributor.store.receipt_schema import receipt
from distributor.store.reminder_schema import reminder
from distributor.store.rows import chunks, insert_new
from distributor.store.schema import delivery

#: What ends the reminding, and nothing else does.
_ENDS = sorted({*ACKNOWLEDGEMENTS, Kind.RETURNED})


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder. `step` names the day; `channel` is the way it goes, or `phone`; times are UTC."""

    id: int
    delivery_id: str
    bulletin_id: int
    step: str
    standing: str  # due | sending | sent | refused | moot
    made_at: dt.datetime
    reply: str
    channel: str = "email"
    account: str = ""  # by which it went; empty before, and where nobody knows


@dataclass(frozen=True, slots=True)
class Wanted:
    """A reminder to be planned. `told`: the editors are told in the same transaction, and nothing is to be sent."""

    delivery_id: str
    step: str
    channel: str = "email"
    told: bool = False


def plan_reminders(conn: Connection, wanted: Iterable[Wanted], *, actor: str, now: dt.datetime) -> tuple[int, ...]:
    """Adds a row for each that has none for this copy and step yet; returns the new rows' ids."""
    new = []
    for one in sorted(wanted, key=lambda each: (each.delivery_id, each.step)):
        values = {
            "delivery_id": one.delivery_id,
            "step": one.step,
            "channel": one.channel,
            "standing": "sent" if one.told else "due",
            "account": "",
            "reply": "",
            "actor": actor,
            "made_at": now,
            "changed_at": now,
        }
        added = conn.execute(insert_new(conn, reminder).values(values).returning(reminder.c.id)).scalar()
        if added is not None:
            details: dict[str, object] = {"step": one.step, "channel": one.channel}
            audit.append(conn, "reminder.planned", f"delivery:{one.delivery_id}", details, actor, now)
            new.append(added)
    return tuple(new)


def drop_unsent(conn: Connection, delivery_ids: Collection[str], *, before: str, now: dt.datetime) -> None:
    """Lets go of reminders of earlier steps about these copies that never left: one for today takes their place."""
    for part in chunks(sorted(delivery_ids)):
        ours = (reminder.c.delivery_id.in_(part), reminder.c.standing == "due", reminder.c.step < before)
        conn.execute(update(reminder).where(*ours).values(standing="moot", changed_at=now))


def due_reminders(conn: Connection, *, rested: dt.datetime | None = None) -> tuple[Reminder, ...]:
    """Those that wait to be sent, the oldest first; with `rested`, of those tried in vain only what was so by then."""
    query = _reminders().where(reminder.c.standing == "due").order_by(reminder.c.id)
    if rested is not None:
        untried = and_(reminder.c.changed_at == reminder.c.made_at, reminder.c.reply == "")
        query = query.where(or_(untried, reminder.c.changed_at <= rested))
    return _many(conn.execute(query))


def reminders_of(conn: Connection, bulletin_id: int) -> tuple[Reminder, ...]:
    """All reminders about one bulletin, in the order in which they were planned."""
    return _many(conn.execute(_reminders().where(delivery.c.bulletin_id == bulletin_id).order_by(reminder.c.id)))


def move_reminder(
    conn: Connection,
    reminder_id: int,
    origin: str,
    target: str,
    *,
    now: dt.datetime,
    reply: str = "",
    account: str = "",
    channel: str = "",
) -> bool:
    """Moves one row if it still stands at `origin`; False when another process has moved it.

    `account` and `channel` are written where they are given.
    """
    ours = (reminder.c.id == reminder_id, reminder.c.standing == origin)
    values = {"standing": target, "changed_at": now, "reply": plain(reply)}
    values |= {name: value for name, value in (("account", account), ("channel", channel)) if value}
    return bool(conn.execute(update(reminder).where(*ours).values(values)).rowcount)


def said_so_far(conn: Connection, bulletin_id: int) -> tuple[int, int]:
    """How many 签收 and 退回 of a bulletin count, and the last one's number: while both stay, nobody owes less."""
    said = (receipt.c.kind.in_(_ENDS), receipt.c.standing.in_(COUNTED), delivery.c.bulletin_id == bulletin_id)
    query = select(func.count(), func.max(receipt.c.id)).join(delivery, delivery.c.id == receipt.c.delivery_id)
    count, last = conn.execute(query.where(*said)).one()
    return count, last or 0


def _reminders() -> Any:
    return select(reminder, delivery.c.bulletin_id).join(delivery, delivery.c.id == reminder.c.delivery_id)


def _many(rows: Iterable[Row[Any]]) -> tuple[Reminder, ...]:
    return tuple(
        Reminder(
            row.id,
            row.delivery_id,
            row.bulletin_id,
            row.step,
            row.standing,
            row.made_at,
            row.reply,
            row.channel,
            row.account,
        )
        for row in rows
    )
