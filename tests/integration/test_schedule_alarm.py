"""The alarm clock in a real event loop, with APScheduler's own view of the time moved where it matters."""

import asyncio
import datetime as dt
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import apscheduler.schedulers.base
import pytest

from distributor.schedule.alarm import AlarmClock

CHINA = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
FAST = dt.timedelta(milliseconds=20)


class Bell:
    """Counts its rings, and lets a test wait for them."""

    def __init__(self) -> None:
        self.rings = 0
        self.together = 0
        self.most_together = 0
        self._changed = asyncio.Condition()

    async def ring(self) -> None:
        self.together += 1
        self.most_together = max(self.most_together, self.together)
        self.rings += 1
        async with self._changed:
            self._changed.notify_all()
        await self.work()
        self.together -= 1

    async def work(self) -> None:
        """What a ring does; tests replace it."""

    async def heard(self, count: int) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(lambda: self.rings >= count)


@asynccontextmanager
async def ringing(
    ring: Callable[[], Awaitable[None]],
    *,
    every: dt.timedelta = FAST,
    trouble: Callable[[BaseException], None] | None = None,
) -> AsyncIterator[AlarmClock]:
    alarm = AlarmClock(ring, zone=CHINA, clock=lambda: NOW, every=every, trouble=trouble)
    alarm.start()
    try:
        yield alarm
    finally:
        await alarm.stop()


async def test_it_rings_at_once_and_then_again_and_again() -> None:
    bell = Bell()
    async with ringing(bell.ring) as alarm:
        assert alarm.last_rung is None
        await bell.heard(5)
        assert alarm.last_rung == NOW


async def test_it_rings_once_a_second_unless_told_otherwise() -> None:
    bell = Bell()
    loop = asyncio.get_running_loop()
    async with ringing(bell.ring, every=dt.timedelta(seconds=1)):
        await bell.heard(1)
        began = loop.time()
        await bell.heard(2)
        assert 0.9 < loop.time() - began < 2


async def test_waking_rings_at_once() -> None:
    bell = Bell()
    loop = asyncio.get_running_loop()
    async with ringing(bell.ring, every=dt.timedelta(seconds=1)) as alarm:
        await bell.heard(1)
        began = loop.time()
        alarm.wake()
        await bell.heard(2)
        assert loop.time() - began < 0.5


async def test_waking_from_another_thread_rings() -> None:
    bell = Bell()
    async with ringing(bell.ring, every=dt.timedelta(seconds=1)) as alarm:
        await bell.heard(1)
        thread = threading.Thread(target=alarm.wake)
        thread.start()
        await bell.heard(2)
        thread.join()


async def test_waking_during_a_ring_rings_again_when_it_has_ended_and_never_beside_it() -> None:
    bell = Bell()
    release = asyncio.Event()

    async def until_released() -> None:
        await release.wait()

    bell.work = until_released  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring, every=dt.timedelta(seconds=1)) as alarm:
        await bell.heard(1)
        loop = asyncio.get_running_loop()
        for _ in range(100):
            alarm.wake()
        await asyncio.sleep(0)
        began = loop.time()
        release.set()
        await bell.heard(2)
        assert loop.time() - began < 0.5
    assert (bell.rings, bell.most_together) == (2, 1)


async def test_many_wakes_at_once_ring_few_times() -> None:
    troubles: list[BaseException] = []
    bell = Bell()
    async with ringing(bell.ring, every=dt.timedelta(seconds=1), trouble=troubles.append) as alarm:
        await bell.heard(1)
        for _ in range(1000):
            alarm.wake()
        await bell.heard(2)
    assert bell.rings < 5
    assert (bell.most_together, troubles) == (1, [])


async def test_a_long_ring_is_not_called_again_meanwhile_and_nothing_complains() -> None:
    """Fault 33: the loop stands still, or a ring is slow."""
    troubles: list[BaseException] = []
    bell = Bell()

    async def several_ticks() -> None:
        await asyncio.sleep(5 * FAST.total_seconds())

    bell.work = several_ticks  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring, trouble=troubles.append):
        await bell.heard(4)
    assert (bell.most_together, troubles) == (1, [])


async def test_33_a_loop_that_stands_still_for_many_ticks_rings_late_and_loses_nothing() -> None:
    """Something in the loop blocks it, as a slow disk may; thirty seconds at a tick a second are fifteen of these."""
    troubles: list[BaseException] = []
    bell = Bell()
    async with ringing(bell.ring, trouble=troubles.append):
        await bell.heard(2)
        time.sleep(15 * FAST.total_seconds())  # the fault itself
        before = bell.rings
        await bell.heard(before + 3)
    assert (bell.most_together, troubles) == (1, [])


async def test_an_error_is_told_and_stops_nothing() -> None:
    troubles: list[BaseException] = []
    bell = Bell()

    async def fail() -> None:
        raise OSError("the database is gone")

    bell.work = fail  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring, trouble=troubles.append) as alarm:
        await bell.heard(3)
        assert alarm.last_rung is None
    assert {str(error) for error in troubles} == {"the database is gone"}


async def test_an_error_that_is_told_is_not_written_by_apscheduler_as_well(caplog: pytest.LogCaptureFixture) -> None:
    troubles: list[BaseException] = []
    bell = Bell()

    async def fail() -> None:
        raise OSError("the database is gone")

    bell.work = fail  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring, trouble=troubles.append):
        await bell.heard(3)
    assert len(troubles) >= 2
    assert caplog.records == []


async def test_an_error_that_nobody_listens_to_reaches_the_loop() -> None:
    bell = Bell()
    heard: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: heard.append(context.get("exception")))

    async def fail() -> None:
        raise OSError("the database is gone")

    bell.work = fail  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring):
        await bell.heard(2)
    assert {str(error) for error in heard} == {"the database is gone"}


async def test_stopping_waits_for_the_ring_under_way() -> None:
    bell = Bell()
    done: list[bool] = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append(True)

    bell.work = work  # type: ignore[method-assign]  # the test says what a ring does
    async with ringing(bell.ring):
        await bell.heard(1)
    assert done == [True]
    assert bell.rings == 1


async def test_after_stopping_nothing_rings() -> None:
    bell = Bell()
    async with ringing(bell.ring) as alarm:
        await bell.heard(1)
    rings = bell.rings
    alarm.wake()
    await asyncio.sleep(3 * FAST.total_seconds())

    assert bell.rings == rings


async def test_stopping_what_never_started_does_nothing() -> None:
    await AlarmClock(Bell().ring, zone=CHINA, clock=lambda: NOW).stop()


class MovedClock(dt.datetime):
    """The time as APScheduler sees it."""

    by = dt.timedelta()

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]  # plain datetimes are enough
        return dt.datetime.now(tz) + cls.by


@pytest.mark.parametrize("days", [-1, 1, 366, -366], ids=lambda days: f"{days} days")
async def test_a_clock_that_jumps_stops_no_ring_and_repeats_none(days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 81: by itself APScheduler would sleep a day, or list every second of a year."""
    monkeypatch.setattr(apscheduler.schedulers.base, "datetime", MovedClock)
    monkeypatch.setattr(MovedClock, "by", dt.timedelta())
    bell = Bell()
    loop = asyncio.get_running_loop()
    async with ringing(bell.ring):
        await bell.heard(3)
        before, began = bell.rings, loop.time()
        monkeypatch.setattr(MovedClock, "by", dt.timedelta(days=days))
        await bell.heard(before + 5)
        assert loop.time() - began < 2
        assert bell.rings <= before + 6


@pytest.mark.parametrize("every", [0, -1, 1.5], ids=str)
def test_it_ticks_at_least_once_a_second(every: float) -> None:
    with pytest.raises(ValueError, match="once a second"):
        AlarmClock(Bell().ring, zone=CHINA, clock=lambda: NOW, every=dt.timedelta(seconds=every))
