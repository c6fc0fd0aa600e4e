"""The database: can it be read and written, is it whole, are its tables ours, does it lie on a local disk?"""

import os
from collections.abc import Iterator
from pathlib import Path

from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, warning
from distributor.store.inspection import NETWORK_FILE_SYSTEMS, Looked, file_system, look, sqlite_file
from distributor.words import words

NAME = "database"

#: UPDATE … RETURNING came with it (sqlite.org/changes.html).
_OLDEST_SQLITE = (3, 35)
_OLDEST_POSTGRESQL = (14,)


def check_database(context: Context) -> Iterator[Diagnosis]:
    """Looks without opening it for work: no table is made or upgraded, no file is created."""
    path = sqlite_file(context.settings.database_url)
    if path is not None:
        yield from _file_system(path)
        if not path.exists():
            yield _no_file(path)
            return
    yield from _findings(look(context.settings.database_url, thorough=True))


def _file_system(path: Path) -> Iterator[Diagnosis]:
    kind = file_system(path.parent)
    if kind in NETWORK_FILE_SYSTEMS:
        what = words("The database lies on a network folder ({kind}); SQLite is not safe there.", kind=kind)
        do = words("Move it to a disk of this machine, or use PostgreSQL.")
        yield failure(NAME, what, do)


def _no_file(path: Path) -> Diagnosis:
    traces = [trace for trace in (f"{path}-wal", f"{path}.sender.lock") if Path(trace).exists()]
    if traces:
        what = words("The database file is gone, but {trace} shows that it was in use.", trace=Path(traces[0]).name)
        return failure(NAME, what, words("Restore the database from the backup."))
    folder = next(parent for parent in path.parents if parent.exists())
    if not os.access(folder, os.W_OK):
        what = words("There is no database yet, and the folder {folder} cannot be written.", folder=folder)
        return failure(NAME, what, words("Give this account the right to write there."))
    what = words("There is no database yet: {file}.", file=path)
    do = words("In a new office that is right: the first `finalise` makes it. Otherwise restore the backup.")
    return warning(NAME, what, do)


def _findings(looked: Looked) -> Iterator[Diagnosis]:
    bad = [*_faults(looked), *_tables(looked)]
    yield from bad
    if not bad:
        gaps = {"engine": looked.engine, "version": looked.engine_version, "tables": looked.version}
        yield ok(NAME, words("{engine} {version}, tables {tables}; it can be read and written.", **gaps))


def _faults(looked: Looked) -> Iterator[Diagnosis]:
    version = tuple(int(part) for part in looked.engine_version.split(".") if part.isdecimal())
    oldest = _OLDEST_SQLITE if looked.engine == "sqlite" else _OLDEST_POSTGRESQL
    if version < oldest:
        gaps = {"engine": looked.engine, "version": looked.engine_version, "oldest": ".".join(map(str, oldest))}
        what = words("{engine} {version} is too old; {oldest} is the least.", **gaps)
        yield failure(NAME, what, words("Install a newer one."))
    if looked.read_only:
        do = words("Check the rights of the file and its folder, and that the disk is not mounted read-only.")
        yield failure(NAME, words("The database cannot be written."), do)
    if looked.faults:
        what = words("The database file is damaged: {fault}", fault=looked.faults[0])
        yield failure(NAME, what, words("Keep the damaged file, restore the last backup, and check the disk."))
    if looked.journal not in ("", "wal"):
        what = words("The database is not in WAL mode but in {mode}.", mode=looked.journal)
        yield warning(NAME, what, words("The next start of the program puts it right."))


def _tables(looked: Looked) -> Iterator[Diagnosis]:
    if looked.current:
        return
    if looked.version is None:
        what = words("The database contains no tables of distributor.")
        do = words("If the file is a new one, the next start makes them; otherwise check [database] url.")
        yield warning(NAME, what, do)
    elif looked.newer:
        what = words(
            "The database was made by a newer version of distributor (its tables are {found}).", found=looked.version
        )
        yield failure(NAME, what, words("Install that version or a later one."))
    else:
        what = words("The tables are those of an older version ({found}).", found=looked.version)
        yield warning(NAME, what, words("Run `distributor backup`; the next start upgrades them."))
