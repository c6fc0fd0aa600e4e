"""Real servers, each a test's own."""

import uuid
from collections.abc import Iterator

import pytest

from distributor.store.database import Database
from tests.integration.postgres import PostgresServer
from tests.lab.postfix import Postfix, running


@pytest.fixture
def postfix() -> Iterator[Postfix]:
    """A Postfix that accepts every recipient and keeps all letters."""
    with running() as postfix:
        yield postfix


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
