"""The upgrade that writes down who is listed, on databases in which people were taken off a list before."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError

from distributor.store import upgrade
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of, recipients_of
from distributor.store.dispatches import dispatches_of
from tests.integration.frozen import NOW, frozen, letter
from tests.integration.postgres import PostgresServer

_NOW = "'2026-11-23 09:00:00+00:00'"


def _row(name: str, state: str, reason: str) -> str:
    return (
        "INSERT INTO delivery (id, bulletin_id, dispatch_id, position, channel, address, key, name, unit, credited, "
        f"people, state, reason, epoch, attempts, changed_at) VALUES ('{name}', 1, 7, 0, 'email', "
        f"'{name}@example.gov.cn', 'k', '{name}', 'u', '[]', '[]', '{state}', '{reason}', 0, 0, {_NOW})"
    )


_ROWS = (
    "INSERT INTO bulletin VALUES (1, '云岭河长制工作简报', '云岭区河长制办公室', 2026, 'ordinary', '12', 1, '第12期', "
    f"'d1', 'dd', '简报.md', {_NOW}, NULL, NULL)",
    "INSERT INTO rendition VALUES ('r', '{}')",
    "INSERT INTO dispatch VALUES (7, 1, '各单位', '发', 'email', 'r', 'hold', 3, NULL, NULL)",
    "INSERT INTO dispatch VALUES (9, 1, '区领导', '报', 'email', 'r', 'hold', 0, NULL, NULL)",
    "DELETE FROM dispatch WHERE id = 9",
    _row("li", "queued", ""),
    _row("wang", "cancelled", "superseded"),
    _row("zhao", "cancelled", "person:cancel"),
)


@pytest.fixture(params=["sqlite", "postgresql"])
def earlier_url(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A database as the version before left it."""

    def to_the_one_before(engine: Engine, reader: Engine) -> None:
        with engine.begin() as conn:
            command.upgrade(_config(conn), "0003")

    server: PostgresServer | None = None
    url, name = f"sqlite:///{tmp_path / 'earlier.db'}", f"t{uuid.uuid4().hex}"
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        server.execute(f"CREATE DATABASE {name}")
        url = server.url(name)
    with monkeypatch.context() as then:
        then.setattr("distributor.store.database.upgrade", to_the_one_before)
        database = Database.open(url)
    with database.write() as conn:
        for statement in _ROWS:
            conn.execute(text(statement))
        if server:
            conn.execute(text("SELECT setval('dispatch_id_seq', 9)"))
    database.close()
    yield url
    if server:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _config(conn: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(upgrade.__file__).parent / "migrations"))
    made.attributes["connection"] = conn
    return made


def test_people_taken_off_a_list_before_are_not_listed(earlier_url: str) -> None:
    database = Database.open(earlier_url)
    with database.write() as conn:
        assert {row.name: row.listed for row in deliveries_of(conn, 1)} == {"li": True, "wang": False, "zhao": True}
        assert {person.name for person in recipients_of(conn, 1)} == {"li", "zhao"}
        assert conn.execute(text("SELECT count(*) FROM delivery WHERE listed")).scalar() == 2
    database.close()


def test_letters_are_replaced_after_the_upgrade_and_never_take_an_old_number(earlier_url: str) -> None:
    database = Database.open(earlier_url)
    with database.write() as conn:
        save_frozen(conn, frozen(letter("li", "zhao", rendition='{"phone": 2}')), now=NOW)
        assert [(d.id, d.replaced) for d in dispatches_of(conn, 1)] == [(7, True), (10, False)]
    with pytest.raises(IntegrityError), database.write() as conn:  # rows still may not refer to nothing
        conn.execute(text("UPDATE delivery SET dispatch_id = 99"))
    database.close()
