"""What came back about copies: kept once, matched to a delivery or to nothing, and applied to its state.

A report may come twice, late, before the reply to its letter, or in any order: its digest makes it one row, and the
law (`delivery.evidence`) says what it does. What nobody can match counts for nothing and is listed for a person.
"""

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Connection, Row, Select, select, update
from sqlalchemy.dialects import postgresql, sqlite

from distributor.delivery.evidence import (
    MEANINGS,
    UNDER_WAY,
    Effect,
    Kind,
    effect_of,
    reason_for,
)
from distributor.delivery.state import State
from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.attempts import plain
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import OPEN, Receipt, no_delivery, receipt_record, receipt_rows
from distributor.store.receipt_schema import receipt
from distributor.store.rows import chunks
from distributor.store.schema import delivery
from distributor.words import words

#: Rows put right in one go, so that no transaction lasts long.
_ROUND = 500


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a receipt: the row that stands for it, and whether that is new. `state`: of its delivery."""

    receipt: Receipt
    new: bool
    state: State | None


def add_receipt(
    conn: Connection,
    kind: Kind,
    *,
    delivery_id: str | None,
    source: str,
    digest: str,
    at: dt.datetime,
    now: dt.datetime,
    raw: bytes | None = None,
    details: Mapping[str, object] | None = None,
    review: str = "",
) -> Added:
    """Keeps a receipt and applies it to its delivery, in the caller's transaction.

    `digest` (hex, 64 characters) makes a report known again: the second time changes nothing and gives the first row.
    `source` says where it came in: "mailbox", "page", "phone", a channel. `delivery_id` None: it fits
    nothing, and is listed for a person with `review` as the reason. With both, it belongs to the delivery but a
    person must look before it counts (another Final-Recipient). `details` are plain JSON values, never a secret.
    Raises `BadInput` for a delivery that is not there.
    """
    state = _lock(conn, delivery_id) if delivery_id is not None else None
    standing = _standing(kind, state, review)
    values = {
        "delivery_id": delivery_id,
        "kind": kind,
        "source": source,
        "at": at,
        "received_at": now,
        "digest": digest,
        "standing": standing,
        "note": plain(review),
        "details": json.dumps(dict(details or {}), default=str),
        "raw": raw,
    }
    number = _insert_once(conn, values)
    row = conn.execute(receipt_rows().where(receipt.c.digest == digest)).one()
    if number is not None and standing == "applied":
        state = _apply(conn, row, now=now)
    return Added(receipt_record(row), number is not None, state)


@dataclass(frozen=True, slots=True)
class Slight:
    """A receipt of which there are many and which says little: a page was opened. `at` is UTC."""

    kind: Kind
    delivery_id: str
    source: str
    digest: str
    at: dt.datetime


def add_slight(conn: Connection, slights: Sequence[Slight]) -> None:
    """Adds many receipts at once; only those that have something to say about their copy are looked at one by one.

    Receipts of copies that are not there are left out.
    """
    states: dict[str, State] = {}
    for ids in chunks({one.delivery_id for one in slights}):
        query = select(delivery.c.id, delivery.c.state).where(delivery.c.id.in_(ids))
        states |= {row.id: State(row.state) for row in conn.execute(query)}
    known = [one for one in slights if one.delivery_id in states]
    plain_ones = [one for one in known if effect_of(one.kind, states[one.delivery_id]) is Effect.NOTHING]
    if plain_ones:
        conn.execute(_insert(conn), [_slight_values(one) for one in plain_ones])
    for one in known:
        if effect_of(one.kind, states[one.delivery_id]) is not Effect.NOTHING:
            add_receipt(
                conn, one.kind, delivery_id=one.delivery_id, source=one.source, digest=one.digest, at=one.at, now=one.at
            )


def settle(conn: Connection, *, now: dt.datetime) -> int:
    """Applies receipts that came before the reply to their letter, as far as it has come by now. Returns how many."""
    waiting: Select[Any] = (
        select(receipt.c.id, receipt.c.delivery_id, receipt.c.kind, receipt.c.source)
        .join(delivery, delivery.c.id == receipt.c.delivery_id)
        .where(receipt.c.standing == "waiting", delivery.c.state.not_in(list(UNDER_WAY)))
        .order_by(receipt.c.id)
        .limit(_ROUND)
    )
    settled = 0
    for row in conn.execute(waiting).all():
        if _standing(Kind(row.kind), _lock(conn, row.delivery_id), "") == "applied":
            _apply(conn, row, now=now)
            conn.execute(update(receipt).where(receipt.c.id == row.id).values(standing="applied"))
            settled += 1
    return settled


def assign(conn: Connection, receipt_id: int, delivery_id: str, *, actor: str, now: dt.datetime) -> Added:
    """`actor` says which copy a receipt belongs to. Raises `BadInput` when it is no receipt that waits for that."""
    found = _of_person(conn, receipt_id)
    state = _lock(conn, delivery_id)
    standing = _standing(found.kind, state, "")
    values = {"delivery_id": delivery_id, "standing": standing}
    conn.execute(update(receipt).where(receipt.c.id == receipt_id).values(values))
    row = conn.execute(receipt_rows().where(receipt.c.id == receipt_id)).one()
    audit.append(conn, "receipt.assigned", f"receipt:{receipt_id}", {"delivery": delivery_id}, actor, now)
    return Added(receipt_record(row), True, _apply(conn, row, now=now) if standing == "applied" else state)


def dismiss(conn: Connection, receipt_id: int, *, actor: str, now: dt.datetime) -> None:
    """`actor` says that a receipt means nothing here; it stays on record. Raises `BadInput` as `assign` does."""
    _of_person(conn, receipt_id)
    conn.execute(update(receipt).where(receipt.c.id == receipt_id).values(standing="dismissed"))
    audit.append(conn, "receipt.dismissed", f"receipt:{receipt_id}", {}, actor, now)


def _standing(kind: Kind, state: State | None, review: str) -> str:
    if state is None:
        return "unmatched"
    if review:
        return "review"
    return "waiting" if effect_of(kind, state) is Effect.WAITS else "applied"


def _apply(conn: Connection, row: Row[Any], *, now: dt.datetime) -> State:
    """Moves the delivery of a receipt where the law says so; its row is locked."""
    state = _lock(conn, row.delivery_id)
    fact = MEANINGS[Kind(row.kind)].fact
    if fact is None or effect_of(Kind(row.kind), state) is not Effect.MOVES:
        return state
    move = Move(row.delivery_id, fact, None, reason=reason_for(Kind(row.kind)))
    return apply_moves(conn, [move], now=now)[0] or state


def _lock(conn: Connection, delivery_id: str) -> State:
    query = select(delivery.c.state).where(delivery.c.id == delivery_id).with_for_update()
    state = conn.execute(query).scalar()
    if state is None:
        raise no_delivery(delivery_id)
    return State(state)


def _of_person(conn: Connection, receipt_id: int) -> Receipt:
    row = conn.execute(receipt_rows().where(receipt.c.id == receipt_id).with_for_update(of=receipt)).first()
    if row is None or row.standing not in OPEN:
        raise BadInput(
            words("There is no receipt {wanted} that waits for a person.", wanted=receipt_id),
            do=words("`distributor receipts --unmatched` lists those that do."),
        )
    return receipt_record(row)


def _insert_once(conn: Connection, values: Mapping[str, object]) -> int | None:
    """Adds a row unless its digest is there; whoever comes second waits for the first one's commit."""
    return cast("int | None", conn.execute(_insert(conn).values(dict(values)).returning(receipt.c.id)).scalar())


def _insert(conn: Connection) -> sqlite.Insert | postgresql.Insert:
    if conn.dialect.name == "postgresql":
        return postgresql.insert(receipt).on_conflict_do_nothing(index_elements=[receipt.c.digest])
    return sqlite.insert(receipt).on_conflict_do_nothing(index_elements=[receipt.c.digest])


def _slight_values(one: Slight) -> dict[str, object]:
    return {
        "delivery_id": one.delivery_id,
        "kind": one.kind,
        "source": one.source,
        "at": one.at,
        "received_at": one.at,
        "digest": one.digest,
        "standing": "applied",
        "note": "",
        "details": "{}",
        "raw": None,
    }
