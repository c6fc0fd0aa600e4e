"""The watch over the drop folder wakes the clock at once, and again when a file can have settled."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from distributor.service import watching
from distributor.service.office import Office
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

#: Much sooner than the clock's own look would be if it only came with the next minute.
SOON = 3.0


class Wakes:
    """Counts wakes, and lets a test wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = asyncio.Event()

    def __call__(self) -> None:
        self.count += 1
        self._changed.set()

    async def come(self, count: int) -> None:
        async with asyncio.timeout(10):
            while self.count < count:
                self._changed.clear()
                await self._changed.wait()


@pytest.fixture
def office(tmp_path: Path, sqlite: Database, clock: Clock) -> Office:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    return Office(
        file=bureau.office.folder / "distributor.toml",
        settings=bureau.settings,
        database=sqlite,
        key=bureau.key,
        owner="test",
        clock=clock,
    )


@asynccontextmanager
async def watched(office: Office, *, dropping: Callable[[], object]) -> AsyncIterator[Wakes]:
    """Watches, and drops something again and again until the watch is known to be set."""
    wakes = Wakes()
    watch = asyncio.create_task(watching.watch_inbox(office, wakes))
    try:
        async with asyncio.timeout(10):
            while not wakes.count:
                dropping()
                await asyncio.sleep(0.05)
        yield wakes
    finally:
        office.stop()
        async with asyncio.timeout(5):
            await watch


async def test_a_file_wakes_the_clock_and_once_more_when_it_can_have_settled(office: Office) -> None:
    loop = asyncio.get_running_loop()
    async with watched(office, dropping=lambda: (office.inbox / "first").touch()) as wakes:
        before, began = wakes.count, loop.time()
        (office.inbox / "简报.md").write_text("text", encoding="utf-8")
        await wakes.come(before + 1)
        assert loop.time() - began < SOON
        await wakes.come(before + 2)


async def test_a_folder_that_comes_later_or_is_made_anew_is_watched(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "CHECK_EVERY", 0.1)
    office.inbox.rmdir()

    def drop() -> None:
        office.inbox.mkdir(exist_ok=True)
        (office.inbox / "first").touch()

    async with watched(office, dropping=drop) as wakes:
        shutil.rmtree(office.inbox)
        await asyncio.sleep(0.5)  # the watch finds out, whatever it was told meanwhile
        office.inbox.mkdir()
        before = wakes.count
        async with asyncio.timeout(10):
            while wakes.count == before:
                (office.inbox / "second").touch()
                await asyncio.sleep(0.05)


async def test_the_folder_of_edited_settings_is_watched(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "CHECK_EVERY", 0.1)
    async with watched(office, dropping=lambda: (office.inbox / "first").touch()) as wakes:
        (office.file.parent / "elsewhere").mkdir()
        office.file.write_text(
            office.file.read_text(encoding="utf-8") + '\n[folders]\ninbox = "elsewhere"\n', encoding="utf-8"
        )
        office.reload(always=True)
        assert office.inbox.name == "elsewhere"
        before = wakes.count
        async with asyncio.timeout(10):
            while wakes.count == before:
                (office.inbox / "second").touch()
                await asyncio.sleep(0.05)


async def test_where_no_watch_can_be_had_the_clock_alone_looks_and_it_is_said_once(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries = Wakes()

    def none_left(*_: object, **__: object) -> object:
        tries()
        raise OSError("inotify watch limit reached")

    monkeypatch.setattr(watching, "CHECK_EVERY", 0.01)
    monkeypatch.setattr(watching, "awatch", none_left)
    wakes = Wakes()
    watch = asyncio.create_task(watching.watch_inbox(office, wakes))
    async with asyncio.timeout(10):
        await tries.come(3)
        office.stop()
        await watch
    assert wakes.count == 0
    assert caplog.text.count("inbox.unwatched") == 1
