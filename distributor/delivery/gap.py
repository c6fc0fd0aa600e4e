"""What happened between two heartbeats of one installation: nothing, or something that could send a bulletin twice.

Each heartbeat is written twice: in the database, and in a small note that no backup of the database holds.
When the two disagree, the database was restored or somebody else lives on a copy; when the times disagree,
the clock was moved. In each case due bulletins are held and a person is asked. A machine that was only
switched off is fine here: what is late is the late policy's matter.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class Gap(StrEnum):
    """What a comparison of heartbeats shows."""

    FINE = "fine"
    RESTORED_BACKUP = "restored_backup"  # the database knows less than was once written
    CLONED = "cloned"  # another machine, or a second program under this one's name
    CLOCK_BACK = "clock_back"  # the hour is earlier than it can be
    CLOCK_JUMP = "clock_jump"  # the hour is later than it can be


#: Clocks that differ by less are put right by NTP, not by people.
TOLERANCE = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Machine:
    """What a machine says of itself: who it is, which start of it this is, how long that was ago, and the hour (UTC).

    `uptime` must go on while the machine sleeps, or sleeping would look like a moved clock.
    """

    host: str
    boot: str
    uptime: dt.timedelta
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One sign of life. `mark` is new with each, `previous` is the mark before; `count` goes up by one."""

    database: str
    instance: str
    machine: Machine
    count: int
    mark: str
    previous: str


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows: its own name, its hour, this instance's last heartbeat, and anybody's last one.

    `shared`: several machines may use it, so that strangers' heartbeats are nothing unusual.
    """

    database: str
    now: dt.datetime
    recorded: Heartbeat | None
    newest: Heartbeat | None
    shared: bool


def judge_gap(noted: Heartbeat | None, known: Known, here: Machine) -> Gap:
    """Compares the note with the database and both with this machine. A note about another database is no note."""
    if noted is None or noted.database != known.database:
        return _without_note(known, here)
    recorded = known.recorded
    if recorded is None or recorded.count < noted.count:
        return Gap.RESTORED_BACKUP
    # The database is written first: after a crash in between it may be one heartbeat ahead.
    if noted.mark not in (recorded.mark, recorded.previous) or not _same_machine(noted.machine, here):
        return Gap.CLONED
    return _clock(recorded.machine, known.now, here)


def _without_note(known: Known, here: Machine) -> Gap:
    if known.shared or known.newest is None:
        return _by_reference(known.now, here)
    return Gap.RESTORED_BACKUP if _same_machine(known.newest.machine, here) else Gap.CLONED


def _same_machine(one: Machine, other: Machine) -> bool:
    # A container gets a new host name with each start, but shares the start of the machine below it.
    return one.host == other.host or one.boot == other.boot


def _clock(last: Machine, reference: dt.datetime, here: Machine) -> Gap:
    passed = here.now - last.now
    if last.boot == here.boot:
        gap = _deviation(passed - (here.uptime - last.uptime))
    else:
        # After a restart of the machine nobody knows how long it was off, but not less than nothing.
        gap = Gap.CLOCK_BACK if passed < -TOLERANCE else Gap.FINE
    return gap if gap is not Gap.FINE else _by_reference(reference, here)


def _by_reference(reference: dt.datetime, here: Machine) -> Gap:
    return _deviation(here.now - reference)


def _deviation(by: dt.timedelta) -> Gap:
    if by > TOLERANCE:
        return Gap.CLOCK_JUMP
    return Gap.CLOCK_BACK if by < -TOLERANCE else Gap.FINE
