"""Who a login is at an identity provider: linked by an admin, known by the subject from the first entry on.

A subject is the one name that a provider never gives to somebody else (OpenID Connect Core 1.0, 5.7); an address may
go to a successor. So an address lets in once, and is bound to the subject that came with it. Every change is booked.
"""

import datetime as dt
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, insert, select, update

from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.logins import Login, end_sessions_of, find_login, require_login
from distributor.store.office_schema import login, login_identity
from distributor.store.turns import take_turns
from distributor.words import words

#: OpenID Connect Core 1.0, 2.
LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a login (its key) is at a provider. `subject` is None until somebody has come in by the address."""

    login: str
    issuer: str
    subject: str | None
    email: str | None


class NotLinked(Enum):
    """Why somebody whom the provider knows is nobody here."""

    UNKNOWN = "unknown"
    UNVERIFIED = "unverified"  # whether or not there is a login for the address: the provider does not vouch for it
    ANOTHER = "another"  # the address is that of a login, but another account of the provider has come in by it


def link_login(
    conn: Connection, name: str, *, issuer: str, subject: str = "", email: str = "", actor: str, now: dt.datetime
) -> Login:
    """Links a login to a subject or an address, in the place of what it had, and ends its sessions.

    Raises `BadInput` when there is no such login, and when another login is linked to the same.
    """
    take_turns(conn, ["logins"])
    found = require_login(conn, name)
    here = login_identity.c
    same = [here.subject == subject] if subject else [here.email == address_key(email)]
    taken = conn.execute(
        select(login.c.name).join(login_identity).where(here.issuer == issuer, *same, here.login != found.key)
    ).scalar()
    if taken is not None:
        raise BadInput(
            words("The login {other} is linked to {who} already.", other=taken, who=subject or email),
            do=words("One person has one login; `distributor office unlink` takes a link away."),
        )
    conn.execute(delete(login_identity).where(here.login == found.key))
    values = {"issuer": issuer, "subject": subject or None, "email": address_key(email) or None}
    conn.execute(insert(login_identity).values(login=found.key, linked_at=now, **values))
    end_sessions_of(conn, found.key)
    audit.append(conn, "office.identity_linked", f"login:{found.name}", values, actor, now)
    return found


def unlink_login(conn: Connection, name: str, *, actor: str, now: dt.datetime) -> Login:
    """Takes a login's link away and ends its sessions. Raises `BadInput` when there is none."""
    found = require_login(conn, name)
    gone = conn.execute(delete(login_identity).where(login_identity.c.login == found.key)).rowcount
    if not gone:
        raise BadInput(words("The login {name} is linked to nobody.", name=found.name))
    end_sessions_of(conn, found.key)
    audit.append(conn, "office.identity_unlinked", f"login:{found.name}", {}, actor, now)
    return found


def identities(conn: Connection) -> dict[str, Identity]:
    """Every link, by the key of its login."""
    return {row.login: _identity(row) for row in conn.execute(select(login_identity))}


def recognise(
    conn: Connection, *, issuer: str, subject: str, email: str, verified: bool, now: dt.datetime
) -> Login | NotLinked:
    """Whose login the provider speaks of. An address that is new here is bound to the subject that came with it."""
    here = login_identity.c
    if found := _one(conn, here.issuer == issuer, here.subject == subject):
        return found
    if email and not verified:
        return NotLinked.UNVERIFIED
    if not email or not (found := _one(conn, here.issuer == issuer, here.email == address_key(email))):
        return NotLinked.UNKNOWN
    free = (here.login == found.key, here.subject.is_(None))
    if not conn.execute(update(login_identity).where(*free).values(subject=subject)).rowcount:
        return NotLinked.ANOTHER
    details = {"issuer": issuer, "subject": subject}
    audit.append(conn, "office.identity_bound", f"login:{found.name}", details, "oidc", now)
    return found


def any_linked(conn: Connection, issuer: str) -> bool:
    """Whether anybody could come in by this provider."""
    return bool(conn.execute(select(exists().where(login_identity.c.issuer == issuer))).scalar_one())


def address_key(email: str) -> str:
    """The form in which addresses are compared: ASCII letters without case, and nothing else changed."""
    return "".join(char.lower() if char.isascii() else char for char in email.strip())


def _one(conn: Connection, *where: ColumnElement[bool]) -> Login | None:
    key = conn.execute(select(login_identity.c.login).where(*where)).scalar()
    return None if key is None else find_login(conn, key)


def _identity(row: Row[Any]) -> Identity:
    return Identity(row.login, row.issuer, row.subject, row.email)
