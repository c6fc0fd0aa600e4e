"""How many messages a reader may get: what the platform refuses, and what it silently drops.

Source: developer.work.weixin.qq.com/document/path/90236 (30 a minute and 1,000 an hour per member and app,
dropped without a word) and 91770 (20 a minute per robot, refused with 45009).
"""

import datetime as dt
from collections import defaultdict

PER_MINUTE, PER_HOUR = 30, 1000
ROBOT_PER_MINUTE = 20


class Windows:
    """Sliding windows, one per key."""

    def __init__(self) -> None:
        self._times: dict[object, list[dt.datetime]] = defaultdict(list)

    def fits(self, key: object, now: dt.datetime, *limits: tuple[int, dt.timedelta]) -> bool:
        """Counts one more when every limit has room for it; otherwise counts nothing."""
        times = self._times[key]
        if any(sum(1 for at in times if now - at < span) >= most for most, span in limits):
            return False
        times.append(now)
        return True


MEMBER_LIMITS = ((PER_MINUTE, dt.timedelta(minutes=1)), (PER_HOUR, dt.timedelta(hours=1)))
ROBOT_LIMITS = ((ROBOT_PER_MINUTE, dt.timedelta(minutes=1)),)
