"""The alarm clock: rings about once a second, and at once when it is woken. The one door to APScheduler.

It never decides what is due: whoever is rung looks at the rows. So a missed, doubled or late ring
loses nothing and repeats nothing.
"""

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

_TICK = "tick"
_LONG_AGO = dt.datetime(1970, 1, 2, tzinfo=dt.UTC)

Ring = Callable[[], Awaitable[None]]


class AlarmClock:
    """Rings while it is started: never twice at a time, whatever the wall clock does.

    `every` is at most one second. `trouble` hears every error of a ring, which stops nothing;
    without it they go to the loop's exception handler. `clock` gives UTC.
    """

    def __init__(
        self,
        ring: Ring,
        *,
        zone: ZoneInfo,
        clock: Callable[[], dt.datetime],
        every: dt.timedelta = dt.timedelta(seconds=1),
        trouble: Callable[[BaseException], None] | None = None,
    ) -> None:
        if not dt.timedelta() < every <= dt.timedelta(seconds=1):
            raise ValueError("the alarm clock ticks at least once a second")
        self._ring = ring
        self._clock = clock
        self._every = every
        self._trouble = trouble
        #: When a ring last ended without an error, in UTC; for readiness.
        self.last_rung: dt.datetime | None = None
        self._wanted = False
        self._ended = 0.0
        self._stopped = False
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._guard: asyncio.TimerHandle | None = None
        # Two instances: a loop that stood still may not have booked yet that the ring before has ended. Rings never
        # overlap all the same, because the job is paused while one is under way.
        self._scheduler = AsyncIOScheduler(
            timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 2}
        )
        self._scheduler.add_listener(self._hear, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    def start(self) -> None:
        """Begins to ring, the first time at once. Call it in the event loop that is to be rung in."""
        self._loop = asyncio.get_running_loop()
        self._ended = self._loop.time()
        self._scheduler.add_job(self._tick, _Every(self._every), id=_TICK, next_run_time=_LONG_AGO)
        self._scheduler.start()
        self._watch()

    def wake(self) -> None:
        """Rings at once, or again when the ring under way has ended. Safe from any thread."""
        self._loop.call_soon_threadsafe(self._wake)

    async def stop(self) -> None:
        """Rings no more, and waits for the ring that is under way."""
        self._stopped = True
        if self._guard is not None:
            self._guard.cancel()
        if self._scheduler.running:
            self._scheduler.pause()
            await self._quiet.wait()
            self._scheduler.shutdown(wait=False)
            await asyncio.sleep(0)  # APScheduler shuts down in the next turn of the loop

    async def _tick(self) -> None:
        self._quiet.clear()
        # The next tick is set when this ring has ended, so a long one is not called again meanwhile.
        self._scheduler.pause_job(_TICK)
        try:
            self._wanted = True
            while self._wanted and not self._stopped:
                self._wanted = False
                if await self._rings():
                    self.last_rung = self._clock()
        finally:
            self._ended = self._loop.time()
            self._quiet.set()
            if not self._stopped:
                self._scheduler.resume_job(_TICK)

    async def _rings(self) -> bool:
        """Whether a ring ended as it should. What somebody hears is kept from APScheduler, which would log it too."""
        try:
            await self._ring()
        except Exception as error:
            if self._trouble is None:
                raise
            self._trouble(error)
            return False
        return True

    def _wake(self) -> None:
        self._wanted = True
        if self._quiet.is_set() and not self._stopped:
            self._scheduler.modify_job(_TICK, next_run_time=_LONG_AGO)

    def _watch(self) -> None:
        """APScheduler sleeps by the wall clock: after a step back it would sleep until the old time comes again."""
        if self._quiet.is_set() and self._loop.time() - self._ended > 2 * self._every.total_seconds():
            self._wake()
        self._guard = self._loop.call_later(self._every.total_seconds(), self._watch)

    def _hear(self, event: JobEvent) -> None:
        error = getattr(event, "exception", None) or RuntimeError(f"APScheduler passed over a tick: {event!r}")
        if isinstance(error, asyncio.CancelledError):
            return
        if self._trouble is not None:
            self._trouble(error)
        else:
            self._loop.call_exception_handler({"message": "the alarm clock's ring failed", "exception": error})


class _Every(BaseTrigger):
    """An interval counted from now. APScheduler's own lists every tick that a clock's jump left out."""

    def __init__(self, interval: dt.timedelta) -> None:
        self._interval = interval

    def get_next_fire_time(self, previous_fire_time: dt.datetime | None, now: dt.datetime) -> dt.datetime:
        return now + self._interval
