"""What is looked at before anything is sent, at the start and whenever the clock has passed over minutes.

A stop that was too long, a restored backup, a copy of the machine and a clock that was moved all show in the
heartbeats. Each of them makes what is due wait for a person (design: the hour; faults 41, 81, 84).
"""

import datetime as dt
from pathlib import Path

from distributor.delivery.gap import TOLERANCE, Gap
from distributor.dispatch.late import hold_late
from distributor.reports.resting import GAPS
from distributor.service.office import Office
from distributor.service.telling import settle_doubts
from distributor.store import instance
from distributor.store.machine import read_note, this_machine
from distributor.store.pauses import ALL, pause
from distributor.words import words

#: The note of the last heartbeat, beside the settings: no backup of the database may hold it.
NOTE = "instance.json"


def note_of(office: Office) -> Path:
    """Where this installation notes its last heartbeat."""
    return office.settings.home / NOTE


def has_looked(office: Office, now: dt.datetime) -> bool:
    """Whether somebody has looked back since the clock last passed over minutes; until then nothing may be sent."""
    return office.looked_at is not None and dt.timedelta() <= now - office.looked_at <= TOLERANCE


def look_back(office: Office) -> bool:
    """Looks back when that is due, and returns whether it was. Called once a second. Raises `Unavailable`."""
    now = office.clock()
    due = not has_looked(office, now)
    if due:
        with office.database.read() as conn:
            gap = instance.judge(conn, read_note(note_of(office)), this_machine(now))
            last = instance.last_seen(conn)
        if gap is not Gap.FINE:
            stop_for(office, gap, now)
        _hold_late(office, last.machine.now if last else None, now)
        settle_doubts(office, now=now)
    office.looked_at = now
    return due


def stop_for(office: Office, gap: Gap, now: dt.datetime) -> None:
    """Pauses everything until a person has looked."""
    with office.database.write() as conn:
        if pause(conn, ALL, gap, "service", now):
            what = words("{what} Nothing is sent until you look and say: distributor resume", what=GAPS[gap])
            office.tell_within(conn, gap, what)


def _hold_late(office: Office, alive_at: dt.datetime | None, now: dt.datetime) -> None:
    """`grace` covers a stop only: what waited while a service ran, waited for a limit or for a person."""
    grace = office.settings.send.grace
    if alive_at is not None and now - alive_at <= grace:
        return
    with office.database.write() as conn:
        for one in hold_late(conn, grace, now=now):
            what = words("{label} is too late and waits: distributor resume '#{id}'", label=one.title, id=one.id)
            office.tell_within(conn, f"late:{one.id}", what)
