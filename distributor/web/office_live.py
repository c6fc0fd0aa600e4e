"""The figures of a bulletin while it is sent, as server-sent events (WHATWG HTML 9.2).

Everybody who looks at one bulletin shares one look at the database a second. Streams are few, end with their session,
and end when the service does.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable

from distributor.delivery.state import State
from distributor.errors import Unavailable
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.store.records import Books
from distributor.web.office_list import bar

#: Seconds between two looks.
BEAT = 1.0

#: Looks after which a stream says that it is still there and asks whether its session is.
_CHECK = 15

#: Streams at the same time, of one process and of one session.
MOST, MOST_EACH = 40, 4


class Live:
    """The streams of one process."""

    def __init__(self, database: Database, is_over: Callable[[str], bool], now: Callable[[], str]) -> None:
        self._database = database
        self._is_over = is_over
        self._now = now
        self._looks: dict[int, asyncio.Task[Books]] = {}
        self._open: Counter[str] = Counter()
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Ends every stream, so that the server need not wait for them."""
        self._closing.set()

    def has_room(self, session: str) -> bool:
        """Whether one more stream may begin."""
        return not self._closing.is_set() and self._open.total() < MOST and self._open[session] < MOST_EACH

    async def events(self, bulletin_id: int, session: str) -> AsyncIterator[str]:
        """What one page is told: the figures as they change, until nothing is open any more or the session ends."""
        self._open[session] += 1
        try:
            last, looks = "", 0
            yield "retry: 5000\n\n"
            while not self._closing.is_set():
                try:
                    count = await self._look(bulletin_id)
                except Unavailable:
                    return  # the browser asks again in five seconds
                said = json.dumps(figures(count))
                if said != last:
                    yield f"event: books\ndata: {json.dumps({**figures(count), 'at': self._now()})}\n\n"
                    last = said
                if not count.open:
                    yield "event: ended\ndata: \n\n"
                    return
                looks += 1
                if looks % _CHECK == 0:
                    if await asyncio.to_thread(self._is_over, session):
                        yield "event: ended\ndata: \n\n"
                        return
                    yield ": still here\n\n"
                await self._rest()
        finally:
            self._open[session] -= 1
            self._open += Counter()  # forgets who has none

    async def _look(self, bulletin_id: int) -> Books:
        """The books now; those who ask while somebody is looking get that answer."""
        task = self._looks.get(bulletin_id)
        if task is None or task.done():
            task = self._looks[bulletin_id] = asyncio.create_task(asyncio.to_thread(self._read, bulletin_id))
            task.add_done_callback(lambda done: self._forget(bulletin_id, done))
        return await asyncio.shield(task)

    def _forget(self, bulletin_id: int, done: "asyncio.Task[Books]") -> None:
        if self._looks.get(bulletin_id) is done:
            del self._looks[bulletin_id]
        if not done.cancelled():
            done.exception()  # whoever waited has it

    def _read(self, bulletin_id: int) -> Books:
        with self._database.read() as conn:
            return books(conn, bulletin_id)

    async def _rest(self) -> None:
        try:
            await asyncio.wait_for(self._closing.wait(), BEAT)
        except TimeoutError:
            return


def figures(count: Books) -> dict[str, object]:
    """The books as the page's script puts them in their places."""
    return {
        "planned": count.planned,
        "counts": {state.value: count.by_state.get(state, 0) for state in State},
        "bar": [{"kind": part.kind, "begin": part.begin, "width": part.width} for part in bar(count)],
    }
