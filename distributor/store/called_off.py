"""Copies that a person cancelled while a carrier had them, or may have had.

Nobody can take those back. But what comes back from the carrier ("later, please") ends there instead of being tried
again, and no other channel follows, neither after a refusal nor after silence: the person has said that it should not
go. Another text that is finalised in its place begins anew.
"""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from distributor.store.rows import chunks
from distributor.store.schema import delivery


def call_off(conn: Connection, delivery_ids: Collection[str]) -> None:
    """Notes that these, which are out, are not to be sent again, on no channel."""
    _write(conn, delivery_ids, called_off=True)


def call_again(conn: Connection, delivery_ids: Collection[str]) -> None:
    """Takes that back: a person wants them sent after all."""
    _write(conn, delivery_ids, called_off=False)


def called_off(conn: Connection, delivery_ids: Collection[str]) -> list[str]:
    """Those of these copies that were called off."""
    found: list[str] = []
    for part in chunks(delivery_ids):
        rows = select(delivery.c.id).where(delivery.c.id.in_(part), delivery.c.called_off)
        found.extend(conn.execute(rows).scalars())
    return found


def _write(conn: Connection, delivery_ids: Collection[str], *, called_off: bool) -> None:
    for part in chunks(delivery_ids):
        conn.execute(update(delivery).where(delivery.c.id.in_(part)).values(called_off=called_off))
