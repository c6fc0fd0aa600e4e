"""What is made once and kept: for everybody who asks, so many at a time, and not again at once when it failed."""

import asyncio
import threading

import pytest

from distributor.errors import BadInput, DistributorError, Unavailable
from distributor.web.kept import Kept
from distributor.words import words


class Workshop:
    """Makes what it is asked for, and writes down when it was asked."""

    def __init__(self, error: DistributorError | None = None) -> None:
        self.made: list[str] = []
        self.error = error
        self.at_once = self.most_at_once = 0
        self._lock = threading.Lock()

    def make(self, key: str) -> str:
        with self._lock:
            self.made.append(key)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if self.error:
                raise self.error
            return key.upper()
        finally:
            with self._lock:
                self.at_once -= 1


async def test_all_who_ask_for_the_same_wait_for_one_making() -> None:
    shop = Workshop()
    kept = Kept(shop.make, most=2, at_once=1)
    assert await asyncio.gather(*(kept.get("a") for _ in range(50))) == ["A"] * 50
    assert shop.made == ["a"]


async def test_no_more_are_made_at_once_than_there_is_room_for() -> None:
    shop = Workshop()
    kept = Kept(shop.make, most=9, at_once=1)
    assert await asyncio.gather(*map(kept.get, "abcdef")) == list("ABCDEF")
    assert shop.most_at_once == 1


async def test_the_oldest_gives_way() -> None:
    shop = Workshop()
    kept = Kept(shop.make, most=2, at_once=1)
    for key in "abca":
        await kept.get(key)
    assert shop.made == ["a", "b", "c", "a"]


@pytest.mark.parametrize(
    ("error", "rest", "tries"),
    [
        pytest.param(BadInput(words("It cannot be read.")), 3600.0, 1, id="what cannot be made rests"),
        pytest.param(BadInput(words("It cannot be read.")), 0.0, 3, id="unless nobody wants it to"),
        pytest.param(Unavailable(words("It cannot be read.")), 3600.0, 3, id="a database that is away is asked again"),
    ],
)
async def test_a_failure_is_told_to_everybody(error: DistributorError, rest: float, tries: int) -> None:
    shop = Workshop(error)
    kept = Kept(shop.make, most=2, at_once=1, rest=rest)
    for _ in range(3):
        with pytest.raises(type(error)):
            await kept.get("a")
    assert len(shop.made) == tries


async def test_what_failed_once_can_be_made_later() -> None:
    shop = Workshop(Unavailable(words("It cannot be read.")))
    kept = Kept(shop.make, most=2, at_once=1, rest=3600.0)
    with pytest.raises(Unavailable):
        await kept.get("a")
    shop.error = None
    assert await kept.get("a") == "A"
