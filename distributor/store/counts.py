"""Counts for metrics and the log: what waits, what came of attempts, what is held. Read-only."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, select

from distributor.delivery.state import State
from distributor.store.due import due
from distributor.store.schema import attempt, claimable, delivery, dispatch, going, leased, put_aside


@dataclass(frozen=True, slots=True)
class OutcomeCount:
    """How many attempts by one account ended with one verdict (accepted, …) and one fault (recipient, …)."""

    account: str
    verdict: str
    fault: str
    count: int


def queue_depth(conn: Connection) -> dict[State, int]:
    """Released deliveries that still move by themselves, by state; each such state is there. Costs what moves."""
    depth = dict.fromkeys((State.QUEUED, State.CLAIMED, State.SENDING, State.DEFERRED), 0)
    # One query per partial index: with `or` between them the engine reads the whole table.
    for moving in (and_(claimable, delivery.c.next_attempt_at.is_not(None)), leased):
        found = conn.execute(select(delivery.c.state, func.count()).where(moving).group_by(delivery.c.state))
        depth |= {State(state): count for state, count in found}
    return depth


def due_by_group(conn: Connection, bulletin_id: int, *, now: dt.datetime) -> dict[str, int]:
    """How many copies of one bulletin each group has to get now, in the order of the directory."""
    found = (
        select(dispatch.c.group_name, func.count())
        .join_from(delivery, dispatch)
        .where(*due(now), delivery.c.bulletin_id == bulletin_id)
        .group_by(dispatch.c.id, dispatch.c.group_name)
        .order_by(dispatch.c.id)
    )
    return {row.group_name: row[1] for row in conn.execute(found)}


def refused_by_group(conn: Connection, bulletin_id: int) -> dict[str, int]:
    """How many copies of one bulletin wait for a person because their letter was refused, by group, held ones too."""
    refused = (
        select(dispatch.c.group_name, func.count())
        .join_from(delivery, dispatch)
        .where(put_aside, delivery.c.listed, delivery.c.bulletin_id == bulletin_id)
        .group_by(dispatch.c.id, dispatch.c.group_name)
        .order_by(dispatch.c.id)
    )
    return {row.group_name: row[1] for row in conn.execute(refused)}


def was_begun(conn: Connection, bulletin_id: int) -> bool:
    """Whether a copy of this bulletin was ever claimed."""
    claimed = select(delivery.c.id).where(delivery.c.bulletin_id == bulletin_id, delivery.c.epoch > 0)
    return conn.execute(claimed.limit(1)).first() is not None


def unknown_count(conn: Connection) -> int:
    """Deliveries in doubt. Reads the whole table."""
    return conn.execute(
        select(func.count()).select_from(delivery).where(delivery.c.state == State.UNKNOWN)
    ).scalar_one()


def oldest_due(conn: Connection, *, now: dt.datetime) -> dt.datetime | None:
    """Since when the delivery that has waited longest is due (UTC); held letters and later hours do not count."""
    free = dispatch.c.hold.is_(None)
    come = delivery.c.next_attempt_at <= now
    found: dt.datetime | None = conn.execute(
        select(delivery.c.next_attempt_at)
        .join(dispatch)
        .where(going, come, free, delivery.c.valid_until > now)
        .order_by(delivery.c.next_attempt_at)
        .limit(1)
    ).scalar()
    return found


def held_dispatches(conn: Connection) -> int:
    """Letters that wait for a person and still have rows to send."""
    owed = select(delivery.c.dispatch_id).where(claimable)
    return conn.execute(
        select(func.count()).select_from(dispatch).where(dispatch.c.hold.is_not(None), dispatch.c.id.in_(owed))
    ).scalar_one()


def outcome_counts(conn: Connection) -> tuple[OutcomeCount, ...]:
    """What the attempts that have ended came to, since the database was made. Reads the whole table."""
    kinds = (attempt.c.account, attempt.c.verdict, attempt.c.fault)
    found = conn.execute(
        select(*kinds, func.count()).where(attempt.c.ended_at.is_not(None)).group_by(*kinds).order_by(*kinds)
    )
    return tuple(OutcomeCount(*row) for row in found)
