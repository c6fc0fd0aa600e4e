"""The drop folder: what is dropped there is finalised without prompts, and nothing is ever sent twice.

A file counts once it has stopped changing. It goes through the same door as `distributor finalise`.
What needs a person becomes a hold, or is moved aside; a report in words lies beside it.
"""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from distributor.dispatch.finalise import finalise, losses
from distributor.dispatch.intake import Prepared, key_of, prepare
from distributor.dispatch.signoff import NotSignedOff, require_clean
from distributor.errors import BadFile, DistributorError, Problem, Unavailable
from distributor.receipts.tokens import TokenKey
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.bulletins import find_by_digest, find_by_key
from distributor.store.database import Connection, Database
from distributor.store.dispatches import dispatches_of, hold, release, unhold
from distributor.store.records import BulletinRecord
from distributor.words import Words, words

#: A file is whole when it has not changed for this long.
SETTLED_AFTER = dt.timedelta(seconds=2)

#: What is looked at. Pictures, Word's lock files and half-made copies are left alone.
ENDINGS = frozenset({".md", ".markdown"})

#: Who finalised it, for the audit log.
ACTOR = "inbox"

#: Why a letter waits for a person.
DOUBTS = "doubts"
HOUR = "hour"
CHANGED = "changed"


_Signature = tuple[int, int, int]


class Fate(StrEnum):
    """What became of a dropped file."""

    TAKEN = "taken"  # finalised, and due at its hour
    KNOWN = "known"  # the same text was finalised before; nothing is sent again
    HELD = "held"  # a person must decide before anything leaves
    REFUSED = "refused"  # it cannot be finalised as it is


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file and what became of it. `due` is UTC; `problems` are what a person has to look at."""

    name: str
    fate: Fate
    what: Words
    do: Words | None = None
    problems: tuple[Problem, ...] = ()
    bulletin_id: int | None = None
    due: dt.datetime | None = None


class Inbox:
    """Finds the files in the folder that have stopped changing. Remembers only what it has seen."""

    def __init__(self, folder: Path, *, settled_after: dt.timedelta = SETTLED_AFTER) -> None:
        self.folder = folder
        self._settled_after = settled_after
        self._seen: dict[Path, tuple[_Signature, dt.datetime]] = {}
        self._left: set[tuple[Path, _Signature]] = set()

    def ready(self, now: dt.datetime) -> list[Path]:
        """The files that have kept their size, time and inode for long enough, by name. `now` is UTC."""
        present = {path: signature for path in self._candidates() if (signature := _signature(path))}
        self._seen = {
            path: self._seen[path] if path in self._seen and self._seen[path][0] == signature else (signature, now)
            for path, signature in present.items()
        }
        self._left &= set(present.items())
        return sorted(
            path
            for path, (signature, since) in self._seen.items()
            if now - since >= self._settled_after and (path, signature) not in self._left
        )

    def leave(self, path: Path) -> None:
        """Leaves a file alone until it changes: it can be neither taken in nor moved."""
        if path in self._seen:
            self._left.add((path, self._seen[path][0]))

    def _candidates(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [
            path
            for path in self.folder.iterdir()
            if path.suffix.lower() in ENDINGS and not path.name.startswith((".", "~")) and path.is_file()
        ]


def take_in(
    path: Path,
    database: Database,
    settings: Settings,
    key: TokenKey,
    *,
    hour: Callable[[dt.datetime], dt.datetime],
    now: dt.datetime,
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
        if known and known.released_at:
            return Dropped(
                path.name,
                Fate.KNOWN,
                words("{label} was taken in before; nothing is sent a second time.", label=known.title),
                bulletin_id=known.id,
            )
        if changed:
            return _hold_changed(path, database, changed, now=now)
        doubts = (*require_clean(prepared, settings.send).warnings, *doubts)
        return _take(path, prepared, database, settings, key, doubts, hour=hour, now=now)
    except Unavailable:
        raise
    except DistributorError as error:
        return _refused(path, error)


def put_aside(path: Path, dropped: Dropped) -> Path:
    """Moves a file into the folder of its fate, beside a report in words. Returns where it is now.

    An earlier file of the same name is kept: the new one gets a number.
    """
    folder = path.parent / dropped.fate
    folder.mkdir(exist_ok=True)
    target = _free_name(folder / path.name)
    os.replace(path, target)
    target.with_name(f"{target.name}.report.txt").write_text(report(dropped), encoding="utf-8")
    return target


def report(dropped: Dropped) -> str:
    """What became of a file, in the current language, one problem a line."""
    lines = [f"{dropped.name}: {dropped.what}", *(f"- {problem}" for problem in dropped.problems)]
    return "\n".join([*lines, *([f"→ {dropped.do}"] if dropped.do else [])]) + "\n"


def _take(
    path: Path,
    prepared: Prepared,
    database: Database,
    settings: Settings,
    key: TokenKey,
    doubts: tuple[Problem, ...],
    *,
    hour: Callable[[dt.datetime], dt.datetime],
    now: dt.datetime,
) -> Dropped:
    due = _due(hour, now)
    record = finalise(database, prepared, settings, key, now=now, actor=ACTOR).record
    with database.write() as conn:
        if isinstance(due, dt.datetime):
            release(conn, record.id, at=due, valid_until=due + settings.send.valid_for)
            _lift_hour(conn, record)
        if doubts or not isinstance(due, dt.datetime):
            _hold_all(conn, record, DOUBTS if doubts else HOUR, now=now)
        held = any(dispatch.hold for dispatch in dispatches_of(conn, record.id))
    if isinstance(due, DistributorError):
        return Dropped(path.name, Fate.HELD, due.what, due.do, doubts, record.id)
    if held:
        return Dropped(path.name, Fate.HELD, *_waits(record, doubts), doubts, record.id, due)
    when = f"{due.astimezone(settings.zone):%Y-%m-%d %H:%M}"
    what = words("{label} is taken in and goes out at {when}.", label=record.title, when=when)
    return Dropped(path.name, Fate.TAKEN, what, bulletin_id=record.id, due=due)


def _waits(record: BulletinRecord, doubts: tuple[Problem, ...]) -> tuple[Words, Words]:
    do = words("Look at them, then: distributor resume '#{id}'", id=record.id)
    if doubts:
        return words("{label} waits for a yes: there are warnings.", label=record.title), do
    return words("{label} was on hold before, and still is.", label=record.title), do


def _due(hour: Callable[[dt.datetime], dt.datetime], now: dt.datetime) -> dt.datetime | DistributorError:
    """The hour, or why it is not known."""
    try:
        return hour(now)
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
    for dispatch in dispatches_of(conn, record.id):
        hold(conn, dispatch.id, reason)
    audit.append(
        conn,
        action="bulletin.held",
        subject=f"bulletin:{record.id}",
        details={"reason": reason},
        actor=ACTOR,
        now=now,
    )


def _refused(path: Path, error: DistributorError) -> Dropped:
    problems = error.problems if isinstance(error, BadFile | NotSignedOff) else ()
    return Dropped(path.name, Fate.REFUSED, error.what, error.do, problems)


def _signature(path: Path) -> _Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None  # moved away between two looks
    return found.st_size, found.st_mtime_ns, found.st_ino


def _free_name(path: Path) -> Path:
    candidates = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 10_000))
    return path if not path.exists() else next(candidate for candidate in candidates if not candidate.exists())
