"""Real servers, each a test's own."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.store.database import Database
from tests.integration.postgres import PostgresServer
from tests.lab.postfix import Postfix, running
from tests.lab.sink import Sink
from tests.lab.sink import running as counting


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    """A Postfix that accepts every recipient and keeps all letters."""
    with running() as postfix:
        yield postfix


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A mail server that takes everything and counts it."""
    with counting(tmp_path) as sink:
        yield sink


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL for one test, which may restart it."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """The URL of an empty database."""
    name = f"t{uuid.uuid4().hex}"
    postgres_server.execute(f"CREATE DATABASE {name}")
    return postgres_server.url(name)


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[Database]:
    """The test's own look at that database."""
    database = Database.open(postgres_url)
    yield database
    database.close()
