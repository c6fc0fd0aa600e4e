"""The next hours of a rule, with the reason for each day that is passed over."""

import datetime as dt
from dataclasses import dataclass

from distributor.schedule.rule import Days, Rule
from distributor.workdays.calendar import Day, UnknownYear, Workdays


@dataclass(frozen=True, slots=True)
class Firing:
    """One hour of a rule: the moment in UTC, the local date, and the days off passed over for it.

    `day` says why people work that day or not; None when its year is not known.
    """

    due: dt.datetime
    date: dt.date
    day: Day | None
    skipped: tuple[Day, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """The next hours, in order. `unknown` says why there are fewer than asked for."""

    firings: tuple[Firing, ...]
    unknown: UnknownYear | None = None


def firings(rule: Rule, after: dt.datetime, workdays: Workdays, zone: dt.tzinfo, *, count: int = 3) -> Outlook:
    """The next `count` hours of a rule later than `after`. A rule at once, or of one date, has one at most."""
    found: list[Firing] = []
    since = after.astimezone(zone).date()
    try:
        while len(found) < count and (date := rule.next_date(after, workdays, zone)) is not None:
            due = rule.next(after, workdays, zone)
            assert due is not None
            found.append(Firing(due, date, _day(date, workdays), rule.skipped(date, since, workdays)))
            if rule.days is Days.AT_ONCE:
                break
            after, since = due, date + dt.timedelta(days=1)
    except UnknownYear as unknown:
        return Outlook(tuple(found), unknown)
    return Outlook(tuple(found))


def _day(date: dt.date, workdays: Workdays) -> Day | None:
    try:
        return workdays.day(date)
    except UnknownYear:
        return None
