"""Room on the disk of the database and the drop folder. When it is full, no letter leaves."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, warning
from distributor.store.inspection import sqlite_file
from distributor.words import words

NAME = "disk"

_MEGABYTE = 1_000_000
#: Below the first nothing should be begun; below the second a few bulletins with pictures fill the rest.
_LEAST, _LITTLE = 100 * _MEGABYTE, 1000 * _MEGABYTE


def check_disk(context: Context) -> Iterator[Diagnosis]:
    """The room that is left where the program writes."""
    settings = context.settings
    file = sqlite_file(settings.database_url)
    wanted = [settings.home if file is None else file.parent, settings.path(settings.folders.inbox)]
    folders = {_existing(path) for path in wanted}
    by_disk = {folder.stat().st_dev: folder for folder in sorted(folders, reverse=True)}
    for folder in by_disk.values():
        yield judge(shutil.disk_usage(folder).free, folder)


def judge(free: int, folder: Path) -> Diagnosis:
    """What so many free bytes mean."""
    what = words("{size} MB are free at {folder}.", size=free // _MEGABYTE, folder=folder)
    do = words("Free some space, or move the folder to a larger disk.")
    if free < _LEAST:
        return failure(NAME, what, do)
    return warning(NAME, what, do) if free < _LITTLE else ok(NAME, what)


def _existing(path: Path) -> Path:
    real = path.resolve()
    return next(folder for folder in (real, *real.parents) if folder.exists())
