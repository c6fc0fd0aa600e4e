"""What a database's complaint means to a person: which trouble it is, and what to do about it.

SQLite tells by result codes (https://www.sqlite.org/rescode.html), PostgreSQL by SQLSTATE
(appendix A of its manual). What is not recognised stays an error of the program.
"""

import sqlite3

from sqlalchemy.exc import DBAPIError, DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from distributor.errors import Place, Unavailable
from distributor.words import Words, words


class Busy(Unavailable):
    """The database could not take this now (locked, restarted, deadlock); the same again may work."""

    code = "database_busy"


_SQLITE = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "readonly",
    sqlite3.SQLITE_CANTOPEN: "closed",
    sqlite3.SQLITE_PERM: "closed",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "foreign",
    sqlite3.SQLITE_IOERR: "disk",
}

#: SQLSTATE or its class (two characters). 40 serialization and deadlock, 08 and 57P connection lost or server
#: stopping, 55P03 lock_timeout, 53100 disk full, 25006 read-only server, 28 and 3D wrong login or database.
_SQLSTATE = {
    "40": "busy",
    "08": "lost",
    "57P": "lost",
    "55P03": "busy",
    "53100": "full",
    "53": "busy",
    "25006": "readonly",
    "28": "login",
    "3D": "login",
}

_ADVICE: dict[str, tuple[Words, Words]] = {
    "busy": (
        words("The database is locked by another program."),
        words("Wait a moment and try again; close tools that have the database open."),
    ),
    "lost": (
        words("The database server does not answer, or it ended the connection."),
        words("Check that it runs and that the host, name and password in [database] url are right, then try again."),
    ),
    "full": (
        words("The disk that holds the database is full."),
        words("Free some space and try again; nothing was lost."),
    ),
    "readonly": (
        words("The database cannot be written."),
        words("Check the rights of the file and its folder, and that the disk is not mounted read-only."),
    ),
    "closed": (
        words("The database file cannot be opened."),
        words("Check the path in [database] url and the rights of the file and its folder."),
    ),
    "corrupt": (
        words("The database file is damaged."),
        words("Keep the damaged file, restore the last backup, and check the disk."),
    ),
    "foreign": (
        words("The file is not a distributor database."),
        words("Check the path in [database] url; the file was left as it is."),
    ),
    "disk": (
        words("The disk that holds the database does not work properly."),
        words("Check the disk; SQLite needs a local disk, not a network folder."),
    ),
    "login": (
        words("The database server refuses the login or does not know the database."),
        words("Check the name, the password and the database in [database] url."),
    ),
}


def trouble(error: SQLAlchemyError, where: str) -> Unavailable | None:
    """Says a database error as a person's trouble; None when it is a fault of the program instead."""
    kind = _kind(error)
    if kind is None:
        return None
    what, advice = _ADVICE[kind]
    made = Busy if kind in ("busy", "lost") else Unavailable
    return made(what, do=advice, place=Place(where))


def no_driver() -> Unavailable:
    """PostgreSQL is asked for and psycopg is not there."""
    return Unavailable(
        words("PostgreSQL needs a driver that is not installed."),
        do=words("Install it with: pip install 'distributor[postgres]'"),
        place=Place("[database] url"),
    )


def _kind(error: SQLAlchemyError) -> str | None:
    if isinstance(error, PoolTimeout):
        return "busy"
    if isinstance(error, DisconnectionError):
        return "lost"
    if not isinstance(error, DBAPIError):
        return None
    original = error.orig
    if isinstance(original, sqlite3.Error):
        # The low byte is the primary code, the rest refines it.
        return _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    state = getattr(original, "sqlstate", None) or ""
    known = next((_SQLSTATE[state[:n]] for n in (5, 3, 2) if state[:n] in _SQLSTATE), None)
    if known is None and not state and type(original).__name__ == "OperationalError":
        return "lost"  # psycopg gives no SQLSTATE when no server answered
    return "lost" if known is None and error.connection_invalidated else known
