"""What has fired: each due time of each schedule once, whoever's clock strikes and however often.

Two processes, an hour that comes twice in autumn and a clock that is set back all end in one firing.
"""

import datetime as dt

from sqlalchemy import Connection, func, insert, select

from distributor.store.service_schema import firing
from distributor.store.turns import take_turns


def fire(conn: Connection, schedule: str, due: dt.datetime, now: dt.datetime) -> bool:
    """Books a firing. True for exactly one caller, who does the work in the same transaction."""
    take_turns(conn, [f"firing:{schedule}"])
    if fired_at(conn, schedule, due) is not None:
        return False
    conn.execute(insert(firing).values(schedule=schedule, due=due, fired_at=now))
    return True


def fired_at(conn: Connection, schedule: str, due: dt.datetime) -> dt.datetime | None:
    """When a due time was fired (UTC); None when it was not."""
    same = (firing.c.schedule == schedule, firing.c.due == due)
    return conn.execute(select(firing.c.fired_at).where(*same)).scalar()


def last_due(conn: Connection, schedule: str) -> dt.datetime | None:
    """The latest due time of a schedule that was fired (UTC)."""
    return conn.execute(select(func.max(firing.c.due)).where(firing.c.schedule == schedule)).scalar()
