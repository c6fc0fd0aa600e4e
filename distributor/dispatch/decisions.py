"""What a person may decide about deliveries: resolve, retry, cancel. Every decision is in the audit log."""

import datetime as dt
from collections.abc import Collection
from enum import StrEnum

from distributor.delivery.state import Fact, State, states_that_allow
from distributor.store import audit
from distributor.store.database import Connection, Database
from distributor.store.deliveries import apply_fact
from distributor.store.dispatches import dispatches_of, unhold
from distributor.store.records import BulletinRecord, DeliveryRecord


class Decision(StrEnum):
    """What was decided."""

    ARRIVED = "arrived"  # resolve: the person says it is there
    RESEND = "resend"  # resolve: send again, knowing that it may be a second copy
    LOST = "lost"  # resolve: it did not arrive and is not sent again
    RETRY = "retry"  # try again what failed or waits
    CANCEL = "cancel"  # do not send what has not been sent


_FACTS = {
    Decision.ARRIVED: Fact.ACCEPT,
    Decision.RESEND: Fact.RESEND,
    Decision.LOST: Fact.REJECT,
    Decision.RETRY: Fact.RETRY,
    Decision.CANCEL: Fact.CANCEL,
}

_QUEUES_AGAIN = frozenset({Decision.RESEND, Decision.RETRY})


def applies(decision: Decision, delivery: DeliveryRecord, *, named: bool) -> bool:
    """Whether a decision can move a delivery from where it stands.

    What was withdrawn is not tried again unless the person is `named`.
    """
    if decision is Decision.RETRY and delivery.state is State.CANCELLED and not named:
        return False
    if decision in (Decision.ARRIVED, Decision.LOST):
        return delivery.state is State.UNKNOWN
    if decision is Decision.RETRY and delivery.state is State.QUEUED:
        return delivery.next_attempt_at is not None  # only `send` lets a copy go for the first time
    return delivery.state in states_that_allow(_FACTS[decision])


def decide(
    database: Database,
    decision: Decision,
    deliveries: Collection[DeliveryRecord],
    *,
    now: dt.datetime,
    valid_for: dt.timedelta,
    actor: str,
) -> None:
    """Applies one decision to deliveries it `applies` to, in one transaction, with an audit entry for each.

    Raises `Refused` and changes nothing when one of them has moved in the meantime.
    """
    with database.write() as conn:
        for delivery in deliveries:
            apply_fact(
                conn,
                delivery.id,
                _FACTS[decision],
                reason=f"person:{decision}",
                now=now,
                next_attempt_at=now if decision in _QUEUES_AGAIN else None,
                valid_until=now + valid_for if decision in _QUEUES_AGAIN else None,
            )
            audit.append(
                conn,
                action=f"delivery.{decision}",
                subject=f"delivery:{delivery.id}",
                details={"from": delivery.state, "address": delivery.address},
                actor=actor,
                now=now,
            )


def lift_holds(
    conn: Connection, record: BulletinRecord, *, groups: Collection[str], now: dt.datetime, actor: str
) -> int:
    """Lets the held dispatches of a bulletin go on (no groups: all of them). Returns how many there were."""
    held = [d for d in dispatches_of(conn, record.id) if d.hold and (not groups or d.group in groups)]
    for dispatch in held:
        unhold(conn, dispatch.id, now=now)
        audit.append(
            conn,
            action="dispatch.unheld",
            subject=f"dispatch:{dispatch.id}",
            details={"group": dispatch.group, "hold": dispatch.hold},
            actor=actor,
            now=now,
        )
    return len(held)
