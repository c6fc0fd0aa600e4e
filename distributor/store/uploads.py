"""What the platform calls a file that it was given: kept so that nothing is uploaded twice, and retries stay the same.

An id dies after some days; what was named before `since` counts as dead. An address without a `since` lasts.
"""

import datetime as dt

from sqlalchemy import ColumnElement, Connection, delete, select

from distributor.store.rows import insert_new
from distributor.store.upload_schema import upload


def find_upload(conn: Connection, owner: str, kind: str, digest: str, *, since: dt.datetime | None) -> str:
    """The name of a file; empty when there is none, or none that lives."""
    query = select(upload.c.name).where(*_same(owner, kind, digest))
    return conn.execute(query if since is None else query.where(upload.c.at >= since)).scalar() or ""


def keep_upload(
    conn: Connection,
    owner: str,
    kind: str,
    digest: str,
    name: str,
    *,
    instead_of: str,
    since: dt.datetime | None,
    now: dt.datetime,
) -> str:
    """Keeps a name unless a living one is there that is not `instead_of`; returns the one that stays.

    Dead ones of the same kind are taken away.
    """
    same = _same(owner, kind, digest)
    conn.execute(delete(upload).where(*same, upload.c.name == instead_of))
    if since is not None:
        conn.execute(delete(upload).where(upload.c.kind == kind, upload.c.at < since))
    values = {"owner": owner, "kind": kind, "digest": digest, "name": name, "at": now}
    conn.execute(insert_new(conn, upload).values(**values))
    return str(conn.execute(select(upload.c.name).where(*same)).scalar_one())


def _same(owner: str, kind: str, digest: str) -> tuple[ColumnElement[bool], ...]:
    return (upload.c.owner == owner, upload.c.kind == kind, upload.c.digest == digest)
