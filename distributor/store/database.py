"""Opens the database and lends connections: `read` for looking, `write` for one transaction.

SQLite runs in WAL with `synchronous=FULL`, and every write begins with BEGIN IMMEDIATE: a deferred
transaction that reads and then writes fails at once with SQLITE_BUSY_SNAPSHOT, whatever the timeout.
PostgreSQL (14 and later) runs the same code. Everything a person can act on is raised as `Unavailable`.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

from sqlalchemy import URL, Engine, create_engine, event, make_url
from sqlalchemy import Connection as Connection  # the rooms above name it in their signatures
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from distributor.errors import BadInput, Place, Unavailable
from distributor.store.troubles import Busy, no_driver, trouble
from distributor.store.upgrade import upgrade
from distributor.words import words

T = TypeVar("T")

#: How long a statement waits for another program's lock.
PATIENCE = timedelta(seconds=10)

_OLDEST_POSTGRESQL = (14, 0)

#: No transaction is held across the network, so one that rests for so long belongs to a frozen program.
_FROZEN = "60s"


class Database:
    """One open database. Safe to use from several threads; each `read` or `write` takes a connection of its own."""

    def __init__(self, engine: Engine, reader: Engine, path: Path | None) -> None:
        self._engine = engine
        self._reader = reader
        self._inode = _inode(path) if path else None
        self.path = path
        self.url = engine.url.render_as_string(hide_password=True)
        self.dialect = engine.dialect.name

    @classmethod
    def open(cls, url: str, *, home: Path = Path(), patience: timedelta = PATIENCE) -> Self:
        """Opens the database, makes it if it is new, and brings its tables up to date.

        A relative SQLite path is taken from `home`. Raises `BadInput` for a URL that cannot be understood, and
        `Unavailable` when the file or server cannot be used: read-only, damaged, foreign, full, made by a newer
        version, or deleted while its companion files are still there.
        """
        parsed = _parse(url, home)
        path = Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None
        if path:
            _prepare_folder(path)
        engine = _engine(parsed, patience)
        reader = _sqlite_reader(parsed, patience) if path else engine
        try:
            with _translated(str(path or parsed.host or "PostgreSQL")):
                _check_version(reader)
                upgrade(engine, reader)
        except BaseException:
            engine.dispose()
            reader.dispose()
            raise
        return cls(engine, reader, path)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for looking only. What it reads is of one moment; it takes no lock that stops a writer."""
        with self._translated(), self._reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction, committed when the block ends well and undone when it raises.

        Raises `Busy` when the same again may work, `Unavailable` when a person must act first.
        """
        self._check_presence()
        with self._translated(), self._engine.begin() as conn:
            yield conn

    def close(self) -> None:
        """Closes all connections. The database may not be used afterwards."""
        self._engine.dispose()
        self._reader.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        with _translated(self._place):
            yield

    @property
    def _place(self) -> str:
        return str(self.path) if self.path else self.url

    def _check_presence(self) -> None:
        # Writing to a file that was deleted or replaced seems to work and leaves no trace of what was sent.
        if self.path and _inode(self.path) != self._inode:
            raise Unavailable(
                words("The database file was moved, deleted or replaced while it was open."),
                do=words("Put the file back, or restore the last backup, and start again."),
                place=Place(str(self.path)),
            )


def retrying(database: Database, work: Callable[[Connection], T], *, tries: int = 5) -> T:
    """Runs `work` in a write transaction, again when the database was busy; `work` must be safe to repeat."""
    for tried in range(1, tries):
        try:
            with database.write() as conn:
                return work(conn)
        except Busy:
            time.sleep(0.05 * tried)
    with database.write() as conn:
        return work(conn)


def _parse(url: str, home: Path) -> URL:
    place = Place("[database] url")
    try:
        parsed = make_url(url.replace("postgres://", "postgresql://", 1) if url.startswith("postgres://") else url)
    except ArgumentError as error:
        raise BadInput(
            words("The database URL cannot be understood."),
            do=words("Write sqlite:///data/distributor.db or postgresql://name@host/database."),
            place=place,
        ) from error
    engine = parsed.get_backend_name()
    if engine not in ("sqlite", "postgresql"):
        raise BadInput(
            words("The database {engine} is not supported.", engine=engine),
            do=words("Write sqlite:///data/distributor.db or postgresql://name@host/database."),
            place=place,
        )
    if engine == "postgresql":
        return parsed
    if not parsed.database or parsed.database == ":memory:":
        raise BadInput(
            words("The database URL names no file."),
            do=words("Write sqlite:///data/distributor.db: what was sent must survive the program."),
            place=place,
        )
    # By its real name: what lies beside it (the sender's lock, the journal) must be found by everybody who opens it.
    return parsed.set(database=os.path.realpath(home / parsed.database))


def _prepare_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        present = path.exists()
    except OSError as error:
        raise Unavailable(
            words("The folder of the database cannot be made."),
            do=words("Check the path in [database] url and the rights of the folder."),
            place=Place(str(path.parent)),
        ) from error
    traces = [trace for trace in (f"{path}-wal", f"{path}.sender.lock") if Path(trace).exists()]
    if not present and traces:
        raise Unavailable(
            words("The database file is gone, but {trace} shows that it was in use.", trace=Path(traces[0]).name),
            do=words(
                "Restore the database from the backup. Only if nothing was ever sent, delete {trace} and start anew.",
                trace=Path(traces[0]).name,
            ),
            place=Place(str(path)),
        )
    if not os.access(path if present else path.parent, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise Unavailable(
            words("The database cannot be written."),
            do=words("Check the rights of the file and its folder, and that the disk is not mounted read-only."),
            place=Place(str(path)),
        )


def _engine(url: URL, patience: timedelta) -> Engine:
    seconds = patience.total_seconds()
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"timeout": seconds})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,
            # Whoever waited for a turn must see what was written meanwhile, whatever the server's default is.
            isolation_level="READ COMMITTED",
            connect_args={"connect_timeout": max(1, round(seconds))},
        )
    except ModuleNotFoundError as error:
        raise no_driver() from error

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        _set_up_postgresql(connection, seconds)

    return engine


def _set_up_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # the driver begins nothing by itself
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: sqlite3.Connection, *, tries: int = 100) -> None:
    # Of two programs that turn a new file to WAL at once, SQLite tells one "locked" without any waiting.
    for _ in range(1, tries):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.01)
    connection.execute("PRAGMA journal_mode=WAL")


def _sqlite_reader(url: URL, patience: timedelta) -> Engine:
    """Connections of their own for reading: they never take the write lock, and cannot write by mistake."""
    engine = create_engine(url, connect_args={"timeout": patience.total_seconds()})

    @event.listens_for(engine, "connect")
    def _set_up(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        _set_up_sqlite(connection, record)
        connection.cursor().execute("PRAGMA query_only=ON")

    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    return engine


def _set_up_postgresql(connection: DBAPIConnection, seconds: float) -> None:
    cursor = connection.cursor()
    cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{round(seconds * 1000)}ms",))
    # A frozen program must not keep its turns and rows from the others for ever.
    cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", (_FROZEN,))
    # A commit that is only promised is no mark: a server set so is asked to keep its word here.
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()


def _check_version(engine: Engine) -> None:
    with engine.connect() as conn:
        version = conn.dialect.server_version_info or ()
    if engine.dialect.name == "postgresql" and version < _OLDEST_POSTGRESQL:
        raise Unavailable(
            words("PostgreSQL {version} is too old.", version=".".join(map(str, version))),
            do=words("Use PostgreSQL 14 or later."),
            place=Place("[database] url"),
        )


@contextmanager
def _translated(place: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        known = trouble(error, place)
        if known is None:
            raise
        raise known from error


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
