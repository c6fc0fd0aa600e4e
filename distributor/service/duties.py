"""What the clock strikes for: the drop folder, leases that are over, letters that are late, and the heartbeat.

Only the leader does these duties. Each is written so that doing it twice changes nothing.
"""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from distributor.delivery.gap import Gap, Heartbeat
from distributor.dispatch.inbox import Dropped, Fate, Inbox, put_aside, report, take_in
from distributor.dispatch.late import hold_changed_lists, hold_late
from distributor.errors import DistributorError
from distributor.log import log
from distributor.service.office import Office
from distributor.store import instance, leases
from distributor.store.claims import sweep
from distributor.store.leases import Lease
from distributor.store.machine import read_note, this_machine, write_note
from distributor.store.pauses import ALL, pause, paused
from distributor.words import Words, words

_log = log("duties")

LEADER = "clock"

#: The note of the last heartbeat, beside the settings: no backup of the database may hold it.
NOTE = "instance.json"

#: A leader that is not heard of for so long has lost its place.
LEADERSHIP = dt.timedelta(seconds=30)

#: How often the heartbeat is written.
BEAT = dt.timedelta(seconds=10)

#: How often leases and lists are looked at.
ROUND = dt.timedelta(seconds=5)

_GAPS: dict[Gap, Words] = {
    Gap.FINE: words("The database was changed by another program under this service's name."),
    Gap.RESTORED_BACKUP: words("The database is older than what this service last wrote: a backup was restored."),
    Gap.CLONED: words("Another machine, or a copy of this one, has used this database."),
    Gap.CLOCK_BACK: words("The clock of this machine was set back."),
    Gap.CLOCK_JUMP: words("The clock of this machine has jumped forward."),
}


class Duties:
    """One process's share in the clock's work; `tick` is called every second or so, from a thread."""

    def __init__(self, office: Office, hour: Callable[[dt.datetime], dt.datetime]) -> None:
        self._office = office
        self._hour = hour
        self._inbox = Inbox(office.settings.path(office.settings.folders.inbox))
        self._lease: Lease | None = None
        self._was_leader = False
        self._beat_at: dt.datetime | None = None
        self._last: Heartbeat | None = None
        self._asked = False
        self._round_at: dt.datetime | None = None

    def tick(self) -> bool:
        """Does what is due. Returns whether there may be something new to send."""
        now = self._office.clock()
        if not self._lead():
            return False
        if self._is_over(self._beat_at, BEAT, now):
            self._beat_at = now
            self._heartbeat(now)
        news = [self._drop(path, now) for path in self._inbox.ready(now)]
        if self._is_over(self._round_at, ROUND, now):
            first, self._round_at = self._round_at is None, now
            self._look_after(now, first=first)
        self._office.last_tick = now
        return bool(news)

    def give_up(self) -> None:
        """Lets another process lead at once."""
        if self._lease:
            with self._office.database.write() as conn:
                leases.give_up(conn, self._lease)

    def _lead(self) -> bool:
        """Whether this process leads; takes the lead when it is free."""
        with self._office.database.write() as conn:
            self._lease = leases.take(conn, LEADER, self._office.owner, LEADERSHIP)
        leads = self._lease is not None
        if leads != self._was_leader:
            self._was_leader = leads
            _log.info("leader.taken" if leads else "leader.lost", owner=self._office.owner)
        return leads

    def _heartbeat(self, now: dt.datetime) -> None:
        """Writes a sign of life; a gap in them pauses everything until a person has looked (faults 41, 81)."""
        path = self._office.settings.home / NOTE
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
        with self._office.database.write() as conn:
            new = pause(conn, ALL, gap, "service", now)
        if new:
            self._office.tell(
                gap, words("{what} Nothing is sent until you look and say: distributor resume", what=_GAPS[gap])
            )

    def _drop(self, path: Path, now: dt.datetime) -> Dropped:
        office = self._office
        dropped = take_in(path, office.database, office.settings, office.key, hour=self._hour, now=now)
        put_aside(path, dropped)
        _log.info(f"inbox.{dropped.fate}", file=dropped.name, bulletin=dropped.bulletin_id, due=dropped.due)
        if dropped.fate in (Fate.HELD, Fate.REFUSED):
            office.tell(f"inbox:{dropped.name}", _sentence(dropped))
        return dropped

    def _look_after(self, now: dt.datetime, *, first: bool) -> None:
        office = self._office
        with office.database.write() as conn:
            swept = sweep(conn, now=now)
            late = hold_late(conn, office.settings.send.grace, now=now) if first else ()
        if swept.requeued or swept.unknown or swept.expired:
            _log.warning("leases.swept", requeued=swept.requeued, unknown=swept.unknown, expired=swept.expired)
        for title in late:
            office.tell(f"late:{title}", words("{label} is too late and waits: distributor resume", label=title))
        try:
            changed = hold_changed_lists(office.database, office.settings, now=now)
        except DistributorError as error:
            office.tell("recipients", words("The recipients cannot be read: {error}", error=str(error)))
            return
        for title in changed:
            office.tell(
                f"list:{title}",
                words(
                    "The recipients were edited; {label} waits. Finalise it again to take the new list.", label=title
                ),
            )

    @staticmethod
    def _is_over(since: dt.datetime | None, length: dt.timedelta, now: dt.datetime) -> bool:
        return since is None or not since <= now < since + length


def _sentence(dropped: Dropped) -> Words:
    return words("In the drop folder: {report}", report=report(dropped).strip())
