"""Letters that wait for a person: why, who lets them go, and the hour they get then.

A hold keeps copies where they are. Lifting one is a decision and is booked; it never makes anything leave before
its hour.
"""

import datetime as dt
from collections.abc import Callable, Collection

from distributor.delivery.decision import Decision, reason_of
from distributor.delivery.state import Fact
from distributor.store import audit
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.deliveries import apply_fact, deliveries_of
from distributor.store.dispatches import dispatches_of, hold, release, renew, unhold
from distributor.store.records import BulletinRecord, DispatchRecord

#: Why a letter waits.
LATE = "late"  # its hour was missed by more than `grace`
LIST_CHANGED = "list_changed"  # the recipients were edited after it was finalised
DOUBTS = "doubts"  # warnings that nobody has seen
HOUR = "hour"  # its hour cannot be worked out
CHANGED = "changed"  # another text of its number was dropped

#: Under these holds copies wait that have no hour yet.
_KEPT_FROM_RELEASE = frozenset({LIST_CHANGED, HOUR, DOUBTS})


def hold_letters(
    conn: Connection, dispatches: Collection[DispatchRecord], reason: str, *, now: dt.datetime, actor: str
) -> tuple[BulletinRecord, ...]:
    """Makes letters wait; an earlier reason is kept. Returns their bulletins, each booked once."""
    found: dict[int, BulletinRecord] = {}
    for dispatch in dispatches:
        hold(conn, dispatch.id, reason)
        if dispatch.bulletin_id not in found:
            found[dispatch.bulletin_id] = get_bulletin(conn, dispatch.bulletin_id)
            audit.append(
                conn,
                action="bulletin.held",
                subject=f"bulletin:{dispatch.bulletin_id}",
                details={"reason": reason},
                actor=actor,
                now=now,
                bulletin_id=dispatch.bulletin_id,
            )
    return tuple(found.values())


def let_go(conn: Connection, bulletin_id: int, *, now: dt.datetime, actor: str) -> tuple[DispatchRecord, ...]:
    """Lifts every hold of a bulletin, by a person's word. Returns the letters as they were held.

    `take_up_refused` must follow.
    """
    held = tuple(dispatch for dispatch in dispatches_of(conn, bulletin_id) if dispatch.hold)
    lift(conn, held, now=now, actor=actor)
    return held


def lift(conn: Connection, held: Collection[DispatchRecord], *, now: dt.datetime, actor: str) -> None:
    """Lifts the holds of these letters and books it. `give_hours` must follow."""
    for dispatch in held:
        unhold(conn, dispatch.id)
        audit.append(
            conn,
            action="dispatch.unheld",
            subject=f"dispatch:{dispatch.id}",
            details={"group": dispatch.group, "hold": dispatch.hold},
            actor=actor,
            now=now,
            bulletin_id=dispatch.bulletin_id,
        )


def take_up_refused(conn: Connection, bulletin_id: int, *, now: dt.datetime, actor: str) -> int:
    """Lets copies go again whose letter was refused for its content, by a person's word. Returns how many.

    A copy whose time ran out meanwhile gets the same length of time anew.
    """
    refused = [one for one in deliveries_of(conn, bulletin_id) if one.is_put_aside and one.listed]
    for one in refused:
        apply_fact(conn, one.id, Fact.RETRY, reason=reason_of(Decision.RETRY), now=now, next_attempt_at=now)
        audit.append(
            conn,
            action=f"delivery.{Decision.RETRY}",
            subject=f"delivery:{one.id}",
            details={"from": one.state, "address": one.address},
            actor=actor,
            now=now,
        )
    return len(refused)


def give_hours(
    conn: Connection,
    record: BulletinRecord,
    lifted: Collection[DispatchRecord],
    hour: Callable[[dt.datetime], dt.datetime],
    *,
    now: dt.datetime,
    valid_for: dt.timedelta,
) -> int:
    """Releases what a lifted hold had kept from its release. Returns how many copies; times are UTC.

    That is everybody when the hour was not known, and who is new on a list that has changed. `hour` gives the hour
    of a bulletin that has none yet; raises what it raises. Copies whose time ran out while they were held get
    `valid_for` from now: whoever lets them go does not mean that they should expire.
    """
    renew(conn, [dispatch.id for dispatch in lifted], now=now, valid_until=now + valid_for)
    kept = [dispatch.group for dispatch in lifted if dispatch.hold in _KEPT_FROM_RELEASE]
    if not kept:
        return 0
    at = max(record.released_at, now) if record.released_at else hour(now)
    return release(conn, record.id, at=at, valid_until=at + valid_for, groups=kept)
