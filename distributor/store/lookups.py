"""What the platform said when it was asked for somebody's account: found, or not. Numbers and addresses are hashed."""

import datetime as dt
import hashlib

from sqlalchemy import Connection, delete, func, insert, select

from distributor.store.chain_schema import wecom_lookup


def remembered(conn: Connection, corp_id: str, asked: str, *, misses_since: dt.datetime) -> str | None:
    """The account that was found; empty for one that was not found since then; None when it may be asked for."""
    row = conn.execute(
        select(wecom_lookup).where(wecom_lookup.c.corp_id == corp_id, wecom_lookup.c.asked == _hash(asked))
    ).first()
    if row is None or (not row.userid and row.at < misses_since):
        return None
    return str(row.userid)


def remember(conn: Connection, corp_id: str, asked: str, userid: str, *, now: dt.datetime) -> None:
    """Keeps an answer; an empty `userid` says that nobody was found."""
    named = {"corp_id": corp_id, "asked": _hash(asked)}
    conn.execute(delete(wecom_lookup).filter_by(**named))
    conn.execute(insert(wecom_lookup).values(**named, userid=userid, at=now))


def misses(conn: Connection, corp_id: str, *, since: dt.datetime) -> int:
    """How often nobody was found since a time (UTC)."""
    missed = (wecom_lookup.c.corp_id == corp_id, wecom_lookup.c.userid == "", wecom_lookup.c.at >= since)
    return conn.execute(select(func.count()).select_from(wecom_lookup).where(*missed)).scalar_one()


def _hash(asked: str) -> str:
    return hashlib.sha256(asked.encode()).hexdigest()
