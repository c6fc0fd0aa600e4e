"""What to do with an hour that has come: send, or hold and ask. Pure; the clocks are passed in.

A service that was down sends what is only a little late and asks about the rest. A clock that
jumps, and a database that comes from a backup, would make bulletins go out early or a second time:
what became due in the time that never passed is held (faults 41, 81 and 84 of the catalogue).
"""

import datetime as dt
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

#: A service that runs well is never later than this, though its loop may stand still for a while.
PROMPT = dt.timedelta(minutes=1)

#: Smaller steps of a clock are what time servers do.
TOLERANCE = dt.timedelta(minutes=5)


class Lateness(StrEnum):
    """How a due time stands to the clock."""

    NOT_DUE = "not_due"
    ON_TIME = "on_time"
    WITHIN_GRACE = "within_grace"
    TOO_LATE = "too_late"
    CLOCK_BACK = "clock_back"  # the clock shows less than when the service last wrote its heartbeat
    CLOCK_AHEAD = "clock_ahead"  # the hour fell into time that the clock jumped over

    @property
    def sends(self) -> bool:
        """Whether the bulletin goes out without asking."""
        return self in (Lateness.ON_TIME, Lateness.WITHIN_GRACE)

    @property
    def holds(self) -> bool:
        """Whether a person must be asked first."""
        return self in (Lateness.TOO_LATE, Lateness.CLOCK_BACK, Lateness.CLOCK_AHEAD)


@dataclass(frozen=True, slots=True)
class Jump:
    """A step of the wall clock that no time passed for: it should have shown `expected` and showed `shown`, in UTC."""

    expected: dt.datetime
    shown: dt.datetime

    @property
    def by(self) -> dt.timedelta:
        """How far the clock went: forward above zero, back below."""
        return self.shown - self.expected

    def covers(self, due: dt.datetime) -> bool:
        """Whether an hour became due only because the clock jumped over it."""
        return self.expected < due <= self.shown


def late(
    due: dt.datetime,
    now: dt.datetime,
    grace: dt.timedelta,
    last_seen: dt.datetime | None = None,
    jumps: Iterable[Jump] = (),
) -> Lateness:
    """Judges a due time. `last_seen` is the last heartbeat of any sender; `jumps` what `ClockWatch` saw."""
    if due > now:
        return Lateness.NOT_DUE
    if last_seen is not None and now < last_seen - TOLERANCE:
        return Lateness.CLOCK_BACK
    if any(jump.covers(due) for jump in jumps):
        return Lateness.CLOCK_AHEAD
    if now - due <= PROMPT:
        return Lateness.ON_TIME
    return Lateness.WITHIN_GRACE if now - due <= grace else Lateness.TOO_LATE


def restored(in_database: dt.datetime | None, beside_it: dt.datetime | None) -> bool:
    """Whether the database is older than the heartbeat kept in a file beside it: it comes from a backup.

    What became due after `in_database` may have gone out already; the caller holds it and asks.
    """
    if beside_it is None:
        return False
    return in_database is None or beside_it - in_database > TOLERANCE


def steady() -> float:
    """Seconds on a clock that only runs forward and, where the system has one, counts sleep as time."""
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


class ClockWatch:
    """Compares the wall clock with the steady one at every look.

    Jumps are remembered until `settle`, so that a look whose work then fails loses none.
    """

    def __init__(self, wall: Callable[[], dt.datetime], steady: Callable[[], float] = steady) -> None:
        self._wall = wall
        self._steady = steady
        self._last = (wall(), steady())
        self._jumps: tuple[Jump, ...] = ()

    def look(self) -> tuple[Jump, ...]:
        """Every jump of more than `TOLERANCE` that is not settled."""
        shown, ticks = self._wall(), self._steady()
        expected = self._last[0] + dt.timedelta(seconds=ticks - self._last[1])
        if abs(shown - expected) > TOLERANCE:
            self._jumps = (*self._jumps, Jump(expected, shown))
        self._last = (shown, ticks)
        return self._jumps

    def settle(self) -> None:
        """What the jumps made due is held now; forget them."""
        self._jumps = ()
