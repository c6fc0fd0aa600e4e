"""The file that tokens are made with. With a new one, nobody can tell old letters apart any more."""

import stat
from collections.abc import Iterator
from pathlib import Path

from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, warning
from distributor.errors import Unavailable
from distributor.receipts.tokens import load_key
from distributor.store.inspection import look, sqlite_file
from distributor.words import words

NAME = "key"


def check_key(context: Context) -> Iterator[Diagnosis]:
    """There, readable for us, for nobody else. Raises `Unavailable` for a file that is no key."""
    path = context.settings.path(context.settings.folders.key)
    if not path.exists():
        yield _missing(path, in_use=_in_use(context))
        return
    load_key(path)
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        what = words("Other people on this machine can read {file}.", file=path)
        yield warning(NAME, what, words("Run: chmod 600 on it."))
    else:
        yield ok(NAME, words("It is there, and nobody else can read it."))


def _missing(path: Path, *, in_use: bool) -> Diagnosis:
    what = words("There is no token key {file}.", file=path)
    if in_use:
        return failure(NAME, what, words("Letters have been made with it: restore it from the backup."))
    return warning(NAME, what, words("In a new office that is right: it is made when it is first needed."))


def _in_use(context: Context) -> bool:
    path = sqlite_file(context.settings.database_url)
    if path is not None and not path.exists():
        return False
    try:
        return look(context.settings.database_url).latest is not None
    except Unavailable:
        return False
