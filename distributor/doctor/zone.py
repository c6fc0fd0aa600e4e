"""The time zone of the office: known, and the same as people's watches."""

import datetime as dt
import os
from collections.abc import Iterator, Mapping
from zoneinfo import TZPATH, ZoneInfo

from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, warning
from distributor.words import words

NAME = "zone"


def check_zone(context: Context) -> Iterator[Diagnosis]:
    """The zone's data, what it makes of the present hour, and $TZ."""
    yield from judge(context.settings.office.timezone, context.now, os.environ)


def judge(name: str, now: dt.datetime, environ: Mapping[str, str]) -> Iterator[Diagnosis]:
    """What a zone's name comes to at a moment (UTC)."""
    do = words("Reinstall the package tzdata, and the system's zone database.")
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        yield failure(NAME, words("The zone {name} is not known here.", name=name), do)
        return
    local = now.astimezone(zone)
    if name == "Asia/Shanghai" and local.utcoffset() != dt.timedelta(hours=8):
        yield failure(NAME, words("The zone data are wrong: {name} is not UTC+8.", name=name), do)
        return
    if _changes(zone, now):
        what = words("In {name} the clock is changed in spring and autumn.", name=name)
        yield warning(NAME, what, words("Set no hour between 0:00 and 4:00: it may not exist, or come twice."))
    if (machine := environ.get("TZ")) and not _known(machine):
        what = words("$TZ is {name}, which this machine does not know; it then shows UTC.", name=machine)
        yield warning(NAME, what, words("Unset it. The program goes by [office] timezone."))
    yield ok(NAME, words("In {name} it is {time}.", name=name, time=f"{local:%Y-%m-%d %H:%M}"))


def _changes(zone: ZoneInfo, now: dt.datetime) -> bool:
    months = (now + dt.timedelta(days=30 * month) for month in range(12))
    return len({month.astimezone(zone).utcoffset() for month in months}) > 1


def _known(name: str) -> bool:
    # A colon and a path are how TZ may name a file; POSIX rules such as CST-8 name no file at all.
    bare = name.removeprefix(":")
    if bare.startswith("/"):
        return os.path.exists(bare)
    return any(char.isdigit() for char in bare) or any(os.path.exists(f"{folder}/{bare}") for folder in TZPATH)
