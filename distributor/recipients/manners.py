"""How a group is asked for receipts, as its letter was frozen: 签收, deadline, remarks, reminders, read report.

The directory may change later; what a letter promised its readers stays. Kept as JSON beside the letter, so that
letters of earlier versions, which know fewer manners, are read with the USUAL.
"""

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from distributor.bulletin.model import Direction
from distributor.recipients.model import Acknowledge, Group, ReadReport, Remark, SatisfiedBy
from distributor.workdays.calendar import UnknownYear, Workdays

_DAYS = re.compile(r"(\d+) (working )?days?")
_STEP = re.compile(r"(?:on the day|(\d+) (working )?days? (before|after))(?: by ([a-z_]+))?")

_PATIENCE = re.compile(r"([1-9]\d?) (hour|day|working day)s?")

#: The end of a day, as a deadline: people have until the office closes its eyes, not until noon.
_END = dt.time(23, 59, 59)

_ONE = dt.timedelta(days=1)

#: The last resort of a reminder: somebody of the office calls.
PHONE = "phone"


@dataclass(frozen=True, slots=True)
class ReminderStep:
    """A day on which those who owe are reminded. `by`: the channel that the directory names, or `PHONE`; else ""."""

    day: dt.date
    by: str = ""


@dataclass(frozen=True, slots=True)
class Manners:
    """What a group's letter asks of its readers."""

    acknowledge: Acknowledge = Acknowledge.NEVER
    due: str | None = None
    satisfied_by: SatisfiedBy = SatisfiedBy.ANY
    remark: Remark = Remark.NEVER
    read_report: ReadReport = ReadReport.NEVER
    remind: tuple[str, ...] = ()
    escalate_after: str | None = None  # how long silence lasts before the next channel is used
    pixel: bool = False  # whether letters load a picture from the reader's page

    def to_document(self) -> str:
        """As JSON text."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True)

    def deadline(self, since: dt.datetime, calendar: Workdays, zone: dt.tzinfo) -> dt.datetime | None:
        """Until when a 签收 is owed that was asked for at `since` (UTC): the end of that day in `zone`, as UTC.

        The day of asking does not count. None without a deadline. Raises `UnknownYear`.
        """
        if self.due is None:
            return None
        match = _DAYS.fullmatch(self.due)
        assert match is not None, self.due  # the directory's reader let no other through
        asked = since.astimezone(zone).date()
        day = _moved(asked, int(match[1]), calendar, working=bool(match[2]))
        return dt.datetime.combine(day, _END, zone).astimezone(dt.UTC)

    def escalates_at(self, since: dt.datetime, calendar: Workdays, zone: dt.tzinfo) -> dt.datetime | None:
        """When silence since `since` (UTC) has lasted too long, as UTC; None where nobody is asked elsewhere.

        A working day later is the same hour of the next working day in `zone`. Raises `UnknownYear`.
        """
        if self.escalate_after is None or self.acknowledge is not Acknowledge.REQUIRED:
            return None
        match = _PATIENCE.fullmatch(self.escalate_after)
        assert match is not None, self.escalate_after  # the directory's reader let no other through
        count = int(match[1])
        if match[2] == "hour":
            return since + dt.timedelta(hours=count)
        here = since.astimezone(zone)
        day = _moved(here.date(), count, calendar, working=match[2].startswith("working"))
        return dt.datetime.combine(day, here.timetz()).astimezone(dt.UTC)

    def reminder_steps(self, due: dt.date, calendar: Workdays) -> tuple[ReminderStep, ...]:
        """When and how those who still owe a 签收 due on `due` are reminded, in the order of the directory.

        Always on working days: what falls on another day comes after it when it comes after the deadline, else before.
        Steps in a year whose working days nobody has announced are left out.
        """
        return tuple(found for step in self.remind if (found := _step(step, due, calendar)) is not None)


#: What a letter asks for when nothing is said.
USUAL = Manners()


def manners_of(group: Group) -> Manners:
    """What a group of the directory asks for; a remark is asked for by default, but never of superiors."""
    asked = Remark.NEVER if group.direction is Direction.REPORT else Remark.OPTIONAL
    return Manners(
        acknowledge=group.acknowledge,
        due=group.due,
        satisfied_by=group.satisfied_by,
        remark=group.remark or asked,
        read_report=group.read_report,
        remind=group.remind,
        escalate_after=group.escalate_after,
        pixel=group.pixel,
    )


def read_manners(document: str) -> Manners:
    """Manners from their JSON text; what an earlier version did not write has its default."""
    found = json.loads(document)
    return Manners(
        acknowledge=Acknowledge(found.get("acknowledge", USUAL.acknowledge)),
        due=found.get("due"),
        satisfied_by=SatisfiedBy(found.get("satisfied_by", USUAL.satisfied_by)),
        remark=Remark(found.get("remark", USUAL.remark)),
        read_report=ReadReport(found.get("read_report", USUAL.read_report)),
        remind=tuple(found.get("remind", ())),
        escalate_after=found.get("escalate_after"),
        pixel=bool(found.get("pixel", USUAL.pixel)),
    )


def is_patience(text: str) -> bool:
    """Whether a text says how long silence may last: `4 hours`, `2 days`, `1 working day`."""
    return _PATIENCE.fullmatch(text) is not None


def is_reminder(text: str) -> bool:
    """Whether a text says when to remind: `on the day`, `1 working day before`, `3 days after by phone`."""
    return _STEP.fullmatch(text) is not None


def way_named_in(step: str) -> str:
    """The channel, or `PHONE`, that a text which says when to remind names after `by`; empty when it names none."""
    match = _STEP.fullmatch(step)
    return (match[4] or "") if match else ""


def _step(step: str, due: dt.date, calendar: Workdays) -> ReminderStep | None:
    match = _STEP.fullmatch(step)
    assert match is not None, step  # the directory's reader let no other through
    count = int(match[1] or 0) * (-1 if match[3] == "before" else 1)
    try:
        day = _moved(due, count, calendar, working=bool(match[2]))
        if not calendar.works(day):
            day = _moved(day, 1 if match[3] == "after" else -1, calendar, working=True)
    except UnknownYear:
        return None
    return ReminderStep(day, match[4] or "")


def _moved(day: dt.date, count: int, calendar: Workdays, *, working: bool) -> dt.date:
    if not working:
        return day + count * _ONE
    if count >= 0:
        return calendar.after(day, count)
    for _ in range(-count):
        day = next(day for day in _days_before(day) if calendar.works(day))
    return day


def _days_before(day: dt.date) -> Iterator[dt.date]:
    while True:
        day -= _ONE
        yield day
