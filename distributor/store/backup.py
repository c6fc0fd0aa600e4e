"""A copy of the database that is of one moment, taken while others write, and proof that it can be read again.

SQLite copies itself with VACUUM INTO under a read transaction, so no writer waits and the copy has no companion
files; copying the file by hand would miss what is still in the WAL (sqlite.org/howtocorrupt.html 1.2). PostgreSQL
has its own tool, which is only named here.
"""

import shlex
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import SQLAlchemyError

from distributor.errors import Place, Unavailable
from distributor.store.inspection import check_file, read_only, sqlite_file, stranger
from distributor.store.troubles import trouble
from distributor.words import words


def snapshot(url: str, target: Path) -> None:
    """Copies an SQLite database into a new file, in WAL mode as the original.

    Raises `Unavailable` when the database cannot be read or there is no room.
    """
    path = sqlite_file(url)
    assert path is not None
    engine = stranger(url, path)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            # It writes the new file only, yet SQLite counts it among the writers.
            conn.exec_driver_sql("PRAGMA query_only=OFF")
            conn.exec_driver_sql("VACUUM INTO ?", (str(target),))
        with closing(sqlite3.connect(target)) as copy:
            copy.execute("PRAGMA journal_mode=WAL")
    except SQLAlchemyError as error:
        known = trouble(error, str(path))
        if known is None:
            raise
        raise known from error
    finally:
        engine.dispose()


def verified_counts(path: Path) -> Mapping[str, int]:
    """Reads a copy from end to end and counts the rows of each table. Raises `Unavailable` when it is not whole."""
    faults = check_file(path)
    if faults:
        raise Unavailable(
            words("The copy of the database is damaged: {fault}", fault=faults[0]),
            do=words("Check the disk, run `distributor doctor`, and do not rely on this backup."),
            place=Place(str(path)),
        )
    with closing(read_only(path)) as connection:
        names = [row[0] for row in connection.execute(_TABLES)]
        return {name: _count(connection, name) for name in names}


def pg_dump_command(url: str, file: str) -> str:
    """The command by which PostgreSQL writes its own backup. Holds no password: pg_dump asks, or reads ~/.pgpass."""
    full = make_url(url)
    bare = URL.create("postgresql", full.username, None, full.host, full.port, full.database, full.query)
    server = bare.render_as_string(hide_password=False)
    return shlex.join(["pg_dump", "--format=custom", f"--file={file}", server])


_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def _count(connection: sqlite3.Connection, table: str) -> int:
    # The names come from the file itself, which is ours; a name cannot be a parameter.
    quoted = table.replace('"', '""')
    count: int = connection.execute(f'SELECT count(*) FROM "{quoted}"').fetchone()[0]  # noqa: S608 (see above)
    return count
