"""Databases of earlier versions, with rows in them, are brought up to date and keep every row."""

import sqlite3
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, Table, select

from distributor.store import audit, upgrade
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.tables import metadata
from tests.integration.frozen import NOW
from tests.integration.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A place with no tables yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = f"t{uuid.uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def config(conn: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(upgrade.__file__).parent / "migrations"))
    made.attributes["connection"] = conn
    return made


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an earlier database held: its columns and rows by table."""

    columns: dict[str, list[str]]
    rows: dict[str, list[Any]]


@pytest.fixture
def first_version(new_url: str, monkeypatch: pytest.MonkeyPatch) -> Earlier:
    """A database as version 0001 left it, with rows in every table of that time; returns them."""

    def only_first(engine: Engine, reader: Engine) -> None:
        with engine.begin() as conn:
            command.upgrade(config(conn), "0001")

    with monkeypatch.context() as then:
        then.setattr("distributor.store.database.upgrade", only_first)
        database = Database.open(new_url)
    with database.write() as conn:
        for statement in _ROWS:
            conn.exec_driver_sql(statement)
        audit.append(conn, "released", "#1", {}, "张三", NOW)
        columns = {table.name: list(table.columns.keys()) for table in reflected(conn)}
        rows = everything(conn, columns)
    database.close()
    assert all(rows.values())
    assert "window_grant" not in rows
    return Earlier(columns, rows)


_TIME = "'2026-11-23 09:00:00+00:00'"
_ROWS = (
    "INSERT INTO bulletin VALUES (1, '简报', '河长办', 2026, 'ordinary', '12', 1, '第12期', 'd', 'dd', '简报.md', "
    f"{_TIME}, {_TIME}, {_TIME})",
    "INSERT INTO asset (bulletin_id, path, content) VALUES (1, '', '正文')",
    "INSERT INTO rendition VALUES ('r', '{}')",
    f"INSERT INTO dispatch VALUES (1, 1, '各单位', '发', 'email', 'r', 'hold', 1, {_TIME}, NULL)",
    "INSERT INTO delivery VALUES ('d1', 1, 1, 0, 'email', 'a@example.gov.cn', 'a', 'A', '石桥镇', NULL, '[]', '[]', "
    f"'deferred', '', 3, NULL, NULL, 2, {_TIME}, {_TIME}, {_TIME}, {_TIME}, 'v', 'l')",
    f"INSERT INTO attempt VALUES (1, 'd1', 3, 'w', {_TIME}, NULL, '', '', '', 450, '4.7.1', 'later')",
    f"INSERT INTO suppression VALUES (1, 'email', 'b', 'offered', 'gone', 'd1', {_TIME})",
)


def reflected(conn: Connection) -> list[Table]:
    """The tables as they are in the database."""
    found = MetaData()
    found.reflect(conn)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def everything(conn: Connection, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    """All rows of these tables, in these columns."""
    tables = {table.name: table for table in reflected(conn)}
    return {
        name: sorted(map(tuple, conn.execute(select(*(tables[name].c[each] for each in chosen)))), key=repr)
        for name, chosen in columns.items()
    }


def test_an_earlier_database_keeps_every_row(new_url: str, first_version: Earlier) -> None:
    database = Database.open(new_url)
    with database.read() as conn:
        assert upgrade.current_version(conn) == upgrade.HEAD
        assert everything(conn, first_version.columns) == first_version.rows
        assert books(conn, 1).planned == 1
        assert audit.verify(conn) is None
    database.close()


def test_each_database_gets_a_name_of_its_own(new_url: str, tmp_path: Path) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    names = set()
    for url in (new_url, other, new_url):
        database = Database.open(url)
        with database.read() as conn:
            [(number, name)] = conn.execute(select(metadata.tables["identity"])).all()
        names.add(name)
        assert number == 1
        database.close()
    assert len(names) == 2


def test_an_upgrade_that_fails_halfway_leaves_the_earlier_tables(
    new_url: str, first_version: Earlier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(conn: Connection) -> None:
        command.upgrade(config(conn), "head")
        raise sqlite3.InterfaceError("the power went")

    run = upgrade._run
    monkeypatch.setattr(upgrade, "_run", dies)
    with pytest.raises(sqlite3.InterfaceError):
        Database.open(new_url)
    monkeypatch.setattr(upgrade, "_run", run)
    database = Database.open(new_url)
    with database.read() as conn:
        assert everything(conn, first_version.columns) == first_version.rows
    database.close()
