"""Leases of deliveries: taking them, and putting right what dead workers left behind.

A lease counts by the database's clock; `now` is the business time that `next_attempt_at` and
`valid_until` are compared with. Every claim raises the row's epoch, and later writes must carry it.
"""

import datetime as dt
import math
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, tuple_, update

from distributor.delivery.outcome import Stage, Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact, State, advance
from distributor.store import senders
from distributor.store.chain import take_over
from distributor.store.due import HELD, due
from distributor.store.editions import is_corrected
from distributor.store.pauses import goes_on
from distributor.store.records import Claim, Swept
from distributor.store.rows import chunks
from distributor.store.schema import attempt, claimable, database_seconds, delivery, going, leased

_FREE = {"owner": None, "lease_until": None}


def claim(
    conn: Connection,
    *,
    owner: str,
    limit: int,
    lease: dt.timedelta,
    now: dt.datetime,
    account: str = "",
    bulletin_ids: Collection[int] | None = None,
    delivery_ids: Collection[str] | None = None,
    channel: str | None = None,
) -> list[Claim]:
    """Leases up to `limit` due rows to one owner, the longest waiting first, and opens an attempt for each.

    Rows of held dispatches and rows whose `valid_until` has passed are left. Two claimers never get one row:
    PostgreSQL skips rows that another one locks, SQLite has one writer at a time. `account` is the one that the
    attempts will most likely go by. `delivery_ids` mean the copies that took over for these, too.
    """
    chosen = (
        select(delivery.c.id)
        .where(*_due(now, bulletin_ids, delivery_ids, channel))
        .order_by(delivery.c.next_attempt_at, delivery.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED")  # evaluated once, or PostgreSQL may lock more rows than the limit
    )
    taken = (
        update(delivery)
        .where(delivery.c.id.in_(select(chosen.c.id)))
        .values(
            state=advance(State.QUEUED, Fact.CLAIM),
            owner=owner,
            lease_until=database_seconds() + math.ceil(lease.total_seconds()),
            epoch=delivery.c.epoch + 1,
            changed_at=now,
        )
        .returning(*_CLAIMED)
    )
    rows = sorted(conn.execute(taken), key=lambda row: (row.next_attempt_at, row.position, row.id))
    claims = [_claim(row) for row in rows]
    _open_attempts(conn, claims, owner, account, now)
    return claims


def due_channels(
    conn: Connection,
    *,
    now: dt.datetime,
    bulletin_ids: Collection[int] | None = None,
    delivery_ids: Collection[str] | None = None,
) -> tuple[str, ...]:
    """The channels on which something may be claimed now, in the order of their names."""
    due = select(delivery.c.channel).where(*_due(now, bulletin_ids, delivery_ids)).distinct()
    return tuple(sorted(conn.execute(due).scalars()))


def undo(conn: Connection, owner: str, at: Collection[dt.datetime], *, now: dt.datetime) -> int:
    """Gives back what one owner claimed at these times; returns how many rows. Attempts are not remembered.

    For claims whose commit was not confirmed: whether they are in or not, their owner does not know the rows.
    """
    taken = (delivery.c.owner == owner, delivery.c.state == State.CLAIMED, delivery.c.changed_at.in_(list(at)))
    rows = conn.execute(
        update(delivery)
        .where(leased, *taken)
        .values(state=advance(State.CLAIMED, Fact.RELEASE), changed_at=now, **_FREE)
        .returning(delivery.c.id, delivery.c.epoch)
    ).all()
    for part in chunks(rows):
        same = tuple_(attempt.c.delivery_id, attempt.c.epoch).in_([(row.id, row.epoch) for row in part])
        conn.execute(delete(attempt).where(same))
    return len(rows)


def sweep(conn: Connection, *, now: dt.datetime) -> Swept:
    """Puts right what leases ran out on, withdraws what nobody is owed, and fails rows that are out of date."""
    swept = end_leases(conn, now=now)
    withdraw_unowed(conn, now=now)
    return replace(swept, expired=expire(conn, now=now))


def end_leases(conn: Connection, *, now: dt.datetime) -> Swept:
    """Puts right what leases ran out on.

    Untouched rows are queued again, as soon as their sender is silent; a row in `sending` becomes unknown and is
    never sent again by itself, when its lease is over or its sender's process has certainly ended.
    """
    over = delivery.c.lease_until <= database_seconds()
    dead = senders.dead(conn)
    if dead:
        over = or_(over, delivery.c.owner.in_(dead))
    swept = _give_up_leases(conn, claimed=or_(over, senders.is_silent()), sending=over, now=now)
    senders.forget(conn)
    return swept


def expire(conn: Connection, *, now: dt.datetime, bulletin_ids: Collection[int] | None = None) -> int:
    """Fails rows that are out of date, of these bulletins or of all; returns how many.

    After a stop only when it has been looked at what came too late: that waits for a person instead.
    """
    # What waits for a person waits as long as the person does.
    waits = or_(delivery.c.dispatch_id.in_(HELD), ~goes_on(delivery.c.bulletin_id))
    late = [going, delivery.c.valid_until <= now, ~waits]
    if bulletin_ids is not None:
        late.append(delivery.c.bulletin_id.in_(list(bulletin_ids)))
    expired = conn.execute(
        update(delivery)
        .where(*late)
        .values(state=advance(State.QUEUED, Fact.GIVE_UP), reason=Reason.EXPIRED, next_attempt_at=None, changed_at=now)
        .returning(delivery.c.id)
    )
    ids = expired.scalars().all()
    take_over(conn, ids, now=now)
    return len(ids)


def recover(conn: Connection, *, now: dt.datetime) -> Swept:
    """Sweeps everybody's leases without waiting for them to run out.

    Only the one SQLite sender, who holds the sender lock, may say that all others are dead.
    """
    owned = delivery.c.owner.is_not(None)
    return _give_up_leases(conn, claimed=owned, sending=owned, now=now)


_CLAIMED = (
    delivery.c.id,
    delivery.c.epoch,
    delivery.c.dispatch_id,
    delivery.c.bulletin_id,
    delivery.c.channel,
    delivery.c.address,
    delivery.c.name,
    delivery.c.unit,
    delivery.c.role,
    delivery.c.attempts,
    delivery.c.released_at,
    delivery.c.valid_until,
    delivery.c.next_attempt_at,
    delivery.c.position,
)


def _due(
    now: dt.datetime,
    bulletin_ids: Collection[int] | None,
    delivery_ids: Collection[str] | None,
    channel: str | None = None,
) -> list[ColumnElement[bool]]:
    conditions = list(due(now))
    if bulletin_ids is not None:
        # A sum has no index: through the one of bulletins, SQLite would read and sort every row for each claim.
        conditions.append((delivery.c.bulletin_id + 0).in_(list(bulletin_ids)))
    if delivery_ids is not None:
        named = list(delivery_ids)
        conditions.append(or_(delivery.c.id.in_(named), delivery.c.follows.in_(named)))
    if channel is not None:
        conditions.append(delivery.c.channel == channel)
    return conditions


def _claim(row: Any) -> Claim:
    return Claim(
        delivery_id=row.id,
        epoch=row.epoch,
        dispatch_id=row.dispatch_id,
        bulletin_id=row.bulletin_id,
        channel=row.channel,
        address=row.address,
        name=row.name,
        unit=row.unit,
        role=row.role,
        attempts=row.attempts,
        released_at=row.released_at,
        valid_until=row.valid_until,
    )


def _open_attempts(conn: Connection, claims: list[Claim], owner: str, account: str, now: dt.datetime) -> None:
    """The note before dialling: a try that dies with its process leaves a trace."""
    empty = {"owner": owner, "account": account, "started_at": now, "verdict": "", "fault": "", "stage": "", "code": 0}
    for part in chunks(claims):
        conn.execute(
            insert(attempt),
            [
                {"delivery_id": claim.delivery_id, "epoch": claim.epoch, "enhanced": "", "text": "", **empty}
                for claim in part
            ],
        )


def withdraw_unowed(conn: Connection, *, now: dt.datetime) -> None:
    """Cancels rows that came back from a carrier after their person had left the list, or after a correction."""
    conn.execute(
        update(delivery)
        .where(claimable, or_(~delivery.c.listed, is_corrected(delivery.c.bulletin_id)))
        .values(state=advance(State.QUEUED, Fact.CANCEL), reason=Reason.SUPERSEDED, next_attempt_at=None)
        .values(changed_at=now)
    )


def _give_up_leases(
    conn: Connection, *, claimed: ColumnElement[bool], sending: ColumnElement[bool], now: dt.datetime
) -> Swept:
    requeued = conn.execute(
        update(delivery)
        .where(_unlocked(State.CLAIMED, claimed))
        .values(state=advance(State.CLAIMED, Fact.RELEASE), reason=Reason.WORKER_LOST, changed_at=now, **_FREE)
    ).rowcount
    unknown = conn.execute(
        update(delivery)
        .where(_unlocked(State.SENDING, sending))
        .values(
            state=advance(State.SENDING, Fact.LOSE), reason=Reason.WORKER_LOST, next_attempt_at=None, changed_at=now
        )
        .values(_FREE)
        .returning(delivery.c.id, delivery.c.epoch)
    ).all()
    for row in unknown:
        conn.execute(
            update(attempt)
            .where(attempt.c.delivery_id == row.id, attempt.c.epoch == row.epoch)
            .values(ended_at=now, verdict=Verdict.UNKNOWN, stage=Stage.DOT)
        )
    return Swept(requeued, len(unknown))


def _unlocked(state: State, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Rows that nobody is writing at this moment: a program frozen within its transaction must not stop the sweep."""
    rows = select(delivery.c.id).where(leased, delivery.c.state == state, condition).with_for_update(skip_locked=True)
    return and_(delivery.c.state == state, delivery.c.id.in_(rows))
