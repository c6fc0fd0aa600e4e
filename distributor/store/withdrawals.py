"""Bulletins that were withdrawn (撤回). Mail cannot be taken back; their pages say so and take no 签收 any more."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from distributor.store import audit
from distributor.store.attempts import plain
from distributor.store.turns import take_turns
from distributor.store.withdrawal_schema import withdrawal


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """When (UTC), by whom and why a bulletin was withdrawn."""

    bulletin_id: int
    at: dt.datetime
    actor: str
    reason: str


def withdraw(conn: Connection, bulletin_id: int, reason: str, *, actor: str, now: dt.datetime) -> bool:
    """Withdraws a bulletin. False when it was withdrawn before; the first reason stays."""
    take_turns(conn, [f"withdrawal:{bulletin_id}"])
    if withdrawal_of(conn, bulletin_id) is not None:
        return False
    kept = plain(reason)
    conn.execute(insert(withdrawal).values(bulletin_id=bulletin_id, at=now, actor=actor, reason=kept))
    _book(conn, "bulletin.withdrawn", bulletin_id, {"reason": kept}, actor, now)
    return True


def put_back(conn: Connection, bulletin_id: int, *, actor: str, now: dt.datetime) -> bool:
    """Takes a withdrawal back. False when there was none."""
    if not conn.execute(delete(withdrawal).where(withdrawal.c.bulletin_id == bulletin_id)).rowcount:
        return False
    _book(conn, "bulletin.put_back", bulletin_id, {}, actor, now)
    return True


def withdrawal_of(conn: Connection, bulletin_id: int) -> Withdrawal | None:
    """The withdrawal of a bulletin; None when it stands."""
    row = conn.execute(select(withdrawal).where(withdrawal.c.bulletin_id == bulletin_id)).first()
    return None if row is None else Withdrawal(row.bulletin_id, row.at, row.actor, row.reason)


def _book(
    conn: Connection, action: str, bulletin_id: int, details: dict[str, object], actor: str, now: dt.datetime
) -> None:
    audit.append(conn, action, f"bulletin:{bulletin_id}", details, actor, now, bulletin_id=bulletin_id)
