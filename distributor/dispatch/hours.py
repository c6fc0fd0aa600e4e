"""The office's hour of sending: its rule and its calendar, read anew each time, for both are edited at any time."""

import datetime as dt

from distributor.errors import Refused
from distributor.settings import Settings
from distributor.words import words
from distributor.workdays.file import load_calendar


class HourPast(Refused):
    """The rule names a date that is over."""

    code = "hour_past"


def next_hour(settings: Settings, after: dt.datetime) -> dt.datetime:
    """When a bulletin finalised at `after` goes out; both UTC.

    Raises `HourPast`, `UnknownYear` when the calendar does not know the days that matter, and `BadFile`
    for a calendar that cannot be used.
    """
    calendar = load_calendar(settings.path(settings.folders.calendar))
    hour = settings.send.rule.next(after, calendar.workdays, settings.zone)
    if hour is None:
        raise HourPast(
            words("The hour of the rule “{rule}” is past.", rule=str(settings.send.rule)),
            do=words("Write another rule under [send] in distributor.toml, or send by hand with --now."),
        )
    return hour
