"""Settles what a crash or a silent server left open, by the group's own rule."""

import datetime as dt
from collections.abc import Iterable

from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact, State
from distributor.recipients.model import OnUnknown
from distributor.store.database import Connection
from distributor.store.deliveries import apply_fact, deliveries_of
from distributor.store.dispatches import dispatches_of
from distributor.store.editions import corrected
from distributor.store.receipts import settle
from distributor.store.records import DeliveryRecord
from distributor.store.withdrawals import withdrawal_of

#: An unknown letter is sent again by itself once; if that one gets lost too, a person decides.
RESENDS = 1


def resend_unknown(conn: Connection, bulletin_ids: Iterable[int], *, now: dt.datetime) -> int:
    """Queues unknown deliveries again where the group says `on_unknown: resend`. Returns how many.

    Same Message-ID, same tokens: a receiver that looks for doubles can drop the second copy. People whom the last
    freeze no longer lists are left to a person, and so is a copy that was called off, and a text that was corrected
    or withdrawn. What a receipt that came early says is heard first.
    """
    settle(conn, now=now)
    resent = 0
    for bulletin_id in bulletin_ids:
        if corrected(conn, bulletin_id) or withdrawal_of(conn, bulletin_id):
            continue
        groups = {d.id for d in dispatches_of(conn, bulletin_id) if d.on_unknown == OnUnknown.RESEND}
        if not groups:
            continue
        for delivery in deliveries_of(conn, bulletin_id, history=True):
            owed = delivery.listed and not delivery.called_off and delivery.dispatch_id in groups
            if owed and delivery.state is State.UNKNOWN and _times_lost(delivery) <= RESENDS:
                apply_fact(conn, delivery.id, Fact.RESEND, reason=Reason.RESENT, now=now, next_attempt_at=now)
                resent += 1
    return resent


def _times_lost(delivery: DeliveryRecord) -> int:
    return sum(attempt.verdict in ("", "unknown") for attempt in delivery.history)
