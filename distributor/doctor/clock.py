"""The clock: right against the database's, not behind what the records already name, and kept by somebody."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from distributor.delivery.gap import TOLERANCE
from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, warning
from distributor.errors import Unavailable
from distributor.store.inspection import look, sqlite_file
from distributor.words import words

NAME = "clock"

#: systemd-timesyncd(8) makes the file once the clock has been set from the network.
_TIMESYNC = Path("/run/systemd/timesync")

#: No clock that is right shows an earlier day.
_FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

_DRIFT = dt.timedelta(seconds=5)


def check_clock(context: Context) -> Iterator[Diagnosis]:
    """Compares this machine's time with the database's and with the newest record."""
    path = sqlite_file(context.settings.database_url)
    database: dt.datetime | None = None
    latest: dt.datetime | None = None
    if path is None or path.exists():
        try:
            looked = look(context.settings.database_url)
        except Unavailable:
            pass  # the database's own check says so
        else:
            latest = looked.latest
            database = looked.now if path is None else None  # SQLite has no clock of its own
    yield from judge(dt.datetime.now(dt.UTC) if database else context.now, database, latest)
    if _TIMESYNC.is_dir() and not (_TIMESYNC / "synchronized").exists():
        what = words("The clock has not been set from the network since this machine started.")
        yield warning(NAME, what, words("See `timedatectl`; without a time server set the clock by hand."))


def judge(here: dt.datetime, database: dt.datetime | None, latest: dt.datetime | None) -> Iterator[Diagnosis]:
    """What the times mean, all in UTC: of this machine, of the database server, of the newest record."""
    do = words("Set the clock (`timedatectl set-ntp true`) before anything is sent.")
    if here < _FIRST_DAY:
        yield failure(NAME, words("The clock shows {time}, which is past.", time=f"{here:%Y-%m-%d %H:%M} UTC"), do)
        return
    if latest is not None and latest > here + TOLERANCE:
        what = words("The clock shows {time}, but there are records of {latest}: it was set back.",
                     time=f"{here:%Y-%m-%d %H:%M} UTC", latest=f"{latest:%Y-%m-%d %H:%M} UTC")  # fmt: skip
        yield failure(NAME, what, do)
        return
    if database is None:
        yield ok(NAME, words("It shows {time}.", time=f"{here:%Y-%m-%d %H:%M} UTC"))
        return
    apart = abs(here - database)
    what = words("It is {seconds} seconds away from the database's.", seconds=round(apart.total_seconds(), 1))
    if apart > TOLERANCE:
        yield failure(NAME, what, do)
    else:
        yield warning(NAME, what, do) if apart > _DRIFT else ok(NAME, what)
