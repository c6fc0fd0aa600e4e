"""The live progress bar, fed from the rows: the same for a send, for following one, and for `status --watch`."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from distributor.cli.desk import Desk
from distributor.delivery.state import State
from distributor.reports.state_words import STATES
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.records import Books, BulletinRecord
from distributor.store.sender_lock import somebody_sends

T = TypeVar("T")

#: How often the rows are counted, in seconds.
BEAT = 0.2


async def watching(desk: Desk, database: Database, record: BulletinRecord, work: Coroutine[None, None, T]) -> T:
    """Shows progress while `work` runs and returns what it returns."""
    watcher = asyncio.create_task(_watch(desk, database, record, until_still=False))
    try:
        return await work
    finally:
        watcher.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watcher


async def follow(desk: Desk, database: Database, record: BulletinRecord) -> None:
    """Shows progress until nothing moves any more: nothing is open, or nobody sends."""
    await _watch(desk, database, record, until_still=True)


def _is_still(database: Database, count: Books) -> bool:
    if count.open == 0:
        return True
    if database.dialect == "sqlite":
        return not somebody_sends(database)
    return not in_hand(count)


async def _watch(desk: Desk, database: Database, record: BulletinRecord, *, until_still: bool) -> None:
    with _bar(desk) as progress:
        row = progress.add_task(record.title, total=None, states="")
        try:
            while True:
                count = await asyncio.to_thread(_count, database, record)
                _draw(progress, row, count)
                if until_still and await asyncio.to_thread(_is_still, database, count):
                    return
                await asyncio.sleep(BEAT)
        finally:
            _draw(progress, row, _count(database, record))


def _bar(desk: Desk) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[states]}", markup=False),
        TimeElapsedColumn(),
        console=desk.console,
        disable=desk.as_json,
    )


def _draw(progress: Progress, row: TaskID, count: Books) -> None:
    states = "  ".join(counted(count))
    progress.update(row, total=count.planned, completed=count.planned - count.open, states=states)


def _count(database: Database, record: BulletinRecord) -> Books:
    with database.read() as conn:
        return books(conn, record.id)


def in_hand(count: Books) -> int:
    """How many copies a sender has taken up and not settled."""
    return count.by_state.get(State.CLAIMED, 0) + count.by_state.get(State.SENDING, 0)


def counted(count: Books) -> list[str]:
    """The books in words, state by state, in the order of a copy's life."""
    return [f"{state_name(state)} {count.by_state[state]}" for state in State if count.by_state.get(state)]


def state_name(state: State) -> str:
    """A state in the reader's language."""
    return str(STATES[state])
