"""Takes dropped files in: finalised without prompts, through the same door as `distributor finalise`.

What needs a person becomes a hold, or is refused with its places. Nothing is ever sent twice: a text is known
by its digest, a number by its key.
"""

import datetime as dt
from pathlib import Path

from distributor.bulletin.pictures import ENDINGS as PICTURES
from distributor.bulletin.pictures import MOST_BYTES
from distributor.bulletin.reading import READABLE
from distributor.dispatch.dropped import Dropped, Fate
from distributor.dispatch.finalise import freeze, losses
from distributor.dispatch.holds import CHANGED, DOUBTS, HOUR, hold_letters
from distributor.dispatch.hours import Hour, hour_doubts
from distributor.dispatch.intake import Prepared, key_of, prepare
from distributor.dispatch.signoff import NotSignedOff, require_clean
from distributor.errors import BadFile, DistributorError, Problem, Unavailable
from distributor.receipts.tokens import TokenKey
from distributor.schedule.rule import Rule
from distributor.settings import Settings
from distributor.store.bulletins import find_by_digest, find_by_key, is_asset
from distributor.store.database import Connection, Database
from distributor.store.dispatches import dispatches_of, release, unhold
from distributor.store.records import BulletinRecord
from distributor.words import Words, words

#: Who finalised it, for the audit log.
ACTOR = "inbox"


def take_in(
    path: Path, database: Database, settings: Settings, key: TokenKey, *, hour: Hour, now: dt.datetime
) -> Dropped:
    """Finalises one file and gives it its hour. Never raises for what is wrong with the file or the directory.

    `hour` gives the time of sending for a bulletin finalised at a time, both UTC; what it raises holds
    the bulletin. Raises `Unavailable` when the database does not answer: the file then stays where it is.
    """
    try:
        prepared = prepare(path, settings)
        with database.read() as conn:
            known = find_by_digest(conn, prepared.reading.digest)
            changed = None if known else _same_number(conn, prepared, settings, now)
            doubts = losses(conn, prepared, today=now.astimezone(settings.zone).date())
            waits = known is not None and _is_held(conn, known)
        if known and known.released_at:
            return _known(path, known, waits=waits)
        if changed:
            return _hold_changed(path, database, changed, now=now)
        doubts = (
            *require_clean(prepared, settings.send).warnings,
            *doubts,
            *hour_doubts(prepared.reading, path.name, settings.zone, now),
        )
        return _take(path, prepared, database, settings, key, doubts, hour=hour, now=now)
    except Unavailable:
        raise
    except DistributorError as error:
        return _refused(path, error)


def take_stray(path: Path, database: Database) -> Dropped:
    """Says why something in the folder is not taken in; pictures of bulletins that are known have done their work."""
    if path.is_dir():
        what = words("It is a folder; only files are taken in.")
        return Dropped(path.name, Fate.REFUSED, what, words("Drop the bulletin itself, and its pictures beside it."))
    if path.suffix.lower() not in PICTURES:
        what = words("Files of this kind are not read.")
        do = words("Save the text as one of these kinds and drop that: {kinds}.", kinds=" ".join(sorted(READABLE)))
        return Dropped(path.name, Fate.REFUSED, what, do)
    content = path.read_bytes() if path.stat().st_size <= MOST_BYTES else b""
    with database.read() as conn:
        shown = is_asset(conn, content)
    if shown:
        return Dropped(path.name, Fate.KNOWN, words("The bulletin that shows this picture was taken in."))
    what = words("No bulletin that was taken in shows this picture.")
    return Dropped(path.name, Fate.REFUSED, what, words("Drop it again together with the bulletin that shows it."))


def _take(
    path: Path,
    prepared: Prepared,
    database: Database,
    settings: Settings,
    key: TokenKey,
    doubts: tuple[Problem, ...],
    *,
    hour: Hour,
    now: dt.datetime,
) -> Dropped:
    due = _due(hour, now, prepared.bulletin.send_at)
    # Frozen, released and held in one transaction: a crash in between would forget the doubts, for by then the
    # list that has lost people is the one that the next look compares with.
    with database.write() as conn:
        record = freeze(conn, prepared, settings, key, now=now, actor=ACTOR).record
        if isinstance(due, dt.datetime):
            release(conn, record.id, at=due, valid_until=due + settings.send.valid_for)
            _lift_hour(conn, record)
        if doubts or not isinstance(due, dt.datetime):
            _hold_all(conn, record, DOUBTS if doubts else HOUR, now=now)
        held = _is_held(conn, record)
    if isinstance(due, DistributorError):
        return Dropped(path.name, Fate.HELD, due.what, due.do, doubts, record.id)
    if held:
        return Dropped(path.name, Fate.HELD, *_waits(record, doubts), doubts, record.id, due)
    when = f"{due.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    what = words("{label} is taken in and goes out at {when}.", label=record.title, when=when)
    return Dropped(path.name, Fate.TAKEN, what, bulletin_id=record.id, due=due)


def _known(path: Path, record: BulletinRecord, *, waits: bool) -> Dropped:
    """A text that was taken in before. What of it waits is said again: the first word may have been lost in a crash."""
    if waits:
        return Dropped(path.name, Fate.HELD, *_waits(record, ()), bulletin_id=record.id)
    what = words("{label} was taken in before; nothing is sent a second time.", label=record.title)
    return Dropped(path.name, Fate.KNOWN, what, bulletin_id=record.id)


def _is_held(conn: Connection, record: BulletinRecord) -> bool:
    return any(dispatch.hold for dispatch in dispatches_of(conn, record.id))


def _waits(record: BulletinRecord, doubts: tuple[Problem, ...]) -> tuple[Words, Words]:
    do = words("Look at them, then: distributor resume '#{id}'", id=record.id)
    if doubts:
        return words("{label} waits for a yes: there are warnings.", label=record.title), do
    return words("{label} was on hold before, and still is.", label=record.title), do


def _due(hour: Hour, now: dt.datetime, own: Rule | None) -> dt.datetime | DistributorError:
    """The hour, or why it is not known."""
    try:
        return hour(now, own)
    except DistributorError as error:
        return error


def _lift_hour(conn: Connection, record: BulletinRecord) -> None:
    """The hour is known by now; whatever else holds a letter goes on holding it."""
    for dispatch in dispatches_of(conn, record.id):
        if dispatch.hold == HOUR:
            unhold(conn, dispatch.id)


def _same_number(conn: Connection, prepared: Prepared, settings: Settings, now: dt.datetime) -> BulletinRecord | None:
    editions = find_by_key(conn, key_of(prepared.bulletin, today=now.astimezone(settings.zone).date()))
    return editions[-1] if editions else None


def _hold_changed(path: Path, database: Database, record: BulletinRecord, *, now: dt.datetime) -> Dropped:
    """Another text under a number that is known: whatever of it has not left waits, and a person decides."""
    with database.write() as conn:
        _hold_all(conn, record, CHANGED, now=now)
    return Dropped(
        path.name,
        Fate.HELD,
        words("{label} was taken in before with another text.", label=record.title),
        words("Finalise the right file by hand, with --correction if the other one has gone out."),
        bulletin_id=record.id,
    )


def _hold_all(conn: Connection, record: BulletinRecord, reason: str, *, now: dt.datetime) -> None:
    hold_letters(conn, dispatches_of(conn, record.id), reason, now=now, actor=ACTOR)


def _refused(path: Path, error: DistributorError) -> Dropped:
    problems = error.problems if isinstance(error, BadFile | NotSignedOff) else ()
    again = words("Correct it, then drop the file again.")
    return Dropped(path.name, Fate.REFUSED, error.what, error.do or again, problems)
