"""A send rule as a value, and the next hour it names.

An hour is the office's clock on the wall, in the office's zone. A bulletin goes out at the first
hour after it is finalised; one finalised at the stroke waits for the next. Every local day has the
hour exactly once: an hour that summer time leaves out comes as much later as the clock was moved,
and of an hour that comes twice the first counts.
"""

import calendar
import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from distributor.workdays.calendar import Day, Workdays

_ONE = dt.timedelta(days=1)

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Days(StrEnum):
    """On which days a rule has its hour."""

    AT_ONCE = "at_once"  # no hour: as soon as the bulletin is finalised
    ONCE = "once"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a bulletin goes out.

    `hour` is local time. `working` leaves out days off: a daily hour is passed over, an hour of the
    week or the month moves to the next working day. `date` belongs to ONCE, `weekday` (1 is Monday)
    to WEEKLY and `day` to MONTHLY; a month without that day has the hour on its last day.
    """

    days: Days
    hour: dt.time = dt.time()
    working: bool = False
    date: dt.date = dt.date.max
    weekday: int = 1
    day: int = 1

    def __str__(self) -> str:
        """The rule as it is written in `distributor.toml`."""
        day = {
            Days.ONCE: f"{self.date.isoformat()} ",
            Days.WEEKLY: f"{WEEKDAYS[self.weekday - 1]} ",
            Days.MONTHLY: f"day {self.day} ",
        }.get(self.days, "")
        if self.days is Days.AT_ONCE:
            return "at once"
        return f"{day}{self.hour:%H:%M}" + (" on working days" if self.working else "")

    def next(self, after: dt.datetime, workdays: Workdays, zone: dt.tzinfo) -> dt.datetime | None:
        """The first hour later than `after`, in UTC; `after` itself when the rule is at once.

        None when the one hour of the rule is past. Raises `UnknownYear` when nobody knows
        whether the day that would be next is a working day.
        """
        date = self.next_date(after, workdays, zone)
        if self.days is Days.AT_ONCE:
            return after.astimezone(dt.UTC)
        return None if date is None else self.on(date, zone)

    def next_date(self, after: dt.datetime, workdays: Workdays, zone: dt.tzinfo) -> dt.date | None:
        """The local date of the first hour later than `after`, as `next` finds it."""
        today = after.astimezone(zone).date()
        if self.days is Days.AT_ONCE:
            return today
        if self.days is Days.ONCE:
            return self.date if self.on(self.date, zone) > after else None
        # Begins a day early: an hour that a change of the clock leaves out may come after midnight.
        date = today - _ONE
        while self.on(date, zone) <= after or not self._falls_on(date, workdays):
            date += _ONE
        return date

    def on(self, date: dt.date, zone: dt.tzinfo) -> dt.datetime:
        """The moment of the rule's hour on a local date, in UTC."""
        return dt.datetime.combine(date, self.hour, zone).astimezone(dt.UTC)

    def skipped(self, date: dt.date, since: dt.date, workdays: Workdays) -> tuple[Day, ...]:
        """The days off, from `since` on, for which the hour on `date` is a later one than it would be."""
        if not self.working:
            return ()
        off = []
        before = date - _ONE
        stop = self.days is not Days.DAILY and self._named(date)
        while not stop and before >= since and _off(before, workdays):
            off.append(workdays.day(before))
            stop = self.days is not Days.DAILY and self._named(before)
            before -= _ONE
        return tuple(reversed(off))

    def _falls_on(self, date: dt.date, workdays: Workdays) -> bool:
        if not self.working:
            return self._named(date)
        if self.days is Days.DAILY:
            return workdays.works(date)
        return (self._named(date) or self._moved_to(date, workdays)) and workdays.works(date)

    def _named(self, date: dt.date) -> bool:
        """Whether the rule names this day, working or not."""
        if self.days is Days.WEEKLY:
            return date.isoweekday() == self.weekday
        if self.days is Days.MONTHLY:
            return date.day == min(self.day, calendar.monthrange(date.year, date.month)[1])
        return True

    def _moved_to(self, date: dt.date, workdays: Workdays) -> bool:
        """Whether the days off just before this day hold one that the rule names."""
        before = date - _ONE
        while _off(before, workdays):
            if self._named(before):
                return True
            before -= _ONE
        return False


AT_ONCE = Rule(days=Days.AT_ONCE)


def _off(date: dt.date, workdays: Workdays) -> bool:
    return workdays.knows(date.year) and not workdays.works(date)
