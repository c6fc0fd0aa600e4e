"""Makes a backup: the database, the token key and the files that people edit, of one moment and read back.

Passwords are left out: whoever finds the archive can read what was sent, but not send. The note of the last
heartbeat is left out too, so that a service on a restored database notices and asks before it sends anything.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from distributor.dispatch.archive import ENDING, in_the_way, place_archive, verify_archive, write_archive
from distributor.errors import BadInput, Place, Unavailable
from distributor.settings import Settings
from distributor.store.backup import pg_dump_command, snapshot, verified_counts
from distributor.store.inspection import sqlite_file
from distributor.store.journal import journal_path
from distributor.words import words


@dataclass(frozen=True, slots=True)
class Backup:
    """What was saved. `rows` counts the rows of each table of the database.

    `missing` are files that the settings name and that are not there; `command` saves a database that is not in
    the archive, because it is PostgreSQL's.
    """

    path: Path
    size: int
    files: tuple[str, ...]
    rows: Mapping[str, int] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    command: str = ""


def back_up(settings: Settings, settings_file: Path, where: Path, *, now: dt.datetime) -> Backup:
    """Saves everything into `where`: a folder, or a new file ending with .tar.gz. `now` is UTC.

    Raises `BadInput` when there is something in its place, `Unavailable` when it cannot be written or read back.
    """
    target = _target(where, now.astimezone(settings.zone))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Beside its place: a rename moves nothing, and the room that is needed is needed there anyway.
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as workshop:
            return _make(settings, settings_file, target, Path(workshop), now)
    except OSError as error:
        raise Unavailable(
            words("The backup cannot be written: {reason}.", reason=error.strerror or error),
            do=words("Check the rights of the folder and the room on its disk."),
            place=Place(str(target)),
        ) from error


def _make(settings: Settings, settings_file: Path, target: Path, workshop: Path, now: dt.datetime) -> Backup:
    single = _single_files(settings, settings_file)
    more = (settings.path(settings.folders.replies), *_templates(settings))  # these need not be there
    files = {_name(path, settings.home): path for path in (*single, *more) if path.is_file()}
    missing = [str(path) for path in single if not path.is_file()]
    database = sqlite_file(settings.database_url)
    rows: Mapping[str, int] = {}
    held = ""
    if database is not None and database.exists():
        held = _name(database, settings.home)
        files |= _database_files(settings.database_url, database, held, workshop)
        rows = verified_counts(files[held])
    elif database is not None:
        missing.append(str(database))
    draft = workshop / "draft"
    write_archive(draft, files, database=held, rows=rows, now=now)
    verify_archive(draft, workshop=workshop)
    size = draft.stat().st_size
    place_archive(draft, target)
    dump = f"{target.name.removesuffix(ENDING)}.dump"
    command = "" if database is not None else pg_dump_command(settings.database_url, dump)
    return Backup(target, size, tuple(files), rows, tuple(missing), command)


def _target(where: Path, local: dt.datetime) -> Path:
    if where.name.endswith(ENDING) and not where.is_dir():
        if where.exists():
            raise in_the_way(where)
        return where
    if where.exists() and not where.is_dir():
        what = words("{path} is neither a folder nor a new file ending with {ending}.", path=where, ending=ENDING)
        raise BadInput(what, do=words("Name the folder in which backups are kept."))
    return where / f"distributor-{local:%Y%m%d-%H%M%S}{ENDING}"


def _single_files(settings: Settings, settings_file: Path) -> tuple[Path, ...]:
    folders = settings.folders
    return (settings_file, *(settings.path(path) for path in (folders.recipients, folders.calendar, folders.key)))


def _templates(settings: Settings) -> tuple[Path, ...]:
    folder = settings.folders.templates
    return () if folder is None else tuple(sorted(settings.path(folder).rglob("*")))


def _database_files(url: str, database: Path, name: str, workshop: Path) -> dict[str, Path]:
    """A copy of the database, and the answers that it could not take yet, when there are any."""
    # The journal first: an answer that reaches the database in between is then in both, which does no harm.
    journal = _copied_journal(database, workshop)
    copy = workshop / "copy"
    snapshot(url, copy)
    found = {name: copy}
    return found | {journal_path(Path(name)).as_posix(): journal} if journal else found


def _copied_journal(database: Path, workshop: Path) -> Path | None:
    try:
        content = journal_path(database.resolve()).read_bytes().rstrip(b"\0")
    except FileNotFoundError:
        return None
    copy = workshop / "outcomes"
    copy.write_bytes(content)
    return copy if content else None


def _name(path: Path, home: Path) -> str:
    """A file's name in the archive: as in the office's folder, or under `outside/` with its whole path."""
    real, base = Path(os.path.abspath(path)), Path(os.path.abspath(home))
    if real.is_relative_to(base):
        return real.relative_to(base).as_posix()
    return str(PurePosixPath("outside", *real.parts[1:]))
