"""Who is logged in on the office's pages, and how often a name was tried in vain.

A session ends when it rests too long, when it gets too old, and when its login is removed or gets another password.
It lives in the database, so a restart logs nobody out, and every process of the web role knows it.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, func, insert, select, update

from distributor.store.logins import Role
from distributor.store.office_schema import login, login_try, web_session
from distributor.store.turns import take_turns

#: A look notes that somebody was here at most this often, so that reading pages costs no writes.
NOTE_EVERY = dt.timedelta(minutes=1)


class Via(StrEnum):
    """How somebody logged in."""

    PASSWORD = "password"  # noqa: S105 - the name of a way
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Span:
    """How long a session lasts: without a request, and at the longest."""

    idle: dt.timedelta
    longest: dt.timedelta


@dataclass(frozen=True, slots=True)
class Session:
    """A session that has not ended: whose it is, since when (UTC), and how it began."""

    hash: str
    key: str
    name: str
    role: Role
    begun_at: dt.datetime
    seen_at: dt.datetime
    via: Via


def begin_session(conn: Connection, token_hash: str, key: str, *, via: Via, now: dt.datetime, span: Span) -> None:
    """Begins a session of a login, and forgets all that have ended."""
    over = (web_session.c.begun_at <= now - span.longest) | (web_session.c.seen_at <= now - span.idle)
    conn.execute(delete(web_session).where(over))
    conn.execute(insert(web_session).values(hash=token_hash, login=key, begun_at=now, seen_at=now, via=via))


def find_session(conn: Connection, token_hash: str, *, now: dt.datetime, span: Span) -> Session | None:
    """The session of a token (as its hash); None when it has ended or never was."""
    row = conn.execute(
        select(web_session, login.c.name, login.c.role)
        .join(login, login.c.key == web_session.c.login)
        .where(
            web_session.c.hash == token_hash,
            web_session.c.begun_at > now - span.longest,
            web_session.c.seen_at > now - span.idle,
        )
    ).first()
    if row is None:
        return None
    return Session(row.hash, row.login, row.name, Role(row.role), row.begun_at, row.seen_at, Via(row.via))


def note_session(conn: Connection, token_hash: str, *, now: dt.datetime) -> None:
    """Notes that somebody was here."""
    conn.execute(update(web_session).where(web_session.c.hash == token_hash).values(seen_at=now))


def end_session(conn: Connection, token_hash: str) -> None:
    """Ends a session; one that has ended stays so."""
    conn.execute(delete(web_session).where(web_session.c.hash == token_hash))


def begin_try(conn: Connection, key: str, *, now: dt.datetime, most: int, within: dt.timedelta) -> bool:
    """Counts a try to log in before it is made. False when there were `most` in vain `within` that time: no more now.

    A name that is nobody's is counted as any other, so that the limit tells nothing about names.
    """
    take_turns(conn, [f"login:{key}"])
    conn.execute(delete(login_try).where(login_try.c.at <= now - within))
    tried = select(func.count()).select_from(login_try).where(login_try.c.name_hash == _hash(key))
    if conn.execute(tried).scalar_one() >= most:
        return False
    conn.execute(insert(login_try).values(name_hash=_hash(key), at=now))
    return True


def forget_tries(conn: Connection, key: str) -> None:
    """Somebody logged in, or the password was set anew: earlier tries count no more."""
    conn.execute(delete(login_try).where(login_try.c.name_hash == _hash(key)))


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
