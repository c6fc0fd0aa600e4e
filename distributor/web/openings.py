"""Notes that pages were opened: gathered in memory, written together, bounded.

Nobody can tell who opened a page, so each copy gets at most one such note a day and kind. They are the only thing
that is written without anybody's pressing a button, and the first thing to be dropped when there are too many: a
flood of them must not slow down a 签收 (fault 74).
"""

import asyncio
import contextlib
import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from distributor.delivery.evidence import Kind
from distributor.errors import Unavailable
from distributor.log import log
from distributor.store.database import Database
from distributor.store.receipts import Slight, add_slight

_log = log("web")

#: More than this waits for nobody: the rest is dropped.
MOST_WAITING = 10_000

#: So many notes are remembered as written, so that most repetitions never reach the database.
MOST_KNOWN = 50_000

#: Rows per transaction: a 签收 that comes meanwhile waits for no more than these.
BATCH = 100

#: Seconds between two looks at what waits.
PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Opening:
    """A copy's page was opened, or something of it fetched, on a day (UTC)."""

    delivery_id: str
    kind: Kind
    source: str
    day: dt.date

    @property
    def digest(self) -> str:
        """The same for the same copy, kind, source and day."""
        return hashlib.sha256(f"{self.kind}|{self.source}|{self.delivery_id}|{self.day}".encode()).hexdigest()


class Openings:
    """Takes notes from the pages and writes them in the background."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._clock = clock
        self._waiting: dict[Opening, dt.datetime] = {}
        self._known: OrderedDict[Opening, None] = OrderedDict()
        self._running: asyncio.Task[None] | None = None
        self.dropped = 0

    def note(self, delivery_id: str, kind: Kind, source: str) -> None:
        """Remembers an opening; never waits and never fails."""
        now = self._clock()
        opening = Opening(delivery_id, kind, source, now.date())
        if opening in self._known or opening in self._waiting:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.dropped += 1
            return
        self._waiting[opening] = now

    def start(self) -> None:
        """Begins to write what is noted."""
        self._running = asyncio.create_task(self._run(), name="openings")

    async def stop(self) -> None:
        """Writes what waits, if the database takes it, and ends."""
        if self._running:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running
        await self.flush()

    async def flush(self) -> None:
        """Writes what waits now. What the database does not take is dropped and said in the log."""
        while self._waiting:
            batch = dict(list(self._waiting.items())[:BATCH])
            try:
                await asyncio.to_thread(self._write, batch)
            except Unavailable as trouble:
                _log.warning("openings.dropped", count=len(self._waiting), what=str(trouble.what))
                self._waiting.clear()
                return
            for opening in batch:
                del self._waiting[opening]
                self._known[opening] = None
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE)
            await self.flush()

    def _write(self, batch: dict[Opening, dt.datetime]) -> None:
        # In one order everywhere, so that two processes cannot wait for each other.
        ordered = sorted(batch.items(), key=lambda each: each[0].delivery_id)
        with self._database.write() as conn:
            add_slight(
                conn, [Slight(each.kind, each.delivery_id, each.source, each.digest, at) for each, at in ordered]
            )
