"""Addresses we will not try. A refusal only offers one (`offered`); a person makes it count (`active`)."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, delete, exists, insert, select, update

from distributor.store.attempts import plain
from distributor.store.rows import chunks
from distributor.store.schema import suppression


@dataclass(frozen=True, slots=True)
class Suppression:
    """One address on one channel. `source` is the delivery, file or person it comes from."""

    channel: str
    address: str
    standing: str  # offered | active
    reason: str
    source: str
    at: dt.datetime


def list_suppressions(conn: Connection, standing: str | None = None) -> tuple[Suppression, ...]:
    """All entries, or those of one standing, newest first."""
    query = select(suppression).order_by(suppression.c.at.desc(), suppression.c.id.desc())
    if standing is not None:
        query = query.where(suppression.c.standing == standing)
    return tuple(
        Suppression(row.channel, row.address, row.standing, row.reason, row.source, row.at)
        for row in conn.execute(query)
    )


def offer(conn: Connection, channel: str, address: str, *, reason: str, source: str, now: dt.datetime) -> None:
    """Proposes an address to a person; an entry that is there already stays as it is."""
    known = exists().where(suppression.c.channel == channel, suppression.c.address == address)
    if not conn.execute(select(known)).scalar_one():
        conn.execute(insert(suppression).values(_values(channel, address, "offered", reason, source, now)))


def add(conn: Connection, channel: str, address: str, *, reason: str, source: str, now: dt.datetime) -> None:
    """Makes an address count as suppressed from now on."""
    values = _values(channel, address, "active", reason, source, now)
    same = (suppression.c.channel == channel, suppression.c.address == address)
    if not conn.execute(update(suppression).where(*same).values(values)).rowcount:
        conn.execute(insert(suppression).values(values))


def remove(conn: Connection, channel: str, address: str) -> bool:
    """Takes an address off the list; False when it was not there."""
    same = (suppression.c.channel == channel, suppression.c.address == address)
    return bool(conn.execute(delete(suppression).where(*same)).rowcount)


def is_suppressed(conn: Connection, channel: str, addresses: Collection[str]) -> frozenset[str]:
    """Those of the addresses that must not be tried on this channel."""
    found: set[str] = set()
    for part in chunks(addresses):
        active = (suppression.c.channel == channel, suppression.c.standing == "active")
        found.update(
            conn.execute(select(suppression.c.address).where(*active, suppression.c.address.in_(part))).scalars()
        )
    return frozenset(found)


def _values(channel: str, address: str, standing: str, reason: str, source: str, now: dt.datetime) -> dict[str, object]:
    return {
        "channel": channel,
        "address": address,
        "standing": standing,
        "reason": plain(reason),
        "source": source,
        "at": now,
    }
