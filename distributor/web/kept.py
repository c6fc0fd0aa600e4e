"""What is made once and kept for everybody who asks: two who ask for the same at once wait for one making."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from distributor.errors import DistributorError, Unavailable

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
V = TypeVar("V")


class Kept(Generic[K, T]):
    """Makes things by their keys in threads, `at_once` of them at a time, and keeps the `most` that came last.

    What cannot be made is not tried again for `rest` seconds, unless it was something else that did not answer.
    """

    def __init__(self, make: Callable[[K], T], *, most: int, at_once: int, rest: float = 0.0) -> None:
        self._make = make
        self._most = most
        self._room = asyncio.Semaphore(at_once)
        self._rest = rest
        self._kept: OrderedDict[K, asyncio.Task[T]] = OrderedDict()
        self._failed: OrderedDict[K, tuple[DistributorError, float]] = OrderedDict()

    async def get(self, key: K) -> T:
        """The thing of this key. Raises what making it raises."""
        self._refuse_failed(key)
        task = self._kept.get(key)
        if task is None:
            task = self._kept[key] = asyncio.create_task(self._made(key))
            _shorten(self._kept, self._most)
        try:
            return await asyncio.shield(task)
        except BaseException as error:
            if task.done() and self._kept.get(key) is task:
                del self._kept[key]
                self._remember(key, error)
            raise

    def _refuse_failed(self, key: K) -> None:
        error, since = self._failed.get(key, (None, 0.0))
        if error is not None and time.monotonic() - since < self._rest:
            raise error.with_traceback(None)

    def _remember(self, key: K, error: BaseException) -> None:
        if self._rest and isinstance(error, DistributorError) and not isinstance(error, Unavailable):
            self._failed[key] = (error, time.monotonic())
            _shorten(self._failed, self._most)

    async def _made(self, key: K) -> T:
        async with self._room:
            return await asyncio.to_thread(self._make, key)


def _shorten(kept: OrderedDict[K, V], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
