"""How long copies stay worth sending, when a rest took a part of that time away.

A person who lets a bulletin rest for two days does not mean that it expires meanwhile. So the time of a rest is
given back when it ends, and no copy is given up while it lasts.
"""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection, func, select, update

from distributor.store.schema import bulletin, claimable, delivery


def extend(conn: Connection, bulletin_id: int | None, began: dt.datetime, until: Callable[[int], dt.datetime]) -> None:
    """Lets waiting copies be valid for longer by the time of a rest that `began` then and lasted `until` then (UTC).

    None means the copies of all bulletins. A copy that was released during the rest lost only the time from there;
    one whose time was over before the rest is left as it is.
    """
    ours = [delivery.c.bulletin_id == bulletin_id] if bulletin_id is not None else []
    kind = (delivery.c.bulletin_id, delivery.c.released_at, delivery.c.valid_until)
    waiting = select(*kind).where(claimable, delivery.c.valid_until > began, *ours).distinct()
    # The latest first: what has been extended is not met again.
    for row in conn.execute(waiting.order_by(delivery.c.valid_until.desc())).all():
        lost = until(row.bulletin_id) - max(began, row.released_at or began)
        if lost <= dt.timedelta():
            continue
        same = (
            delivery.c.bulletin_id == row.bulletin_id,
            delivery.c.released_at.is_not_distinct_from(row.released_at),
            delivery.c.valid_until == row.valid_until,
        )
        conn.execute(update(delivery).where(claimable, *same).values(valid_until=row.valid_until + lost))
        _show_on_bulletin(conn, row.bulletin_id)


def _show_on_bulletin(conn: Connection, number: int) -> None:
    last = conn.execute(select(func.max(delivery.c.valid_until)).where(delivery.c.bulletin_id == number)).scalar_one()
    conn.execute(update(bulletin).where(bulletin.c.id == number).values(valid_until=last))
