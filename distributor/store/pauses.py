"""What a person lets rest: everything, one account or one bulletin, until a person lets it go on.

Pauses stand in the database, so running services see them with their next look; letters in flight are
finished. Both decisions are booked.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, and_, delete, exists, insert, select

from distributor.errors import BadInput
from distributor.store import audit
from distributor.store import service_schema as tables
from distributor.store.attempts import plain
from distributor.store.turns import take_turns
from distributor.store.validity import extend
from distributor.words import words

ALL = "all"

_SCOPE = re.compile(r"all|account:\S+|bulletin:(?P<bulletin>[1-9]\d{0,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Pause:
    """One thing that rests: "all", "account:NAME" or "bulletin:ID"; why, by whom and since when (UTC)."""

    scope: str
    reason: str
    actor: str
    at: dt.datetime


def pause(conn: Connection, scope: str, reason: str, actor: str, now: dt.datetime) -> bool:
    """Lets a scope rest. False when it rests already; the first reason stays. Raises `BadInput` for other scopes."""
    bulletin_id = _bulletin_of(scope)
    take_turns(conn, [f"pause:{scope}"])
    if conn.execute(select(_named(scope))).scalar_one():
        return False
    kept = plain(reason)
    values = {"scope": scope, "bulletin_id": bulletin_id, "reason": kept, "actor": actor, "at": now}
    conn.execute(insert(tables.pause).values(values))
    audit.append(conn, "paused", scope, {"reason": kept}, actor, now, bulletin_id=bulletin_id)
    return True


def resume(conn: Connection, scope: str, actor: str, now: dt.datetime) -> bool:
    """Lets a scope go on; its copies stay valid for as long as it rested. False when it did not rest."""
    bulletin_id = _bulletin_of(scope)
    since = conn.execute(delete(tables.pause).where(tables.pause.c.scope == scope).returning(tables.pause.c.at))
    began = since.scalar()
    if began is None:
        return False
    if scope == ALL or bulletin_id is not None:
        extend(conn, bulletin_id, began, _rests_still(conn, now))
    audit.append(conn, "resumed", scope, {}, actor, now, bulletin_id=bulletin_id)
    return True


def paused(conn: Connection) -> tuple[Pause, ...]:
    """Everything that rests, the longest first."""
    rows = conn.execute(select(tables.pause).order_by(tables.pause.c.at, tables.pause.c.scope))
    return tuple(Pause(row.scope, row.reason, row.actor, row.at) for row in rows)


def account_rests(pauses: Iterable[Pause], account: str) -> bool:
    """Whether an account may not be used."""
    return any(each.scope in (ALL, f"account:{account}") for each in pauses)


def goes_on(bulletin_id: Column[Any]) -> ColumnElement[bool]:
    """The condition that neither everything nor the bulletin of a row rests."""
    resting = select(tables.pause.c.bulletin_id).where(tables.pause.c.bulletin_id.is_not(None))
    return and_(~_named(ALL), bulletin_id.not_in(resting))


def _rests_still(conn: Connection, now: dt.datetime) -> Callable[[int], dt.datetime]:
    """Until when a rest that ends now is made up for: where another one goes on, that one makes up for the rest."""
    others = {each.scope: each.at for each in paused(conn)}

    def until(bulletin_id: int) -> dt.datetime:
        return min((others[name] for name in (ALL, f"bulletin:{bulletin_id}") if name in others), default=now)

    return until


def _named(scope: str) -> ColumnElement[bool]:
    return exists().where(tables.pause.c.scope == scope)


def _bulletin_of(scope: str) -> int | None:
    match = _SCOPE.fullmatch(scope)
    if match is None:
        raise BadInput(
            words("{scope} cannot be paused.", scope=scope),
            do=words("Possible are: {choices}.", choices="all, account:NAME, bulletin:ID"),
        )
    return int(match["bulletin"]) if match["bulletin"] else None
