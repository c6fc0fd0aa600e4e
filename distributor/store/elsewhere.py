"""What else waits or was given up, besides the bulletin a person looks at."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select

from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.store.bulletins import list_bulletins
from distributor.store.pauses import goes_on
from distributor.store.records import BulletinRecord
from distributor.store.schema import delivery, dispatch, going


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another bulletin: when its next copy is due, and when one was last given up because its time was over (UTC)."""

    record: BulletinRecord
    due: dt.datetime | None
    expired: dt.datetime | None


def elsewhere(conn: Connection, bulletin_id: int) -> tuple[Elsewhere, ...]:
    """The newest bulletins other than this one that have a copy to send or one that was given up as too late.

    Copies on hold and those of bulletins that rest are left out.
    """
    others = {record.id: record for record in list_bulletins(conn) if record.id != bulletin_id}
    held = select(dispatch.c.id).where(dispatch.c.hold.is_not(None))
    waits = (
        going & delivery.c.dispatch_id.not_in(held) & goes_on(delivery.c.bulletin_id),
        delivery.c.next_attempt_at,
    )
    given_up = ((delivery.c.state == State.FAILED) & (delivery.c.reason == Reason.EXPIRED), delivery.c.changed_at)
    rows = conn.execute(
        select(delivery.c.bulletin_id, func.min(case(waits)), func.max(case(given_up)))
        .where(delivery.c.bulletin_id.in_(list(others)))
        .group_by(delivery.c.bulletin_id)
        .order_by(delivery.c.bulletin_id)
    )
    return tuple(Elsewhere(others[number], due, expired) for number, due, expired in rows if due or expired)
