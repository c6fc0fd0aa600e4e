"""What the platform calls an upload is kept for every later attempt, on both databases, for as long as it lives."""

import datetime as dt

import pytest

from distributor.channels.wechat.uploads import Key, Kind
from distributor.dispatch.uploads import LIFE, MARGIN, KeptUploads
from distributor.store.database import Database
from tests.integration.conftest import Clock

PAPER = Key("ww1234567890abcdef", Kind.FILE, "0" * 64)
PICTURE = Key("ww1234567890abcdef", Kind.PICTURE, "0" * 64)


@pytest.fixture
def memory(database: Database, clock: Clock) -> KeptUploads:
    return KeptUploads(database, clock)


async def test_the_first_name_stays_whoever_comes_later(database: Database, clock: Clock, memory: KeptUploads) -> None:
    assert await memory.find(PAPER) == ""
    assert await memory.keep(PAPER, "first", instead_of="") == "first"
    other_process = KeptUploads(database, clock)
    assert await other_process.keep(PAPER, "second", instead_of="") == "first"
    assert await other_process.find(PAPER) == "first"
    assert await memory.find(PICTURE) == ""


async def test_a_name_that_the_platform_forgot_is_replaced(memory: KeptUploads) -> None:
    await memory.keep(PAPER, "first", instead_of="")
    assert await memory.keep(PAPER, "second", instead_of="first") == "second"
    assert await memory.keep(PAPER, "third", instead_of="first") == "second"


async def test_an_id_is_given_up_before_it_dies_and_an_address_never(clock: Clock, memory: KeptUploads) -> None:
    await memory.keep(PAPER, "first", instead_of="")
    await memory.keep(PICTURE, "address", instead_of="")
    clock.forward(seconds=(LIFE - MARGIN).total_seconds())
    assert await memory.find(PAPER) == "first"
    clock.forward(seconds=1)
    assert await memory.find(PAPER) == ""
    assert await memory.keep(PAPER, "second", instead_of="") == "second"
    clock.now += dt.timedelta(days=400)
    assert await memory.find(PICTURE) == "address"
