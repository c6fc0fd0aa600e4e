"""Databases of earlier versions, with rows in them, are brought up to date and keep every row."""

import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, MetaData, select

from distributor.store import audit, upgrade
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.dispatches import release
from distributor.store.service_schema import metadata
from tests.integration.frozen import LATER, NOW, frozen, letter
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


@pytest.fixture
def first_version(new_url: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Any]]:
    """A database as version 0001 left it, with rows in every table of that time; returns them."""

    def only_first(engine: Engine, reader: Engine) -> None:
        with engine.begin() as conn:
            command.upgrade(config(conn), "0001")

    with monkeypatch.context() as then:
        then.setattr("distributor.store.database.upgrade", only_first)
        database = Database.open(new_url)
    with database.write() as conn:
        record, _ = save_frozen(conn, frozen(letter("a", "b")), now=NOW)
        release(conn, record.id, at=NOW, valid_until=LATER)
        audit.append(conn, "released", "#1", {}, "张三", NOW)
        rows = everything(conn)
    database.close()
    assert {"bulletin", "delivery", "audit"} <= rows.keys()
    assert "window_grant" not in rows
    return rows


def everything(conn: Connection) -> dict[str, list[Any]]:
    """All rows of all tables that there are."""
    found = MetaData()
    found.reflect(conn)
    return {
        name: sorted(map(tuple, conn.execute(select(metadata.tables[name]))), key=repr)
        for name in found.tables
        if name in metadata.tables
    }


def test_an_earlier_database_keeps_every_row(new_url: str, first_version: dict[str, list[Any]]) -> None:
    database = Database.open(new_url)
    with database.read() as conn:
        assert upgrade.current_version(conn) == upgrade.HEAD
        after = everything(conn)
        assert {name: rows for name, rows in after.items() if name in first_version} == first_version
        assert books(conn, 1).planned == 2
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
    new_url: str, first_version: dict[str, list[Any]], monkeypatch: pytest.MonkeyPatch
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
        after = everything(conn)
    assert {name: rows for name, rows in after.items() if name in first_version} == first_version
    database.close()
