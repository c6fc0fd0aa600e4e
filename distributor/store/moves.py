"""The one place where the state of a delivery is written, besides the claim and the sweep.

A move is a fact about one row. Moves that write the same thing share one compare-and-set on id, state and epoch:
a fact of a lost claim, or one that the table does not allow, changes nothing.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Update, bindparam, literal, select, update

from distributor.delivery.state import FENCED, TRANSITIONS, Fact, State
from distributor.store.chain import take_over
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
    alike: dict[Any, list[Move]] = {}
    for move in moves:
        alike.setdefault(_kind(move), []).append(move)
    moved = {kind: _write(conn, same[0], [move.delivery_id for move in same], now=now) for kind, same in alike.items()}
    return [moved[_kind(move)].get(move.delivery_id) for move in moves]


#: What moves must share to be written together: everything but the row.
_kind = attrgetter(*(field.name for field in fields(Move) if field.name != "delivery_id"))


def _write(conn: Connection, kind: Move, ids: Sequence[str], *, now: dt.datetime) -> dict[str, State]:
    moved: dict[str, State] = {}
    values: dict[str, Any] = {"to_reason": kind.reason, "to_changed_at": now, "at_epoch": kind.epoch}
    times = [name for name in _TIMES if getattr(kind, name) is not None]
    values.update({f"to_{name}": getattr(kind, name) for name in times})
    for target in _targets(kind.fact):
        for part in chunks(ids, _SIZES[-1]):
            size = next(size for size in _SIZES if size >= len(part))
            statement = _statement(kind.fact, target, kind.epoch is not None, kind.charged, tuple(times), size)
            # A row that is named twice is written once.
            values.update(zip(_ID_NAMES[:size], part + part[-1:] * (size - len(part)), strict=True))
            moved.update(dict.fromkeys(conn.execute(statement, values).scalars(), target))
    if kind.again and len(moved) < len(ids):
        moved.update(_made_before(conn, kind, [id for id in ids if id not in moved]))
    if over := [delivery_id for delivery_id, state in moved.items() if state in _FAILED]:
        take_over(conn, over, now=now)
    return moved


@cache
def _targets(fact: Fact) -> tuple[State, ...]:
    """The states a fact leads to."""
    return tuple(dict.fromkeys(target for (_, known), target in TRANSITIONS.items() if known is fact))


_TIMES = ("next_attempt_at", "released_at", "valid_until")
_WAITING = (State.QUEUED, State.DEFERRED)

#: The person's next channel takes over from a copy that comes to this.
_FAILED = (State.FAILED, State.SUPPRESSED)

#: How many rows one statement may name. Few sizes, so that few statements are compiled, each of them once: an
#: expanding list is written anew for every execution, which costs as much as the rest of it.
_SIZES = (1, 2, 4, 8, 16, 64, 256)
_ID_NAMES = tuple(f"id_{number}" for number in range(_SIZES[-1]))


@cache
def _statement(fact: Fact, target: State, fenced: bool, charged: bool, times: tuple[str, ...], size: int) -> Update:
    """The compare-and-set for one kind of move; kept, because building it costs more than running it."""
    values: dict[str, Any] = {
        "state": target,
        "reason": bindparam("to_reason"),
        "changed_at": bindparam("to_changed_at"),
    }
    values.update({name: bindparam(f"to_{name}") for name in times})
    if target is State.SENDING:
        values["lease_until"] = database_seconds() + SENDING_LEASE
    else:
        values.update(owner=None, lease_until=None)
    if target not in (*_WAITING, State.SENDING):
        values["next_attempt_at"] = None
    if charged:
        values["attempts"] = delivery.c.attempts + 1
    origins = [
        literal(origin)
        for (origin, known), to in TRANSITIONS.items()
        if known is fact and to is target and (fenced or (origin, known) not in FENCED)
    ]
    chosen = delivery.c.id.in_([bindparam(name) for name in _ID_NAMES[:size]])
    statement = update(delivery).where(chosen, delivery.c.state.in_(origins))
    if fenced:
        statement = statement.where(delivery.c.epoch == bindparam("at_epoch"))
    return statement.values(values).returning(delivery.c.id)


def _made_before(conn: Connection, kind: Move, ids: Collection[str]) -> Iterator[tuple[str, State]]:
    """Rows that already stand where this fact leads, under the same epoch."""
    targets = _targets(kind.fact)
    query = select(delivery.c.id, delivery.c.state).where(
        delivery.c.id.in_(list(ids)), delivery.c.state.in_(targets), delivery.c.epoch == kind.epoch
    )
    for row in conn.execute(query):
        yield row.id, State(row.state)
