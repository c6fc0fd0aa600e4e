"""The letters of a bulletin: when their rows may leave, and what holds them back."""

import datetime as dt
from collections.abc import Collection

from sqlalchemy import Case, Connection, and_, case, func, select, update

from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.store.records import DispatchRecord
from distributor.store.rows import chunks, dispatch_record, dispatches
from distributor.store.schema import bulletin, claimable, delivery, dispatch, put_aside


def dispatches_of(conn: Connection, bulletin_id: int) -> tuple[DispatchRecord, ...]:
    """The letters of one bulletin, in the order of the directory."""
    rows = conn.execute(dispatches().where(dispatch.c.bulletin_id == bulletin_id))
    return tuple(dispatch_record(row) for row in rows)


def get_dispatch(conn: Connection, dispatch_id: int) -> DispatchRecord | None:
    """One letter; None when a later freeze has replaced it."""
    row = conn.execute(dispatches().where(dispatch.c.id == dispatch_id)).first()
    return None if row is None else dispatch_record(row)


def held_letters(conn: Connection) -> tuple[DispatchRecord, ...]:
    """The letters of all bulletins that wait for a person and still have copies to send."""
    owed = select(delivery.c.dispatch_id).where(claimable)
    rows = conn.execute(dispatches().where(dispatch.c.hold.is_not(None), dispatch.c.id.in_(owed)))
    return tuple(dispatch_record(row) for row in rows)


def untouched(conn: Connection) -> tuple[DispatchRecord, ...]:
    """The letters that were released, are not on hold, and of which no copy was ever claimed."""
    copies = select(delivery.c.id).where(delivery.c.dispatch_id == dispatch.c.id)
    rows = conn.execute(
        dispatches().where(
            dispatch.c.released_at.is_not(None),
            dispatch.c.hold.is_(None),
            copies.where(delivery.c.state == State.QUEUED).exists(),
            ~copies.where(delivery.c.epoch > 0).exists(),
        )
    )
    return tuple(dispatch_record(row) for row in rows)


def release(
    conn: Connection,
    bulletin_id: int,
    *,
    at: dt.datetime,
    valid_until: dt.datetime,
    groups: Collection[str] | None = None,
    delivery_ids: Collection[str] | None = None,
) -> int:
    """Lets queued rows leave from `at` on (UTC), until `valid_until`; returns how many.

    `groups` and `delivery_ids` narrow the choice. Rows already released keep their time.
    """
    waiting = and_(
        delivery.c.bulletin_id == bulletin_id, delivery.c.state == State.QUEUED, delivery.c.next_attempt_at.is_(None)
    )
    if groups is not None:
        chosen = select(dispatch.c.id).where(
            dispatch.c.bulletin_id == bulletin_id, dispatch.c.group_name.in_(list(groups))
        )
        waiting = and_(waiting, delivery.c.dispatch_id.in_(chosen))
    values = {"released_at": at, "valid_until": valid_until, "next_attempt_at": at}
    parts = (
        [waiting] if delivery_ids is None else [and_(waiting, delivery.c.id.in_(ids)) for ids in chunks(delivery_ids)]
    )
    released = sum(conn.execute(update(delivery).where(part).values(values)).rowcount for part in parts)
    if released:
        _note_release(conn, bulletin_id, at, valid_until)
    return released


def hasten(conn: Connection, delivery_ids: Collection[str], *, at: dt.datetime) -> int:
    """Lets released copies that still wait for their hour leave from `at` on; returns how many."""
    waiting = and_(delivery.c.state == State.QUEUED, delivery.c.next_attempt_at > at)
    return sum(
        conn.execute(
            update(delivery).where(waiting, delivery.c.id.in_(ids)).values(released_at=at, next_attempt_at=at)
        ).rowcount
        for ids in chunks(delivery_ids)
    )


def renew(conn: Connection, dispatch_ids: Collection[int], *, now: dt.datetime, valid_until: dt.datetime) -> int:
    """Gives copies of these letters whose time ran out while they waited more of it; returns how many."""
    over = and_(
        delivery.c.dispatch_id.in_(list(dispatch_ids)), claimable, delivery.c.listed, delivery.c.valid_until <= now
    )
    renewed = conn.execute(
        update(delivery).where(over).values(valid_until=valid_until).returning(delivery.c.bulletin_id)
    ).scalars()
    numbers = list(renewed)
    conn.execute(update(bulletin).where(bulletin.c.id.in_(set(numbers))).values(valid_until=_later(valid_until)))
    return len(numbers)


def recall_postponed(conn: Connection, *, now: dt.datetime) -> int:
    """Makes due again the copies that nothing but a limit put off: it may be another one now. Returns how many."""
    put_off = (delivery.c.state == State.QUEUED, delivery.c.reason == Reason.LIMIT, delivery.c.next_attempt_at > now)
    return conn.execute(update(delivery).where(*put_off).values(next_attempt_at=delivery.c.released_at)).rowcount


def hold(conn: Connection, dispatch_id: int, reason: str) -> None:
    """Makes a letter wait for a person. Rows stay queued; an earlier reason is kept."""
    conn.execute(update(dispatch).where(dispatch.c.id == dispatch_id, dispatch.c.hold.is_(None)).values(hold=reason))


def hold_refused(conn: Connection, dispatch_id: int, most: int, reason: str) -> None:
    """Makes a letter wait for a person once `most` of its copies, or all of them, were refused for its content."""
    # The letter's row is locked first, so that of two transactions that book refusals the later one sees both.
    conn.execute(select(dispatch.c.id).where(dispatch.c.id == dispatch_id).with_for_update()).all()
    listed = and_(delivery.c.dispatch_id == dispatch_id, delivery.c.listed)
    copies, refused = (
        conn.execute(select(func.count()).select_from(delivery).where(part)).scalar_one()
        for part in (listed, and_(listed, put_aside))
    )
    if refused >= min(most, max(copies, 1)):
        hold(conn, dispatch_id, reason)


def is_held(conn: Connection, dispatch_id: int) -> bool:
    """Whether a letter waits for a person."""
    return conn.execute(select(dispatch.c.hold).where(dispatch.c.id == dispatch_id)).scalar() is not None


def unhold(conn: Connection, dispatch_id: int) -> None:
    """Lets a held letter go on."""
    conn.execute(update(dispatch).where(dispatch.c.id == dispatch_id).values(hold=None))


def _note_release(conn: Connection, bulletin_id: int, at: dt.datetime, valid_until: dt.datetime) -> None:
    released = select(delivery.c.dispatch_id).where(
        delivery.c.bulletin_id == bulletin_id, delivery.c.released_at.is_not(None)
    )
    conn.execute(
        update(dispatch).where(dispatch.c.id.in_(released), dispatch.c.released_at.is_(None)).values(released_at=at)
    )
    conn.execute(
        update(bulletin)
        .where(bulletin.c.id == bulletin_id)
        .values(released_at=func.coalesce(bulletin.c.released_at, at), valid_until=_later(valid_until))
    )


def _later(valid_until: dt.datetime) -> Case[dt.datetime]:
    return case((bulletin.c.valid_until > valid_until, bulletin.c.valid_until), else_=valid_until)
