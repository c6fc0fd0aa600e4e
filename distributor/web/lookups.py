"""Finds copies by their links: one look at the database answers everybody who asked while the last look was going on.

Under load this is what makes one process serve a thousand readers a second; alone, a reader waits for nobody.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from distributor.store.database import Database
from distributor.store.visits import Visit, find_visits

#: Questions that go into one look.
MOST = 64


class Lookups:
    """Asks the database for copies, in a thread of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reader")
        self._waiting: list[tuple[str, asyncio.Future[Visit | None]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def find(self, link_hash: str) -> Visit | None:
        """The copy whose link this is, as it stands now; None when it is nobody's. Raises `Unavailable`."""
        found: asyncio.Future[Visit | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((link_hash, found))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await found

    def stop(self) -> None:
        """Gives the thread back."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                visits = await loop.run_in_executor(self._thread, self._find, [link_hash for link_hash, _ in batch])
            except BaseException as error:
                _fail([future for _, future in batch], error)
                if not isinstance(error, Exception):
                    raise
                continue
            for link_hash, future in batch:
                if not future.done():
                    future.set_result(visits.get(link_hash))

    def _find(self, link_hashes: list[str]) -> dict[str, Visit]:
        with self._database.read() as conn:
            return find_visits(conn, link_hashes)


def _fail(futures: list[asyncio.Future[Visit | None]], error: BaseException) -> None:
    for future in futures:
        if not future.done():
            if isinstance(error, asyncio.CancelledError):
                future.cancel()
            else:
                future.set_exception(error)
