"""The log of what people and the program decided, in a chain of hashes.

Each entry's hash covers the one before it, and the head of the chain is kept apart, so a changed, removed or
cut-off entry shows. It guards against quiet corrections, not against someone who rewrites the whole database.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from distributor.store.schema import audit, audit_head


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry. `details` holds plain JSON values and never a secret."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    subject: str
    bulletin_id: int | None
    details: Mapping[str, Any]


def append(
    conn: Connection,
    action: str,
    subject: str,
    details: Mapping[str, object],
    actor: str,
    now: dt.datetime,
    *,
    bulletin_id: int | None = None,
) -> int:
    """Adds an entry at the end of the chain, in the caller's transaction; returns its id."""
    head = conn.execute(select(audit_head).with_for_update()).one()
    number: int = head.last_id + 1
    values = {
        "id": number,
        "at": now.astimezone(dt.UTC),
        "actor": actor,
        "action": action,
        "subject": subject,
        "bulletin_id": bulletin_id,
        "details": json.dumps(details, ensure_ascii=False, sort_keys=True, default=str),
        "previous": head.hash,
    }
    digest = _hash(values)
    conn.execute(insert(audit).values({**values, "hash": digest}))
    conn.execute(update(audit_head).values(last_id=number, hash=digest))
    return number


def verify(conn: Connection) -> int | None:
    """The id of the first entry that is missing or not as it was written; None when the chain is whole."""
    previous, expected = "0" * 64, 1
    for row in conn.execute(select(audit).order_by(audit.c.id)):
        broken = row.id != expected or row.previous != previous or row.hash != _hash(row._asdict())
        if broken:
            return expected
        previous, expected = row.hash, expected + 1
    head = conn.execute(select(audit_head)).one()
    return None if (head.last_id, head.hash) == (expected - 1, previous) else expected


def head(conn: Connection) -> tuple[int, str]:
    """The number of entries and the hash of the last one: what a printed report is held against later."""
    row = conn.execute(select(audit_head)).one()
    return row.last_id, row.hash


def contains(conn: Connection, digest: str) -> bool:
    """Whether an entry has this hash, or the chain has not begun: what was printed then is still part of it."""
    return digest == "0" * 64 or conn.execute(select(audit.c.id).where(audit.c.hash == digest)).first() is not None


def entries(conn: Connection, bulletin_id: int | None = None) -> tuple[AuditEntry, ...]:
    """The entries, oldest first; of one bulletin if it is given."""
    query = select(audit).order_by(audit.c.id)
    if bulletin_id is not None:
        query = query.where(audit.c.bulletin_id == bulletin_id)
    return tuple(_entry(row) for row in conn.execute(query))


def _entry(row: Row[Any]) -> AuditEntry:
    return AuditEntry(row.id, row.at, row.actor, row.action, row.subject, row.bulletin_id, json.loads(row.details))


def _hash(values: Mapping[str, Any]) -> str:
    names = ("id", "actor", "action", "subject", "bulletin_id", "details", "previous")
    covered = [values["at"].isoformat(), *(values[name] for name in names)]
    return hashlib.sha256(json.dumps(covered, ensure_ascii=False).encode()).hexdigest()
