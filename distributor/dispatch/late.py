"""Letters whose hour is past, and letters whose list has changed before it came: both wait for a person."""

import datetime as dt
from collections.abc import Callable, Collection

from distributor.dispatch.inbox import DOUBTS, HOUR
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.recipients.resolve import directory_digest
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection, Database
from distributor.store.dispatches import dispatches_of, hold, release, unhold, untouched
from distributor.store.records import BulletinRecord, DispatchRecord

LATE = "late"
LIST_CHANGED = "list_changed"

#: Under these holds copies wait that have no hour yet.
_KEPT_FROM_RELEASE = frozenset({LIST_CHANGED, HOUR, DOUBTS})


def hold_late(conn: Connection, grace: dt.timedelta, *, now: dt.datetime) -> tuple[BulletinRecord, ...]:
    """Holds every letter that should have begun more than `grace` ago and has not. Returns the bulletins.

    For the end of a stop: while the service runs, a letter that waits longer waits for a limit, not for a decision.
    """
    late = [one for one in untouched(conn) if one.released_at is not None and one.released_at < now - grace]
    return _hold_all(conn, late, LATE, now=now)


def hold_changed_lists(database: Database, settings: Settings, *, now: dt.datetime) -> tuple[BulletinRecord, ...]:
    """Holds the letters that were frozen with another list than today's and have not begun. Returns the bulletins.

    Raises `BadFile` or `BadInput` when the directory cannot be read; the frozen lists then stay in force.
    """
    with database.read() as conn:
        waiting = untouched(conn)
        frozen = {one.bulletin_id: get_bulletin(conn, one.bulletin_id).directory_digest for one in waiting}
    if not waiting:
        return ()
    loaded, resolved = load_recipients(settings, templates_of(settings))
    digest = directory_digest(resolved, loaded.directory)
    changed = [one for one in waiting if frozen[one.bulletin_id] != digest]
    if not changed:
        return ()
    with database.write() as conn:
        return _hold_all(conn, changed, LIST_CHANGED, now=now)


def _hold_all(
    conn: Connection, dispatches: list[DispatchRecord], reason: str, *, now: dt.datetime
) -> tuple[BulletinRecord, ...]:
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
                actor="service",
                now=now,
                bulletin_id=dispatch.bulletin_id,
            )
    return tuple(found.values())


def let_go(conn: Connection, bulletin_id: int, *, now: dt.datetime, actor: str) -> tuple[DispatchRecord, ...]:
    """Lifts every hold of a bulletin, by a person's word. Returns the letters as they were held."""
    held = tuple(dispatch for dispatch in dispatches_of(conn, bulletin_id) if dispatch.hold)
    for dispatch in held:
        unhold(conn, dispatch.id)
        audit.append(
            conn,
            action="dispatch.unheld",
            subject=f"dispatch:{dispatch.id}",
            details={"group": dispatch.group, "hold": dispatch.hold},
            actor=actor,
            now=now,
            bulletin_id=bulletin_id,
        )
    return held


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
    of a bulletin that has none yet; raises what it raises.
    """
    kept = [dispatch.group for dispatch in lifted if dispatch.hold in _KEPT_FROM_RELEASE]
    if not kept:
        return 0
    at = max(record.released_at, now) if record.released_at else hour(now)
    return release(conn, record.id, at=at, valid_until=at + valid_for, groups=kept)
