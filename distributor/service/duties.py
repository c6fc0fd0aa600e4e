"""What the clock strikes for: the heartbeat, the drop folder, leases that are over, lists that were edited.

Only the leader does these duties. Each is written so that doing it twice changes nothing.
"""

import contextlib
import datetime as dt
from pathlib import Path

from distributor.delivery.gap import Gap, Heartbeat
from distributor.dispatch.dropped import Dropped, Fate, put_aside, report
from distributor.dispatch.escalate import escalate
from distributor.dispatch.hours import Hour
from distributor.dispatch.inbox import Inbox
from distributor.dispatch.late import hold_changed_lists
from distributor.dispatch.taking_in import take_in, take_stray
from distributor.errors import BadFile, BadInput, DistributorError, Unavailable
from distributor.log import log
from distributor.service.looking_back import note_of, stop_for
from distributor.service.office import Office
from distributor.service.telling import settle_doubts
from distributor.service.tidying import Tidying
from distributor.store import instance, leases
from distributor.store.claims import sweep
from distributor.store.database import Connection
from distributor.store.leases import Lease
from distributor.store.machine import read_note, this_machine, write_note
from distributor.store.pauses import ALL, paused
from distributor.store.receipts import settle
from distributor.store.records import BulletinRecord
from distributor.store.windows import purge
from distributor.words import Words, words
from distributor.workdays.calendar import UnknownYear, Workdays
from distributor.workdays.file import load_calendar

_log = log("duties")

LEADER = leases.CLOCK

#: A leader that is not heard of for so long has lost its place.
LEADERSHIP = dt.timedelta(seconds=30)

#: How often a leader renews its place. After a longer time it may be another's, so nothing is done before.
RENEWAL = dt.timedelta(seconds=5)

#: How often the heartbeat is written.
BEAT = dt.timedelta(seconds=10)

#: How often leases that are over are looked for.
ROUND = dt.timedelta(seconds=5)

#: How often the list of recipients is read although its file has not changed: a new bulletin may wait.
LISTS = dt.timedelta(seconds=30)

#: How often grants are forgotten that no limit counts any more, of accounts and domains that nobody writes to.
PURGE = dt.timedelta(hours=1)


class Duties:
    """One process's share in the clock's work; `tick` is called every second or so, from a thread."""

    def __init__(self, office: Office, hour: Hour) -> None:
        self._office = office
        self._hour = hour
        self._inbox = Inbox(office.inbox)
        self._lease: Lease | None = None
        self._led_at: dt.datetime | None = None
        self._beat_at: dt.datetime | None = None
        self._last: Heartbeat | None = None
        self._asked = False
        self._doubts = False
        self._round_at: dt.datetime | None = None
        self._lists_at: dt.datetime | None = None
        self._purged_at: dt.datetime | None = None
        self._tidying = Tidying(office)
        self._list: tuple[int, int, int] | None = None
        self._list_trouble = ""

    def tick(self) -> bool:
        """Does what is due. Returns whether there may be something new to send. Raises `Unavailable`."""
        now = self._office.clock()
        if not self._lead(now):
            return False
        if self._is_over(self._beat_at, BEAT, now) or self._is_answered():
            self._beat_at = now
            self._heartbeat(now)
        if self._inbox.folder != self._office.inbox:
            self._inbox = Inbox(self._office.inbox)
        found = self._inbox.ready(now)
        for path in (*found, *self._inbox.strays(now)):
            self._take_in(path, now, stray=path not in found)
        if self._is_over(self._round_at, ROUND, now):
            self._round_at = now
            self._sweep(now)
        self._look_at_lists(now)
        self._tidying.step(now)
        return bool(found)

    def give_up(self) -> None:
        """Lets another process lead at once; when the database is away, after `LEADERSHIP`."""
        if self._lease:
            with contextlib.suppress(Unavailable), self._office.database.write() as conn:
                leases.give_up(conn, self._lease)

    def _lead(self, now: dt.datetime) -> bool:
        """Whether this process leads; takes the lead when it is free."""
        led = self._lease is not None
        if led and not self._is_over(self._led_at, RENEWAL, now):
            return True
        with self._office.database.write() as conn:
            self._lease = leases.take(conn, LEADER, self._office.owner, LEADERSHIP)
        self._led_at, leads = now, self._lease is not None
        if leads != led:
            self._last = None  # another process with this note may have led meanwhile
            _log.info("leader.taken" if leads else "leader.lost", owner=self._office.owner)
        return leads

    def _is_answered(self) -> bool:
        """Whether a person has looked and said yes: noted at once, or a restart would ask again."""
        if not self._asked:
            return False
        with self._office.database.read() as conn:
            return not any(rest.scope == ALL for rest in paused(conn))

    def _heartbeat(self, now: dt.datetime) -> None:
        """Writes a sign of life; a gap in them pauses everything until a person has looked (faults 41, 81)."""
        path = note_of(self._office)
        here = this_machine(now)
        noted = self._last or read_note(path)
        with self._office.database.write() as conn:
            gap = instance.judge(conn, noted, here)
            confirmed = self._asked and not any(rest.scope == ALL for rest in paused(conn))
            if gap is Gap.FINE and self._last:
                self._last = instance.beat(conn, self._last, here)
            elif gap is Gap.FINE or confirmed:
                self._last, self._asked = instance.first_beat(conn, noted, here), False
        if self._last and (gap is Gap.FINE or confirmed):
            write_note(path, self._last)
        else:
            self._pause(gap, now)

    def _pause(self, gap: Gap, now: dt.datetime) -> None:
        self._last, self._asked = None, True
        stop_for(self._office, gap, now)

    def _take_in(self, path: Path, now: dt.datetime, *, stray: bool) -> None:
        """Takes one file in, or moves aside what is no bulletin. What goes wrong keeps no other file waiting."""
        office, told = self._office, False
        try:
            if stray:
                dropped = take_stray(path, office.database)
            else:
                dropped = take_in(path, office.database, office.settings, office.key, hour=self._hour, now=now)
            if not path.exists():
                return  # a person has moved it
            _log.info(f"inbox.{dropped.fate}", file=dropped.name, bulletin=dropped.bulletin_id, due=dropped.due)
            if dropped.fate in (Fate.HELD, Fate.REFUSED):
                # Before it is moved: a file that is out of the folder is not looked at again.
                office.tell(f"inbox:{dropped.name}", _sentence(dropped))
                told = True
            put_aside(path, dropped)
        except Unavailable:
            raise
        except Exception as error:  # whatever it is, the files behind it must go on
            if not path.exists():
                return  # moved meanwhile, by a person or by us: what is to be told of it was told
            self._inbox.leave(path)
            _log.error("inbox.stuck", file=path.name, what=str(error), exc_info=True)
            what = words("In the drop folder: {file} cannot be taken in: {error}.", file=path.name, error=str(error))
            if not told:
                office.tell(f"inbox:{path.name}", what)

    def _sweep(self, now: dt.datetime) -> None:
        with self._office.database.write() as conn:
            swept = sweep(conn, now=now)
            if swept.expired:
                what = words(
                    "{count} not sent: their time was over. `distributor status` shows them.", count=swept.expired
                )
                self._office.tell_within(conn, "expired", what)
            settle(conn, now=now)
            self._escalate(conn, now)
            if self._is_over(self._purged_at, PURGE, now):
                purge(conn)
                self._purged_at = now
        if swept.requeued or swept.unknown or swept.expired:
            _log.warning("leases.swept", requeued=swept.requeued, unknown=swept.unknown, expired=swept.expired)
        self._doubts = self._doubts or swept.unknown > 0
        if self._doubts:
            settle_doubts(self._office, now=now)
            self._doubts = False

    def _escalate(self, conn: Connection, now: dt.datetime) -> None:
        """Asks silent people on their next channel. In a year that nobody has announced, nobody is asked."""
        settings = self._office.settings
        try:
            count = escalate(conn, calendar=self._workdays, zone=settings.zone, now=now)
        except (BadFile, BadInput, UnknownYear) as trouble:
            _log.warning("escalation.waits", what=str(trouble))
            return
        if count:
            _log.info("copies.escalated", count=count)

    def _workdays(self) -> Workdays:
        settings = self._office.settings
        return load_calendar(settings.path(settings.folders.calendar)).workdays

    def _look_at_lists(self, now: dt.datetime) -> None:
        """Holds what waits with another list than today's. An edited file is seen within a second."""
        office = self._office
        present = _stamp(office.settings.path(office.settings.folders.recipients))
        if present == self._list and not self._is_over(self._lists_at, LISTS, now):
            return
        self._list, self._lists_at = present, now
        trouble = ""
        try:
            hold_changed_lists(office.database, office.settings, now=now, told=self._tell_of_list)
        except Unavailable:
            raise
        except DistributorError as error:
            trouble = str(error)
        if trouble and trouble != self._list_trouble:
            office.tell("recipients", words("The recipients cannot be read: {error}", error=trouble))
        self._list_trouble = trouble

    def _tell_of_list(self, conn: Connection, record: BulletinRecord) -> None:
        what = words(
            "The recipients were edited; {label} waits. Finalise it again to take the new list, "
            "then: distributor resume '#{id}'",
            label=record.title,
            id=record.id,
        )
        self._office.tell_within(conn, f"list:{record.id}", what)

    @staticmethod
    def _is_over(since: dt.datetime | None, length: dt.timedelta, now: dt.datetime) -> bool:
        return since is None or not since <= now < since + length


def _sentence(dropped: Dropped) -> Words:
    return words("In the drop folder: {report}", report=report(dropped).strip())


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
