"""How far a mailbox was read, and what became of the mails in it that are ours or that gave trouble.

A mail is named by folder, UIDVALIDITY and UID; when the server begins a new UIDVALIDITY every mail is looked at
again, and what was booked before is recognised by its receipt's digest. So nothing is lost and nothing counts twice.
"""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from distributor.store.attempts import plain
from distributor.store.mail_schema import mailbox, mailbox_mail

#: So often a mail that breaks its reading is tried before it is put aside.
TRIES = 3


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was read. `read_at` (UTC): the last time it could be, None for never."""

    name: str
    validity: int = 0
    last_uid: int = 0
    read_at: dt.datetime | None = None
    trouble: str = ""
    trouble_since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A mail whose fate is booked and of which the server has not been told."""

    uid: int
    fate: str  # taken | quarantined


def cursor_of(conn: Connection, name: str) -> Cursor:
    """How far the folder was read; at its beginning when it never was."""
    row = conn.execute(select(mailbox).where(mailbox.c.name == name)).first()
    return Cursor(**row._asdict()) if row else Cursor(name)


def cursors(conn: Connection) -> tuple[Cursor, ...]:
    """Every folder that was ever read."""
    return tuple(Cursor(**row._asdict()) for row in conn.execute(select(mailbox).order_by(mailbox.c.name)))


def advance_cursor(conn: Connection, name: str, *, validity: int, last_uid: int, now: dt.datetime) -> None:
    """Books that everything up to `last_uid` was looked at, and that the folder can be read."""
    values = {"validity": validity, "last_uid": last_uid, "read_at": now, "trouble": "", "trouble_since": None}
    _write(conn, name, values)


def note_trouble(conn: Connection, name: str, what: str, *, now: dt.datetime) -> Cursor:
    """Books that the folder cannot be read; `trouble_since` stays at the first time. Returns what is known."""
    before = cursor_of(conn, name)
    _write(conn, name, {"trouble": plain(what), "trouble_since": before.trouble_since or now})
    return cursor_of(conn, name)


def take_mail(conn: Connection, name: str, validity: int, uid: int, *, now: dt.datetime) -> None:
    """Books that the receipts of a mail are booked."""
    _write_mail(conn, name, validity, uid, {"fate": "taken", "what": "", "settled": False, "at": now}, tries=0)


def fail_mail(conn: Connection, name: str, validity: int, uid: int, what: str, *, now: dt.datetime) -> int:
    """Books that a mail could not be taken in; after `TRIES` it is quarantined. Returns the number of tries."""
    same = _named(name, validity, uid)
    tries = (conn.execute(select(mailbox_mail.c.tries).where(*same)).scalar() or 0) + 1
    fate = "failed" if tries < TRIES else "quarantined"
    _write_mail(
        conn, name, validity, uid, {"fate": fate, "what": plain(what), "settled": False, "at": now}, tries=tries
    )
    return tries


def failed_mails(conn: Connection, name: str, validity: int) -> tuple[int, ...]:
    """The UIDs that are to be tried again."""
    query = select(mailbox_mail.c.uid).where(
        mailbox_mail.c.mailbox == name, mailbox_mail.c.validity == validity, mailbox_mail.c.fate == "failed"
    )
    return tuple(conn.execute(query.order_by(mailbox_mail.c.uid)).scalars())


def unsettled(conn: Connection, name: str, validity: int) -> tuple[Unsettled, ...]:
    """The mails that are still to be marked or moved."""
    query = select(mailbox_mail.c.uid, mailbox_mail.c.fate).where(
        mailbox_mail.c.mailbox == name,
        mailbox_mail.c.validity == validity,
        mailbox_mail.c.fate != "failed",
        mailbox_mail.c.settled.is_(False),
    )
    return tuple(Unsettled(row.uid, row.fate) for row in conn.execute(query.order_by(mailbox_mail.c.uid)))


def settle_mail(conn: Connection, name: str, validity: int, uid: int) -> None:
    """Books that the server has been told."""
    conn.execute(update(mailbox_mail).where(*_named(name, validity, uid)).values(settled=True))


def drop_mail(conn: Connection, name: str, validity: int, uid: int) -> None:
    """Forgets a mail that is gone, or that turned out to be none of ours."""
    conn.execute(delete(mailbox_mail).where(*_named(name, validity, uid)))


def forget_mails(conn: Connection, name: str, *, validity: int, before: dt.datetime) -> None:
    """Drops what is settled and old, and all that an earlier UIDVALIDITY named."""
    ours = mailbox_mail.c.mailbox == name
    conn.execute(delete(mailbox_mail).where(ours, mailbox_mail.c.validity != validity))
    conn.execute(
        delete(mailbox_mail).where(
            ours, mailbox_mail.c.settled, mailbox_mail.c.fate == "taken", mailbox_mail.c.at < before
        )
    )


def _write(conn: Connection, name: str, values: dict[str, object]) -> None:
    if not conn.execute(update(mailbox).where(mailbox.c.name == name).values(values)).rowcount:
        start: dict[str, object] = {"name": name, "validity": 0, "last_uid": 0, "trouble": ""}
        conn.execute(insert(mailbox).values({**start, **values}))


def _write_mail(conn: Connection, name: str, validity: int, uid: int, values: dict[str, object], *, tries: int) -> None:
    same = _named(name, validity, uid)
    if not conn.execute(update(mailbox_mail).where(*same).values({**values, "tries": tries})).rowcount:
        named = {"mailbox": name, "validity": validity, "uid": uid, "tries": tries}
        conn.execute(insert(mailbox_mail).values({**named, **values}))


def _named(name: str, validity: int, uid: int) -> tuple[ColumnElement[bool], ...]:
    return (mailbox_mail.c.mailbox == name, mailbox_mail.c.validity == validity, mailbox_mail.c.uid == uid)
