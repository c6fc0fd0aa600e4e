"""When a deferred delivery is tried again, and when it is given up.

The schedule is written out as the waits it yields, so that an operator can read it
(RFC 5321 4.5.4.1 asks for a pause that grows; greylisting servers want at least five minutes).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

#: The wait after the first, second, … failed attempt. The last one repeats until `valid_until`.
WAITS: Sequence[timedelta] = tuple(timedelta(minutes=m) for m in (5, 10, 20, 40, 60, 120, 240))

#: No wait is shorter than this after a refusal by the server, whatever the jitter (greylisting).
SHORTEST = timedelta(minutes=5)

#: A lost connection is no refusal: the next try may come sooner.
AFTER_NETWORK_TROUBLE = timedelta(minutes=1)

#: Up to this share is added to a wait, so that many recipients do not come back at once.
JITTER = 0.2


def next_attempt(
    *,
    attempts: int,
    now: datetime,
    valid_until: datetime,
    chance: float,
    wait: timedelta | None = None,
    network: bool = False,
) -> datetime | None:
    """Returns when to try again, in UTC, or None when the bulletin will be out of date by then.

    `attempts` counts the attempts charged so far, this one included. `chance` in [0, 1) is the
    caller's random number. `wait` is what the server asked for; it is honoured as a minimum.
    """
    if network:
        pause = AFTER_NETWORK_TROUBLE
    else:
        pause = max(WAITS[min(max(attempts, 1), len(WAITS)) - 1], SHORTEST)
    pause = max(pause, wait or timedelta())
    at = now + pause * (1 + JITTER * chance)
    return at if at < valid_until else None
