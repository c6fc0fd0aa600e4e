"""The memory of uploads in the database, for all processes and every later attempt.

A media id lives three days (developer.work.weixin.qq.com/document/path/90253). It is given up some hours earlier, so
that none dies on its way: clocks differ, and a message may wait for its answer and be handed over again.
"""

import asyncio
import datetime as dt
from collections.abc import Callable

from distributor.channels.wechat.uploads import Key, Kind
from distributor.store.database import Connection, Database, retrying
from distributor.store.uploads import find_upload, keep_upload

LIFE = dt.timedelta(days=3)
MARGIN = dt.timedelta(hours=4)


class KeptUploads:
    """A `Memory` of uploads that outlives the process. Its methods raise `Unavailable`."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._clock = clock

    async def find(self, key: Key) -> str:
        """The name of a file that lives for long enough; else empty."""

        def look() -> str:
            with self._database.read() as conn:
                return find_upload(conn, key.owner, key.kind, key.digest, since=self._since(key))

        return await asyncio.to_thread(look)

    async def keep(self, key: Key, name: str, *, instead_of: str) -> str:
        """Keeps the first name that anybody brings for a file, until it is dead or is `instead_of`."""

        def write(conn: Connection) -> str:
            since, now = self._since(key), self._clock()
            return keep_upload(conn, key.owner, key.kind, key.digest, name, instead_of=instead_of, since=since, now=now)

        return await asyncio.to_thread(retrying, self._database, write)

    def _since(self, key: Key) -> dt.datetime | None:
        return None if key.kind is Kind.PICTURE else self._clock() - (LIFE - MARGIN)
