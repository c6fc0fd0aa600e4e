"""Brings the tables up to the version this program knows, in one transaction or not at all.

An interrupted upgrade leaves the old tables; the next start does it again. Tables of a newer
program, and files with other tables, are refused and left as they are.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from distributor.errors import Place, Unavailable
from distributor.store.turns import UPGRADE, take_turn
from distributor.words import words

#: The newest migration in migrations/versions.
HEAD = "0018"

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, reader: Engine) -> None:
    """Makes or upgrades the tables. Raises `Unavailable` for tables that are not ours or newer than this program."""
    with reader.connect() as conn:  # most starts need no more than this look, which waits for no writer
        if current_version(conn) == HEAD:
            return
    with _rebuilding(engine) as conn:
        take_turn(conn, UPGRADE)
        found = current_version(conn)
        if found != HEAD:
            _refuse_strangers(conn, found)
            _run(conn)


@contextmanager
def _rebuilding(engine: Engine) -> Iterator[Connection]:
    """A transaction in which SQLite lets a table be replaced that others refer to (lang_altertable.html, 7)."""
    if engine.dialect.name != "sqlite":
        with engine.begin() as conn:
            yield conn
        return
    with engine.connect() as conn:
        connection = conn.connection.cursor()
        connection.execute("PRAGMA foreign_keys=OFF")  # has no effect within a transaction
        try:
            with conn.begin():
                yield conn
                if conn.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                    raise RuntimeError("the upgrade would leave rows that refer to nothing")
        finally:
            connection.execute("PRAGMA foreign_keys=ON")


def current_version(conn: Connection) -> str | None:
    """The version of the tables; None when there are none."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _refuse_strangers(conn: Connection, found: str | None) -> None:
    place = Place(conn.engine.url.render_as_string(hide_password=True))
    if found is None and inspect(conn).get_table_names():
        raise Unavailable(
            words("The database contains tables that are not distributor's."),
            do=words("Give distributor a database of its own in [database] url."),
            place=place,
        )
    known = {path.name.split("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py")}
    if found is not None and found not in known:
        raise Unavailable(
            words("The database was made by a newer version of distributor (its tables are {found}).", found=found),
            do=words("Install that version or a later one; this one would not understand the records."),
            place=place,
        )


def _run(conn: Connection) -> None:
    # Alembic is slow to import and needed only now.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
