"""What to do with an hour that has come: send, or hold and ask. Pure; the times are passed in.

A service that was down sends what is only a little late and asks about the rest (fault 84). While
the clock shows less than the last heartbeat it is not to be trusted, and everything due is held
(fault 81). Restored backups, clones and jumps between heartbeats are judged in `delivery/gap.py`.
"""

import datetime as dt
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
    CLOCK_BACK = "clock_back"

    @property
    def sends(self) -> bool:
        """Whether the bulletin goes out without asking."""
        return self in (Lateness.ON_TIME, Lateness.WITHIN_GRACE)

    @property
    def holds(self) -> bool:
        """Whether a person must be asked first."""
        return self in (Lateness.TOO_LATE, Lateness.CLOCK_BACK)


def late(due: dt.datetime, now: dt.datetime, grace: dt.timedelta, last_seen: dt.datetime | None = None) -> Lateness:
    """Judges a due time. `last_seen` is the last heartbeat of any sender; None when there was none."""
    if due > now:
        return Lateness.NOT_DUE
    if last_seen is not None and now < last_seen - TOLERANCE:
        return Lateness.CLOCK_BACK
    if now - due <= PROMPT:
        return Lateness.ON_TIME
    return Lateness.WITHIN_GRACE if now - due <= grace else Lateness.TOO_LATE
