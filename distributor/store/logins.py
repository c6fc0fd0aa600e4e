"""The logins of the office's own pages: who may look, and who may also decide. Every change is booked."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.office_schema import login, login_identity, web_session
from distributor.store.turns import take_turns
from distributor.words import words

_NAME = re.compile(r"\w[\w.@-]{0,39}")


class Role(StrEnum):
    """What somebody may do on the office's pages."""

    VIEWER = "viewer"  # sees everything
    EDITOR = "editor"  # sees everything and decides


@dataclass(frozen=True, slots=True)
class Login:
    """One login. `key` is its name in one form and case; times are UTC. `password_at`: None without a password."""

    key: str
    name: str
    role: Role
    made_at: dt.datetime
    password_at: dt.datetime | None


def login_key(name: str) -> str:
    """The form in which names are compared: 陈怡 typed in any width, and Chen in any case, is one login."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def add_login(conn: Connection, name: str, role: Role, password: str, *, actor: str, now: dt.datetime) -> Login:
    """Adds a login; `password` is its hash, empty for none. Raises `BadInput` for a name that is taken or bad."""
    shown = unicodedata.normalize("NFKC", name).strip()
    if not _NAME.fullmatch(shown):
        raise BadInput(
            words("{name} cannot be the name of a login.", name=ascii(name)[1:-1] if not name.isprintable() else name),
            do=words("Use up to 40 letters, hanzi and digits; between them also . _ - and @."),
        )
    take_turns(conn, ["logins"])
    if find_login(conn, shown) is not None:
        raise BadInput(
            words("There is a login {name} already.", name=shown),
            do=words("`distributor office password` sets its password anew."),
        )
    values = {"key": login_key(shown), "name": shown, "role": role, "made_at": now, "password_at": now}
    conn.execute(insert(login).values({**values, "password": password}))
    audit.append(conn, "office.login_added", f"login:{shown}", {"role": role}, actor, now)
    return Login(login_key(shown), shown, role, now, now if password else None)


def set_password(conn: Connection, name: str, password: str, *, actor: str, now: dt.datetime) -> Login:
    """Sets a login's password (as a hash) and ends all its sessions. Raises `BadInput` when there is no such login."""
    found = require_login(conn, name)
    conn.execute(update(login).where(login.c.key == found.key).values(password=password, password_at=now))
    end_sessions_of(conn, found.key)
    audit.append(conn, "office.password_set", f"login:{found.name}", {}, actor, now)
    return found


def remove_login(conn: Connection, name: str, *, actor: str, now: dt.datetime) -> Login:
    """Removes a login and ends all its sessions. Raises `BadInput` when there is no such login."""
    found = require_login(conn, name)
    end_sessions_of(conn, found.key)
    conn.execute(delete(login_identity).where(login_identity.c.login == found.key))
    conn.execute(delete(login).where(login.c.key == found.key))
    audit.append(conn, "office.login_removed", f"login:{found.name}", {"role": found.role}, actor, now)
    return found


def end_sessions_of(conn: Connection, key: str) -> None:
    """Ends all sessions of a login."""
    conn.execute(delete(web_session).where(web_session.c.login == key))


def list_logins(conn: Connection) -> tuple[Login, ...]:
    """All logins, by name."""
    return tuple(_login(row) for row in conn.execute(select(login).order_by(login.c.key)))


def any_login(conn: Connection) -> bool:
    """Whether there is a login at all: without one there are no office pages."""
    return bool(conn.execute(select(exists(select(login.c.key)))).scalar_one())


def find_login(conn: Connection, name: str) -> Login | None:
    """The login of this name; None when there is none."""
    row = conn.execute(select(login).where(login.c.key == login_key(name))).first()
    return None if row is None else _login(row)


def require_login(conn: Connection, name: str) -> Login:
    """The login of this name. Raises `BadInput` when there is none."""
    found = find_login(conn, name)
    if found is None:
        raise BadInput(
            words("There is no login {name}.", name=name), do=words("`distributor office list` shows all logins.")
        )
    return found


def password_of(conn: Connection, key: str) -> str | None:
    """The password's hash of a login; None when there is no such login, or it has no password."""
    found: str | None = conn.execute(select(login.c.password).where(login.c.key == key)).scalar()
    return found or None


def renew_password(conn: Connection, key: str, before: str, after: str) -> None:
    """Puts a stronger hash of the same password in the place of `before`, unless somebody has set another since."""
    conn.execute(update(login).where(login.c.key == key, login.c.password == before).values(password=after))


def _login(row: Row[Any]) -> Login:
    return Login(row.key, row.name, Role(row.role), row.made_at, row.password_at if row.password else None)
