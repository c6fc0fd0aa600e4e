"""Opening a database: new, current, interrupted, foreign, newer; and what columns keep."""

import datetime as dt
import sqlite3
import sys
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from distributor.errors import BadInput, Unavailable
from distributor.store import upgrade
from distributor.store.database import Database
from distributor.store.schema import Names, Utc, suppression
from distributor.store.tables import metadata
from tests.integration.postgres import PostgresServer, name_of


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place with no tables yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def other_default(*compared: Any) -> bool | None:
    """Alembic's own look, but for an empty text in SQLite, whose quotes it takes for a part of it."""
    _, _, _, inspected, meant, _ = compared
    return False if inspected == "('')" and meant.arg == "" else None


def test_the_migrations_build_exactly_the_schema(database: Database) -> None:
    with database.write() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True, "compare_server_default": other_default})
        assert compare_metadata(context, metadata) == []


def test_the_version_named_in_the_code_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(upgrade.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == upgrade.HEAD


def test_a_relative_path_is_taken_from_home_and_its_folder_is_made(tmp_path: Path) -> None:
    database = Database.open("sqlite:///data/distributor.db", home=tmp_path)
    assert database.path == tmp_path / "data" / "distributor.db"
    assert database.path.exists()
    assert database.dialect == "sqlite"
    database.close()


def test_sqlite_commits_to_the_disk_and_reads_cannot_write(sqlite: Database) -> None:
    with sqlite.write() as conn:
        pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        found = [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert found == ["wal", 2, 1, 200]
    with pytest.raises(Unavailable, match="cannot be written"), sqlite.read() as conn:
        conn.exec_driver_sql("DELETE FROM delivery")


def test_postgresql_is_kept_to_durable_commits(postgres_server: PostgresServer, postgres_url: str) -> None:
    postgres_server.execute(f"ALTER DATABASE {name_of(postgres_url)} SET synchronous_commit = off")
    database = Database.open(postgres_url)
    with database.write() as conn:
        assert conn.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    database.close()


def test_a_write_is_undone_when_its_block_fails(database: Database) -> None:
    now = dt.datetime(2026, 11, 23, tzinfo=dt.UTC)
    values = {"channel": "email", "address": "a", "standing": "active", "reason": "", "source": "", "at": now}

    def twice() -> None:
        with database.write() as conn:
            conn.execute(insert(suppression).values(values))
            conn.execute(insert(suppression).values(values))  # the address is there already

    with pytest.raises(IntegrityError):
        twice()
    with database.read() as conn:
        assert conn.execute(select(suppression)).all() == []


def test_a_migration_interrupted_halfway_is_done_again_from_the_start(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = upgrade._run

    def dies(conn: object) -> None:
        run(conn)  # type: ignore[arg-type] # any connection will do here
        raise KeyboardInterrupt

    monkeypatch.setattr(upgrade, "_run", dies)
    with pytest.raises(KeyboardInterrupt):
        Database.open(empty_url)
    monkeypatch.setattr(upgrade, "_run", run)
    database = Database.open(empty_url)
    with database.read() as conn:
        assert upgrade.current_version(conn) == upgrade.HEAD
    database.close()


def test_programs_that_start_together_make_the_tables_once(empty_url: str) -> None:
    start = threading.Barrier(3)

    def open_it(_: int) -> str | None:
        start.wait()
        database = Database.open(empty_url)
        with database.read() as conn:
            version = upgrade.current_version(conn)
        database.close()
        return version

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(open_it, range(3))) == [upgrade.HEAD] * 3


def test_a_new_file_that_another_program_looks_into_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "empty.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN")
    other.execute("SELECT * FROM sqlite_master").fetchall()  # SQLite cannot turn the file to WAL meanwhile
    monkeypatch.setattr("distributor.store.database.time.sleep", lambda _: other.rollback())
    database = Database.open(f"sqlite:///{path}", patience=dt.timedelta(0))
    with database.read() as conn:
        assert upgrade.current_version(conn) == upgrade.HEAD
    database.close()
    other.close()


def test_tables_of_a_newer_version_are_refused(database: Database, database_url: str) -> None:
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="newer version of distributor") as caught:
        Database.open(database_url)
    assert caught.value.do is not None
    assert "postgres@" not in str(caught.value.what)


def test_someone_else_s_tables_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "accounts.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE accounts (id INTEGER)")
    other.close()
    with pytest.raises(Unavailable, match="tables that are not distributor's"):
        Database.open(f"sqlite:///{path}")


@pytest.mark.parametrize("url", ["nonsense", "sqlite://", "sqlite:///:memory:", "mysql://host/x", "sqlite:///"])
def test_a_url_that_cannot_serve_is_bad_input(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Database.open(url)
    assert caught.value.do is not None


def test_a_missing_driver_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(Unavailable, match=r"driver that is not installed.*distributor\[postgres\]"):
        Database.open("postgres://localhost/x")


@pytest.mark.parametrize(
    "moment",
    [
        dt.datetime(2026, 11, 23, 17, 0, 0, 123456, tzinfo=dt.UTC),
        dt.datetime(2026, 11, 23, 17, 0, tzinfo=ZoneInfo("Asia/Shanghai")),
        dt.datetime(2026, 11, 1, 1, 30, fold=1, tzinfo=ZoneInfo("America/New_York")),
        dt.datetime(1970, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-12))),
    ],
    ids=str,
)
def test_a_time_comes_back_as_the_same_moment_in_utc(database: Database, moment: dt.datetime) -> None:
    values = {"channel": "email", "address": "a", "standing": "active", "reason": "", "source": "", "at": moment}
    with database.write() as conn:
        conn.execute(insert(suppression).values(values))
        back = conn.execute(select(suppression.c.at)).scalar_one()
        assert back == moment.astimezone(dt.UTC)
        assert back.tzinfo is dt.UTC
        earlier = moment.astimezone(dt.UTC) - dt.timedelta(microseconds=1)
        assert conn.execute(select(suppression.c.id).where(suppression.c.at > earlier)).all()
        assert not conn.execute(select(suppression.c.id).where(suppression.c.at > moment)).all()


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    naive = dt.datetime(2026, 11, 23, tzinfo=dt.UTC).replace(tzinfo=None)
    with pytest.raises(StatementError, match="without a zone"), database.write() as conn:
        conn.execute(select(suppression).where(suppression.c.at == naive))


def test_columns_keep_nothing_as_nothing(database: Database) -> None:
    with database.read() as conn:
        assert Utc().process_bind_param(None, conn.dialect) is None
        assert Utc().process_result_value(None, conn.dialect) is None
        assert Names().process_result_value(Names().process_bind_param(None, conn.dialect), conn.dialect) == ()
        assert Names().process_bind_param(("张三",), conn.dialect) == '["张三"]'
