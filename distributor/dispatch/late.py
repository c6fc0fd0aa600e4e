"""Letters whose hour is past, and letters whose list has changed before it came: both wait for a person."""

import datetime as dt
from collections.abc import Callable

from distributor.dispatch.holds import LATE, LIST_CHANGED, hold_letters
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.recipients.resolve import directory_digest
from distributor.settings import Settings
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection, Database
from distributor.store.dispatches import untouched
from distributor.store.records import BulletinRecord

#: Who holds them, for the audit log.
ACTOR = "service"


def hold_late(conn: Connection, grace: dt.timedelta, *, now: dt.datetime) -> tuple[BulletinRecord, ...]:
    """Holds every letter that should have begun more than `grace` ago and has not. Returns the bulletins.

    For the end of a stop: while the service runs, a letter that waits longer waits for a limit, not for a decision.
    """
    late = [one for one in untouched(conn) if one.released_at is not None and one.released_at < now - grace]
    return hold_letters(conn, late, LATE, now=now, actor=ACTOR)


def hold_changed_lists(
    database: Database,
    settings: Settings,
    *,
    now: dt.datetime,
    told: Callable[[Connection, BulletinRecord], None] = lambda conn, record: None,
) -> tuple[BulletinRecord, ...]:
    """Holds the letters that were frozen with another list than today's and have not begun. Returns the bulletins.

    `told` hears of each of them in the transaction that holds it. Raises `BadFile` or `BadInput` when the directory
    cannot be read; the frozen lists then stay in force.
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
        held = hold_letters(conn, changed, LIST_CHANGED, now=now, actor=ACTOR)
        for record in held:
            told(conn, record)
    return held
