"""Logins that are on their way to an identity provider and back: each comes back once, in time, to its own browser."""

import datetime as dt
import hashlib

from sqlalchemy import Connection, delete, insert

from distributor.store.office_schema import login_journey

#: How long somebody may take at the provider.
LIFE = dt.timedelta(minutes=10)


def begin_journey(conn: Connection, state: str, browser: str, *, now: dt.datetime) -> None:
    """Notes that a browser, known by its secret, has begun a login; forgets those that take too long."""
    conn.execute(delete(login_journey).where(login_journey.c.at <= now - LIFE))
    conn.execute(insert(login_journey).values(state_hash=_hash(state), browser_hash=_hash(browser), at=now))


def end_journey(conn: Connection, state: str, browser: str, *, now: dt.datetime) -> bool:
    """Whether this browser has begun this login, in time and for the first time; it is used up then."""
    here = login_journey.c
    mine = (here.state_hash == _hash(state), here.browser_hash == _hash(browser), here.at > now - LIFE)
    return bool(conn.execute(delete(login_journey).where(*mine)).rowcount)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
