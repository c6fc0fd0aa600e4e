"""The hour a bulletin goes out: by its own rule or the office's, read anew each time, for both are edited at any time.

A bulletin's own rule (`send_at` in its front matter) is frozen with it and wins over `[send] rule`.
"""

import datetime as dt
from collections.abc import Callable

from distributor.bulletin.model import Reading
from distributor.bulletin.send_rule import send_rule_place
from distributor.bulletin.source import decode
from distributor.errors import Problem, Refused
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import Days, Rule
from distributor.settings import Settings
from distributor.store.records import BulletinRecord
from distributor.words import words
from distributor.workdays.file import load_calendar

#: Gives the hour for a bulletin finalised at a time (both UTC), by its own rule when it has one.
Hour = Callable[[dt.datetime, Rule | None], dt.datetime]


class HourPast(Refused):
    """The rule names a date that is over."""

    code = "hour_past"


def next_hour(settings: Settings, after: dt.datetime, own: Rule | None = None) -> dt.datetime:
    """When a bulletin finalised at `after` goes out; both UTC. `own` is the bulletin's rule, else the office's counts.

    Raises `HourPast`, `UnknownYear` when the calendar does not know the days that matter, and `BadFile`
    for a calendar that cannot be used.
    """
    rule = own or settings.send.rule
    calendar = load_calendar(settings.path(settings.folders.calendar))
    hour = rule.next(after, calendar.workdays, settings.zone)
    if hour is None:
        do = words("Write another rule under [send] in distributor.toml, or send by hand with --now.")
        if own:
            do = words("Write another hour into the bulletin and finalise it again, or send by hand with --now.")
        raise HourPast(words("The hour of the rule “{rule}” is past.", rule=str(rule)), do=do)
    return hour


def own_rule(record: BulletinRecord) -> Rule | None:
    """The rule that was frozen with a bulletin; None when the office's counts."""
    return parse_rule(record.send_rule) if record.send_rule else None


def hour_of(settings: Settings, record: BulletinRecord, after: dt.datetime) -> dt.datetime:
    """When what waits of a finalised bulletin goes out. Raises what `next_hour` raises.

    Who came to a list after the one hour of its own rule goes at once: the others have it.
    """
    rule = own_rule(record)
    if rule and rule.days is Days.ONCE and record.released_at and record.released_at <= after:
        return after
    return next_hour(settings, after, rule)


def hour_doubts(reading: Reading, file: str, zone: dt.tzinfo, now: dt.datetime) -> tuple[Problem, ...]:
    """A warning when the one hour that a bulletin itself names is past at `now` (UTC): it would never go out."""
    rule = reading.bulletin.send_at
    if rule is None or rule.days is not Days.ONCE or rule.on(rule.date, zone) > now:
        return ()
    place = send_rule_place(decode(reading.source), file)
    what = words("The hour of the rule “{rule}” is past.", rule=str(rule))
    do = words("Write another hour into the bulletin and finalise it again, or send by hand with --now.")
    return (Problem(place, "send_rule_past", what, do, grade="warning"),)
