"""Which copies may leave now: the one condition under which they are claimed, counted and announced."""

import datetime as dt

from sqlalchemy import ColumnElement, select

from distributor.store.editions import is_corrected
from distributor.store.pauses import goes_on
from distributor.store.schema import delivery, dispatch, going

#: Letters that wait for a person.
HELD = select(dispatch.c.id).where(dispatch.c.hold.is_not(None))


def due(now: dt.datetime) -> tuple[ColumnElement[bool], ...]:
    """Still owed, its time has come and is not over, and nobody lets it wait. `now` is UTC."""
    return (
        going,
        delivery.c.listed,
        delivery.c.next_attempt_at <= now,
        delivery.c.valid_until > now,
        delivery.c.dispatch_id.not_in(HELD),
        goes_on(delivery.c.bulletin_id),
        ~is_corrected(delivery.c.bulletin_id),
    )
