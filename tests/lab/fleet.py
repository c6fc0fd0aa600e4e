"""Offices on one PostgreSQL, as on several machines: each has its folder and its service, all have one key."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from sqlalchemy import func, select

from distributor.delivery.state import State
from distributor.store.database import Database
from distributor.store.deliveries import books, deliveries_of
from distributor.store.records import Books
from distributor.store.schema import delivery
from tests.acceptance.office import Office
from tests.acceptance.service import Service, serving

#: How long anything may take that is waited for, in seconds.
PATIENCE = 180

#: How often a database, a file or another process is asked whether it has come so far, in seconds.
LOOK_EVERY = 0.05

BULLETIN = 1


class Machine:
    """One office with its service, which can be killed, frozen and started again. Its log is read all the time."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.log: list[dict[str, object]] = []
        self._stack = AsyncExitStack()
        self._reading: asyncio.Task[None] | None = None
        self._service: Service | None = None

    async def start(self) -> None:
        """Starts the service and waits until it is at work."""
        self._service = await self._stack.enter_async_context(serving(self.office))
        await self._service.until("service.started")
        self._reading = asyncio.create_task(self._read(self._service))

    async def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends the service. Returns its exit code."""
        assert self._service is not None
        assert self._reading is not None
        self._service.process.send_signal(with_signal)
        async with asyncio.timeout(PATIENCE):
            await self._reading
            return await self._service.process.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Freezes it, or wakes it."""
        assert self._service is not None
        self._service.process.send_signal(number)

    async def close(self) -> None:
        """Kills what still runs."""
        if self._reading:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self._stack.aclose()

    @property
    def owner(self) -> str:
        """The name of the running service."""
        assert self._service is not None
        return str(next(record["owner"] for record in self._service.log if record["action"] == "service.started"))

    def count(self, action: str) -> int:
        """How many records its log has of one action, over all its lives."""
        return sum(record["action"] == action for record in self.log)

    async def _read(self, service: Service) -> None:
        seen = 0
        try:
            while True:
                await service.next()
                self.log.extend(service.log[seen:])
                seen = len(service.log)
        except EOFError:
            return


@asynccontextmanager
async def machines(
    folder: Path, url: str, *, count: int, port: int, people: int, lines: int, settings: Mapping[str, str] | None = None
) -> AsyncIterator[list[Machine]]:
    """All of them running; the first one leads, so it watches its drop folder. `settings` are variables."""
    environment = {"DISTRIBUTOR_DATABASE__URL": url, **(settings or {})}
    fleet = [
        Machine(Office(folder / f"office{number}", port=port, connections=lines, environment=dict(environment)))
        for number in range(count)
    ]
    for machine in fleet:
        machine.office.recipients(leaders=10, units=people - 10)
    try:
        for machine in fleet:
            if machine is not fleet[0]:  # which has made the key
                shutil.copytree(fleet[0].office.folder / "secrets", machine.office.folder / "secrets")
            await machine.start()
        yield fleet
    finally:
        for machine in fleet:
            await machine.close()


async def until(reached: Callable[[], bool], what: str) -> None:
    """Waits until something outside this process has come so far."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not await asyncio.to_thread(reached):
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        raise AssertionError(f"not in {PATIENCE} s: {what}") from None


def in_hand(database: Database, owner: str, *states: State) -> int:
    """How many rows of these states a service holds now."""
    with database.read() as conn:
        held = select(func.count()).where(delivery.c.owner == owner, delivery.c.state.in_(states))
        return conn.execute(held).scalar_one()


def books_of(database: Database) -> Books:
    """The books of the bulletin."""
    with database.read() as conn:
        return books(conn, BULLETIN)


def states(database: Database) -> dict[str, State]:
    """Every address and where its copy stands."""
    with database.read() as conn:
        return {row.address: row.state for row in deliveries_of(conn, BULLETIN)}
