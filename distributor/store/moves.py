"""The one place where the state of a delivery is written, besides the claim and the sweep.

A move is a fact about one row. The rows are locked and read, `advance` decides, and the result is
written under a compare-and-set on state and epoch: a fact of a lost claim changes nothing.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from distributor.delivery.state import Fact, ForbiddenMove, State, advance
from distributor.store.rows import chunks
from distributor.store.schema import database_seconds, delivery

#: A row in `sending` outlasts the 600 s that a server may take to answer the dot (RFC 5321 4.5.3.2.6).
SENDING_LEASE = 660


@dataclass(frozen=True, slots=True)
class Move:
    """One fact and its consequences. `epoch` None: a decision about the row whoever works on it.

    `next_attempt_at` None keeps the row's time where the new state waits at all.
    `again`: this very move may have been committed already (the answer to COMMIT was lost).
    """

    delivery_id: str
    fact: Fact
    epoch: int | None
    reason: str = ""
    charged: bool = False
    next_attempt_at: dt.datetime | None = None
    released_at: dt.datetime | None = None
    valid_until: dt.datetime | None = None
    again: bool = False


def apply_moves(conn: Connection, moves: Sequence[Move], *, now: dt.datetime) -> list[State | None]:
    """Moves rows, in the order given; returns the new state of each, or None where the table or the epoch says no."""
    results: list[State | None] = []
    for part in chunks(moves):
        rows = _locked(conn, {move.delivery_id for move in part})
        writes: list[dict[str, Any]] = []
        for move in part:
            row = rows.get(move.delivery_id)
            results.append(_decide(row, move, writes, now) if row else None)
        if writes:
            _write(conn, writes)
    return results


def _locked(conn: Connection, ids: set[str]) -> dict[str, dict[str, Any]]:
    # Always locked in the order of ids, so that two writers cannot wait for each other.
    query = (
        select(
            delivery.c.id,
            delivery.c.state,
            delivery.c.epoch,
            delivery.c.owner,
            delivery.c.lease_until,
            delivery.c.attempts,
            delivery.c.released_at,
            delivery.c.next_attempt_at,
            delivery.c.valid_until,
            database_seconds().label("clock"),
        )
        .where(delivery.c.id.in_(sorted(ids)))
        .order_by(delivery.c.id)
        .with_for_update()
    )
    return {row.id: dict(row._mapping) for row in conn.execute(query)}


def _decide(row: dict[str, Any], move: Move, writes: list[dict[str, Any]], now: dt.datetime) -> State | None:
    if move.epoch is not None and move.epoch != row["epoch"]:
        return None
    was = State(row["state"])
    try:
        state = advance(was, move.fact)
    except ForbiddenMove:
        return was if move.again and _made_before(was, move.fact) else None
    row.update(_after(row, state, move))
    writes.append(
        {
            "b_id": row["id"],
            "b_epoch": row["epoch"],
            "b_was": was,
            "b_state": state,
            "b_reason": move.reason,
            "b_now": now,
            **{f"b_{name}": row[name] for name in _KEPT},
        }
    )
    return state


_KEPT = ("owner", "lease_until", "attempts", "released_at", "next_attempt_at", "valid_until")
_WAITING = (State.QUEUED, State.DEFERRED)


def _after(row: dict[str, Any], state: State, move: Move) -> dict[str, Any]:
    held = state is State.SENDING
    return {
        "state": state,
        "owner": row["owner"] if held else None,
        "lease_until": row["clock"] + SENDING_LEASE if held else None,
        "attempts": row["attempts"] + move.charged,
        "next_attempt_at": (move.next_attempt_at or row["next_attempt_at"]) if state in _WAITING or held else None,
        "released_at": move.released_at or row["released_at"],
        "valid_until": move.valid_until or row["valid_until"],
    }


def _made_before(state: State, fact: Fact) -> bool:
    """Whether the row already stands where this fact leads."""
    return any(_leads(origin, fact) is state for origin in State)


def _leads(origin: State, fact: Fact) -> State | None:
    try:
        return advance(origin, fact)
    except ForbiddenMove:
        return None


_UPDATE = (
    update(delivery)
    .where(
        delivery.c.id == bindparam("b_id"),
        delivery.c.epoch == bindparam("b_epoch"),
        delivery.c.state == bindparam("b_was"),
    )
    .values(
        state=bindparam("b_state"),
        reason=bindparam("b_reason"),
        changed_at=bindparam("b_now"),
        **{name: bindparam(f"b_{name}") for name in _KEPT},
    )
)


def _write(conn: Connection, writes: list[dict[str, Any]]) -> None:
    written = conn.execute(_UPDATE, writes).rowcount
    if written != len(writes):  # the rows are locked: another count means that the lock did not hold
        raise RuntimeError(f"{len(writes)} rows were locked and {written} written")
