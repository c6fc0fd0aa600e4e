"""A person who says nothing is asked on the next of the group's channels, where the directory says after how long.

Only what a person did ends it (a 签收 in any form, a 退回, an answer): a page that something opened does not. A copy in
doubt is never followed by another, for it may be the one that arrives.
"""

import datetime as dt
from collections.abc import Callable

from distributor.store import audit
from distributor.store.chain import take_over
from distributor.store.database import Connection
from distributor.store.silence import silent_copies
from distributor.workdays.calendar import Workdays


def escalate(conn: Connection, *, calendar: Callable[[], Workdays], zone: dt.tzinfo, now: dt.datetime) -> int:
    """Makes the next channel's copies of those who have been silent too long; returns how many.

    Raises `UnknownYear`, and what `calendar` raises, which is read only when somebody is silent.
    """
    made = 0
    silent = [copy for copy in silent_copies(conn) if copy.manners.escalate_after]
    workdays = calendar() if silent else None
    for copy in silent:
        at = copy.manners.escalates_at(copy.released_at, workdays, zone) if workdays else None
        if at is None or now < at:
            continue
        if count := take_over(conn, [copy.delivery_id], now=now):
            made += count
            details: dict[str, object] = {"after": copy.manners.escalate_after}
            audit.append(conn, "delivery.escalated", f"delivery:{copy.delivery_id}", details, "service", now)
    return made
