"""Looks a database over without changing anything in it: for `distributor doctor` and the readiness page.

Unlike `Database.open`, it makes no tables, upgrades none, and leaves no file behind.
"""

import contextlib
import datetime as dt
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, func, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from distributor.errors import Place, Unavailable
from distributor.store.database import Connection, Database
from distributor.store.schema import attempt, audit
from distributor.store.troubles import no_driver, trouble
from distributor.store.upgrade import HEAD, current_version
from distributor.words import words

#: File systems of other machines: SQLite's locks and its shared memory do not work there (sqlite.org/wal.html).
NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "afs",
        "ceph",
        "glusterfs",
        "lustre",
        "fuse.sshfs",
        "davfs",
        "vboxsf",
    }
)

#: How many faults of a damaged file are worth reading.
_MOST_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look showed. `version` is of the tables, None when there are none; `now` is the database's clock.

    `journal` and `faults` are SQLite's; `latest` is the newest time that the records name. Times are UTC.
    """

    engine: str
    engine_version: str
    version: str | None
    now: dt.datetime
    read_only: bool
    latest: dt.datetime | None = None
    journal: str = ""
    faults: tuple[str, ...] = ()

    @property
    def current(self) -> bool:
        """Whether the tables are those that this program knows."""
        return self.version == HEAD

    @property
    def newer(self) -> bool:
        """Whether the tables are those of a later version of this program."""
        return self.version is not None and self.version > HEAD


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None for other engines."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def look(url: str, *, thorough: bool = False) -> Looked:
    """Opens the database as a stranger and looks; `thorough` reads every page of an SQLite file.

    Raises `Unavailable` when it cannot be read, also when there is no such file.
    """
    path = sqlite_file(url)
    engine = stranger(url, path)
    try:
        with engine.connect() as conn:
            version = current_version(conn)
            return Looked(
                engine=engine.dialect.name,
                engine_version=".".join(map(str, engine.dialect.server_version_info or ())),
                version=version,
                now=_clock(conn),
                read_only=not _writable(path) if path else _server_is_read_only(conn),
                latest=_latest(conn) if version else None,
                journal=conn.execute(text("PRAGMA journal_mode")).scalar_one() if path else "",
                faults=_faults(conn) if path and thorough else (),
            )
    except SQLAlchemyError as error:
        known = trouble(error, str(path) if path else "[database] url")
        if known is None:
            raise
        raise known from error
    finally:
        engine.dispose()


@contextlib.contextmanager
def looking(url: str) -> Iterator[Connection | None]:
    """Reads rows as a stranger; None where there is no database yet or its tables are of another version.

    Raises `Unavailable` when it cannot be read.
    """
    path = sqlite_file(url)
    if path is not None and not path.exists():
        yield None
        return
    engine = stranger(url, path)
    try:
        with engine.connect() as conn:
            yield conn if current_version(conn) == HEAD else None
    except SQLAlchemyError as error:
        known = trouble(error, str(path) if path else "[database] url")
        if known is None:
            raise
        raise known from error
    finally:
        engine.dispose()


def require_writable(database: Database) -> None:
    """Takes the place of a writer for a moment and writes nothing. Raises `Unavailable` when writing is impossible."""
    with database.write() as conn:
        if database.path is None and _server_is_read_only(conn):
            raise Unavailable(
                words("The database cannot be written."),
                do=words("Check that [database] url names the primary server, not a standby."),
                place=Place("[database] url"),
            )


def tables_are_current(conn: Connection) -> bool:
    """Whether the tables are those that this program knows."""
    return current_version(conn) == HEAD


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The kind of file system that a path lies on; None where the system does not tell (it is not Linux)."""
    real = path.resolve()
    kinds: dict[Path, str] = {}
    try:
        for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
            _, point, kind, *_ = line.split(" ")
            # proc(5): blanks and the like stand there as octal codes.
            kinds[Path(point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\"))] = kind
    except (OSError, ValueError):
        return None
    return next((kinds[folder] for folder in (real, *real.parents) if folder in kinds), None)


def check_file(path: Path) -> tuple[str, ...]:
    """The faults of an SQLite file that nobody else uses, none when it is whole. Reads all of it."""
    try:
        with closing(read_only(path)) as connection:
            rows = [row[0] for row in connection.execute(f"PRAGMA integrity_check({_MOST_FAULTS})")]
    except sqlite3.Error as error:
        return (str(error),)
    return () if rows == ["ok"] else tuple(rows)


def stranger(url: str, path: Path | None) -> Engine:
    """An engine that opens an SQLite file read-only; dispose of it. Raises `Unavailable` when a driver is missing."""
    if path is not None:
        return create_engine("sqlite://", creator=lambda: read_only(path), poolclass=NullPool)
    try:
        return create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": 10})
    except ModuleNotFoundError as error:
        raise no_driver() from error


def read_only(path: Path) -> sqlite3.Connection:
    """A connection to an SQLite file that cannot change it."""
    # In mode=ro a file in WAL mode would keep the companion files that a look makes, and whoever looks may be
    # somebody else than the service that could then not open them. In mode=rw they are removed at the end.
    mode = "rw" if _writable(path) else "ro"
    connection = sqlite3.connect(f"file:{_quoted(path)}?mode={mode}", uri=True, timeout=10)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _faults(conn: Connection) -> tuple[str, ...]:
    rows = [row[0] for row in conn.execute(text(f"PRAGMA quick_check({_MOST_FAULTS})"))]
    return () if rows == ["ok"] else tuple(rows)


def _clock(conn: Connection) -> dt.datetime:
    if conn.dialect.name == "postgresql":
        found: dt.datetime = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
        return found.astimezone(dt.UTC)
    seconds = conn.execute(text("SELECT (julianday('now') - 2440587.5) * 86400.0")).scalar_one()
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _latest(conn: Connection) -> dt.datetime | None:
    times = (conn.execute(select(func.max(column))).scalar() for column in (audit.c.at, attempt.c.started_at))
    return max((time for time in times if time is not None), default=None)


def _server_is_read_only(conn: Connection) -> bool:
    setting: str = conn.execute(text("SELECT current_setting('transaction_read_only')")).scalar_one()
    return setting == "on"


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def _quoted(path: Path) -> str:
    # https://www.sqlite.org/uri.html: in a URI these three would end the path.
    return path.as_posix().replace("%", "%25").replace("?", "%3f").replace("#", "%23")
