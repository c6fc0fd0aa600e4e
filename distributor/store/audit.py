"""The log of what people and the program decided, in a chain of hashes.

Each entry's hash covers the one before it, and the head of the chain is kept apart, so a changed, removed or
cut-off entry shows. It guards against quiet corrections, not against someone who rewrites the whole database.
Personal data can be taken out of an entry: it keeps the hash of what stood there, and a later entry of the chain
says that it was redacted and what it holds now, so the chain stays whole and every redaction shows.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from distributor.store.schema import audit, audit_head

#: The entry that says which earlier ones were redacted; its details name them with the hash of what they hold now.
REDACTED = "audit.redacted"


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
        "details": _written(details),
        "previous": head.hash,
    }
    digest = _hash(values)
    conn.execute(insert(audit).values({**values, "hash": digest}))
    conn.execute(update(audit_head).values(last_id=number, hash=digest))
    return number


def verify(conn: Connection) -> int | None:
    """The id of the first entry that is missing or not as it was written; None when the chain is whole.

    An entry that was redacted must hold what the last word about it says.
    """
    known = redactions(conn)
    previous, expected = "0" * 64, 1
    for row in conn.execute(select(audit).order_by(audit.c.id)):
        held = known.get(row.id, row.hash)
        if row.id != expected or row.previous != previous or held != _hash(row._asdict()):
            return expected
        previous, expected = row.hash, expected + 1
    head = conn.execute(select(audit_head)).one()
    return None if (head.last_id, head.hash) == (expected - 1, previous) else expected


def redactions(conn: Connection) -> dict[int, str]:
    """The entries that were redacted, with the hash of what they hold since."""
    rows = conn.execute(select(audit.c.id, audit.c.details).where(audit.c.action == REDACTED).order_by(audit.c.id))
    found: dict[int, str] = {}
    for row in rows:
        # No entry can speak of itself or of a later one.
        found |= {number: digest for number, digest in _redacted_by(row.details).items() if number < row.id}
    return found


def redact(
    conn: Connection,
    change: Callable[[AuditEntry], AuditEntry | None],
    *,
    subject: str,
    actor: str,
    now: dt.datetime,
) -> int:
    """Takes personal data out of entries, in the caller's transaction; returns of how many.

    `change` gives an entry with other subject and details, or None for one that stays. Each keeps its hash, which
    covers what stood there; one new entry at the end of the chain names them all. `subject` says for whose sake.
    """
    conn.execute(select(audit_head).with_for_update()).one()  # nobody else redacts meanwhile
    entries: dict[str, str] = {}
    for row in conn.execute(select(audit).order_by(audit.c.id)).all():
        changed = None if row.action == REDACTED else change(_entry(row))
        if changed is None:
            continue
        values = {"subject": changed.subject, "details": _written(changed.details)}
        conn.execute(update(audit).where(audit.c.id == row.id).values(values))
        entries[str(row.id)] = _hash({**row._asdict(), **values})
    if entries:
        append(conn, REDACTED, subject, {"entries": entries}, actor, now)
    return len(entries)


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


def _redacted_by(details: str) -> dict[int, str]:
    """What one entry says; nothing for one that somebody has spoiled, so that the chain breaks instead."""
    try:
        return {int(number): str(digest) for number, digest in json.loads(details)["entries"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


def _written(details: Mapping[str, object]) -> str:
    return json.dumps(details, ensure_ascii=False, sort_keys=True, default=str)


def _hash(values: Mapping[str, Any]) -> str:
    names = ("id", "actor", "action", "subject", "bulletin_id", "details", "previous")
    covered = [values["at"].isoformat(), *(values[name] for name in names)]
    return hashlib.sha256(json.dumps(covered, ensure_ascii=False).encode()).hexdigest()
