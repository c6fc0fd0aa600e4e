"""The one place where the state of a delivery is written, besides the claim and the sweep.

A move is a fact about one row. Moves that write the same thing share one compare-and-set on id, state and epoch:
a fact of a lost claim, or one that the table does not allow, changes nothing.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import Connection, Update, bindparam, select, update

from distributor.delivery.state import TRANSITIONS, Fact, State
from distributor.store.rows import chunks
from distributor.store.schema import database_seconds, delivery

#: A row in `sending` outlasts the 600 s that a server may take to answer the dot (RFC 5321 4.5.3.2.6).
SENDING_LEASE = 660


@dataclass(frozen=True, slots=True)
class Move:
    """One fact and its consequences. `epoch` None: a decision about the row, whoever works on it.

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
    """Writes moves; returns the new state of each row, or None where the table or the epoch says no.

    Moves with the same content are written together, in the order of the first of each kind.
    """
    kinds = [replace(move, delivery_id="") for move in moves]
    alike: dict[Move, list[str]] = {}
    for kind, move in zip(kinds, moves, strict=True):
        alike.setdefault(kind, []).append(move.delivery_id)
    moved = {kind: _write(conn, kind, ids, now) for kind, ids in alike.items()}
    return [moved[kind].get(move.delivery_id) for kind, move in zip(kinds, moves, strict=True)]


def _write(conn: Connection, kind: Move, ids: Sequence[str], now: dt.datetime) -> dict[str, State]:
    moved: dict[str, State] = {}
    times = {name: getattr(kind, name) for name in _TIMES if getattr(kind, name) is not None}
    for target, origins in _arrows(kind.fact):
        statement = _statement(target, kind.epoch is not None, kind.charged, frozenset(times))
        values = {f"to_{name}": time for name, time in times.items()}
        values.update(to_reason=kind.reason, to_changed_at=now, origins=origins)
        if kind.epoch is not None:
            values["at_epoch"] = kind.epoch
        for part in chunks(ids):
            moved.update(dict.fromkeys(conn.execute(statement, {**values, "ids": part}).scalars(), target))
    if kind.again and len(moved) < len(ids):
        moved.update(_made_before(conn, kind, [id for id in ids if id not in moved]))
    return moved


@cache
def _arrows(fact: Fact) -> list[tuple[State, list[State]]]:
    """Where a fact leads, each with the states it leads from."""
    arrows: dict[State, list[State]] = {}
    for (origin, known), target in TRANSITIONS.items():
        if known is fact:
            arrows.setdefault(target, []).append(origin)
    return list(arrows.items())


_TIMES = ("next_attempt_at", "released_at", "valid_until")
_WAITING = (State.QUEUED, State.DEFERRED)


@cache
def _statement(target: State, fenced: bool, charged: bool, times: frozenset[str]) -> Update:
    """The compare-and-set for one kind of move; kept, because building it costs more than running it."""
    values: dict[str, Any] = {
        "state": target,
        "reason": bindparam("to_reason"),
        "changed_at": bindparam("to_changed_at"),
    }
    values.update({name: bindparam(f"to_{name}") for name in sorted(times)})
    if target is State.SENDING:
        values["lease_until"] = database_seconds() + SENDING_LEASE
    else:
        values.update(owner=None, lease_until=None)
    if target not in (*_WAITING, State.SENDING):
        values["next_attempt_at"] = None
    if charged:
        values["attempts"] = delivery.c.attempts + 1
    chosen = delivery.c.id.in_(bindparam("ids", expanding=True))
    statement = update(delivery).where(chosen, delivery.c.state.in_(bindparam("origins", expanding=True)))
    if fenced:
        statement = statement.where(delivery.c.epoch == bindparam("at_epoch"))
    return statement.values(values).returning(delivery.c.id)


def _made_before(conn: Connection, kind: Move, ids: Collection[str]) -> Iterator[tuple[str, State]]:
    """Rows that already stand where this fact leads, under the same epoch."""
    targets = [target for target, _ in _arrows(kind.fact)]
    query = select(delivery.c.id, delivery.c.state).where(
        delivery.c.id.in_(list(ids)), delivery.c.state.in_(targets), delivery.c.epoch == kind.epoch
    )
    for row in conn.execute(query):
        yield row.id, State(row.state)
