"""Looks at deliveries and their books, and writes what a person decides about one of them."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, Text, and_, exists, func, or_, select, type_coerce

from distributor.delivery.state import Fact, State
from distributor.errors import BadInput, Refused
from distributor.recipients.model import Recipient
from distributor.store.due import HELD, due
from distributor.store.moves import Move, apply_moves
from distributor.store.records import AttemptRecord, Books, DeliveryRecord
from distributor.store.rows import chunks, deliveries, delivery_record, recipient
from distributor.store.schema import attempt, delivery, dispatch, going
from distributor.words import words

#: Facts after which a row waits to be sent (again).
_STARTS_AGAIN = (Fact.RETRY, Fact.RESEND)


class NotPossible(Refused):
    """The row's state has no arrow for what was asked."""

    code = "not_possible"

    def __init__(self, state: State, fact: Fact) -> None:
        super().__init__(
            words("This is not possible now: the delivery is {state} ({fact} was asked).", state=state, fact=fact),
            do=words("Look at it with: distributor why RECIPIENT"),
        )
        self.state = state
        self.fact = fact


class NotListed(Refused):
    """The last freeze no longer lists the person, so nothing is sent to them."""

    code = "not_listed"

    def __init__(self, address: str) -> None:
        super().__init__(
            words("{address} is not on the list of this bulletin any more.", address=address),
            do=words("To send it there after all, put the address into recipients.yaml and finalise again."),
        )


def deliveries_of(conn: Connection, bulletin_id: int, *, history: bool = False) -> tuple[DeliveryRecord, ...]:
    """All rows of one bulletin in the order of the directory; with every attempt if `history`."""
    rows = conn.execute(deliveries().where(delivery.c.bulletin_id == bulletin_id)).all()
    attempts = _attempts(conn, (row.id for row in rows)) if history else {}
    return tuple(delivery_record(row, attempts.get(row.id, ())) for row in rows)


def find_deliveries(conn: Connection, who: str, bulletin_id: int | None = None) -> tuple[DeliveryRecord, ...]:
    """The rows of an address, key, name, unit or delivery id, newest bulletin first, with every attempt."""
    quoted = json.dumps(who, ensure_ascii=False)
    named = type_coerce(delivery.c.people, Text).contains(quoted, autoescape=True)
    match = or_(
        delivery.c.address == who.lower(),
        *(column == who for column in (delivery.c.address, delivery.c.key, delivery.c.name, delivery.c.unit)),
        delivery.c.id == who,
        named,
    )
    if bulletin_id is not None:
        match = and_(match, delivery.c.bulletin_id == bulletin_id)
    rows = conn.execute(deliveries().where(match)).all()
    attempts = _attempts(conn, (row.id for row in rows))
    return tuple(delivery_record(row, attempts.get(row.id, ())) for row in rows)


def get_delivery(conn: Connection, delivery_id: str) -> DeliveryRecord:
    """One row, with every attempt. Raises `BadInput` when there is none of this id."""
    row = conn.execute(deliveries().where(delivery.c.id == delivery_id)).first()
    if row is None:
        raise BadInput(words("There is no delivery {wanted}.", wanted=delivery_id))
    return delivery_record(row, _attempts(conn, [row.id]).get(row.id, ()))


def recipients_of(conn: Connection, bulletin_id: int) -> tuple[Recipient, ...]:
    """Who the bulletin is owed to as last frozen, in the order of the directory; each on the first channel."""
    first = (delivery.c.listed, delivery.c.follows.is_(None))
    listed = deliveries().where(delivery.c.bulletin_id == bulletin_id, *first)
    return tuple(recipient(row) for row in conn.execute(listed))


def books(conn: Connection, bulletin_id: int) -> Books:
    """The books of one bulletin. `planned` is what was frozen, the states are counted from the rows."""
    by_state: defaultdict[State, int] = defaultdict(int)
    parts = books_by_dispatch(conn, bulletin_id).values()
    for part in parts:
        for state, count in part.by_state.items():
            by_state[state] += count
    return Books(
        planned=sum(part.planned for part in parts),
        by_state=dict(by_state),
        taken_over=sum(part.taken_over for part in parts),
    )


def books_by_dispatch(conn: Connection, bulletin_id: int) -> dict[int, Books]:
    """The books of each letter of one bulletin, by dispatch id."""
    planned = conn.execute(select(dispatch.c.id, dispatch.c.planned).where(dispatch.c.bulletin_id == bulletin_id))
    found: dict[int, tuple[int, dict[State, int]]] = {row.id: (row.planned, {}) for row in planned}
    counts = conn.execute(
        select(delivery.c.dispatch_id, delivery.c.state, func.count().label("rows"))
        .where(delivery.c.bulletin_id == bulletin_id)
        .group_by(delivery.c.dispatch_id, delivery.c.state)
    )
    for row in counts:
        found[row.dispatch_id][1][State(row.state)] = row.rows
    taken_over = _taken_over(conn, bulletin_id)
    return {
        number: Books(planned=planned, by_state=states, taken_over=taken_over.get(number, 0))
        for number, (planned, states) in sorted(found.items())
    }


def _taken_over(conn: Connection, bulletin_id: int) -> dict[int, int]:
    """How many copies of each letter did not arrive and are no loss, by dispatch id.

    Another channel's copy has taken their place, or they were to follow one that is there.
    """
    next_one, before = delivery.alias("next_one"), delivery.alias("before")
    followed = exists().where(next_one.c.follows == delivery.c.id, next_one.c.follows.is_not(None))
    there = before.c.state.in_([State.ACCEPTED, State.DELIVERED])
    spare = or_(followed, exists().where(before.c.id == delivery.c.follows, there))
    lost = delivery.c.state.in_([State.BOUNCED, State.FAILED, State.SUPPRESSED])
    rows = conn.execute(
        select(delivery.c.dispatch_id, func.count())
        .where(delivery.c.bulletin_id == bulletin_id, lost, spare)
        .group_by(delivery.c.dispatch_id)
    )
    return {row[0]: row[1] for row in rows}


def due_bulletins(conn: Connection, *, now: dt.datetime) -> tuple[int, ...]:
    """The bulletins that have a copy to send now, the longest waiting first; held and resting ones are left out."""
    found = (
        select(delivery.c.bulletin_id)
        .where(*due(now))
        .group_by(delivery.c.bulletin_id)
        .order_by(func.min(delivery.c.next_attempt_at), delivery.c.bulletin_id)
    )
    return tuple(conn.execute(found).scalars())


def bulletins_in_doubt(conn: Connection) -> tuple[int, ...]:
    """The bulletins with copies of which nobody knows whether they arrived, the oldest first. Reads every row."""
    doubtful = select(delivery.c.bulletin_id).where(delivery.c.state == State.UNKNOWN).distinct()
    return tuple(conn.execute(doubtful.order_by(delivery.c.bulletin_id)).scalars())


def next_due(conn: Connection, bulletin_id: int | None = None) -> dt.datetime | None:
    """When the next row may be claimed (UTC), past times included; None when nothing waits but on a hold.

    Rows whose `valid_until` has passed count until a sweep gives them up: sweep before waiting for this time.
    """
    first = select(func.min(delivery.c.next_attempt_at)).where(
        going, delivery.c.listed, delivery.c.dispatch_id.not_in(HELD)
    )
    if bulletin_id is not None:
        first = first.where(delivery.c.bulletin_id == bulletin_id)
    return conn.execute(first).scalar()


def apply_fact(
    conn: Connection,
    delivery_id: str,
    fact: Fact,
    *,
    reason: str,
    now: dt.datetime,
    next_attempt_at: dt.datetime | None = None,
    valid_until: dt.datetime | None = None,
) -> State:
    """Writes what a person (or a receipt) says about one row; returns its new state.

    RETRY and RESEND make a released row due at `next_attempt_at` (now, if not given); when its time was over, the
    same length of time starts anew unless `valid_until` is given. A row that was never released stays so.
    Raises `BadInput` for an id that is not there, `NotPossible` when the row's state does not allow the fact,
    `NotListed` for RETRY and RESEND of a row whose person the last freeze no longer lists.
    """
    row = conn.execute(
        select(delivery.c.state, delivery.c.address, delivery.c.listed, delivery.c.released_at, delivery.c.valid_until)
        .where(delivery.c.id == delivery_id)
        .with_for_update()
    ).first()
    if row is None:
        raise BadInput(words("There is no delivery {wanted}.", wanted=delivery_id))
    if fact in _STARTS_AGAIN and not row.listed:
        raise NotListed(row.address)
    released_at = None
    if fact in _STARTS_AGAIN and row.released_at is not None:
        next_attempt_at = next_attempt_at or now
        if valid_until is None and row.valid_until <= next_attempt_at:
            released_at = next_attempt_at
            valid_until = next_attempt_at + (row.valid_until - row.released_at)
    elif fact in _STARTS_AGAIN:
        next_attempt_at = None
    move = Move(
        delivery_id,
        fact,
        None,
        reason=reason,
        released_at=released_at,
        next_attempt_at=next_attempt_at,
        valid_until=valid_until,
    )
    state = apply_moves(conn, [move], now=now)[0]
    if state is None:
        raise NotPossible(State(row.state), fact)
    return state


def _attempts(conn: Connection, delivery_ids: Iterable[str]) -> dict[str, list[AttemptRecord]]:
    found: defaultdict[str, list[AttemptRecord]] = defaultdict(list)
    for ids in chunks(delivery_ids):
        query = select(attempt).where(attempt.c.delivery_id.in_(ids)).order_by(attempt.c.delivery_id, attempt.c.epoch)
        for row in conn.execute(query):
            tries = found[row.delivery_id]
            tries.append(
                AttemptRecord(
                    number=len(tries) + 1,
                    started_at=row.started_at,
                    ended_at=row.ended_at,
                    verdict=row.verdict,
                    fault=row.fault,
                    stage=row.stage,
                    code=row.code,
                    enhanced=row.enhanced,
                    text=row.text,
                    account=row.account,
                )
            )
    return found
