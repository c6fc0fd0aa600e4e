"""What every table of `distributor.toml` is made of: strict tables, time spans, texts, addresses, secrets."""

import datetime as dt
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from distributor.errors import BadInput, Place, Problem
from distributor.settings import values as check
from distributor.words import words

Duration = Annotated[dt.timedelta, BeforeValidator(check.duration)]
#: An empty value, as environment variables have it, means that there is no such file.
OptionalPath = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
Text = Annotated[str, AfterValidator(check.text)]
Address = Annotated[str, AfterValidator(check.address)]


class Table(BaseModel):
    """A table of the file. Unknown keys are refused; code may use field names where the file has aliases."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True)


def read_secret(path: Path) -> str:
    """A secret file's one line. Raises `BadInput`; no message ever shows what the file holds."""
    do = words("Write the password into it, as one line in UTF-8, and run: chmod 600 on it.")
    try:
        secret = path.read_bytes().decode("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        what = words("The password file {file} cannot be read: {reason}.", file=path, reason=error.strerror or error)
        raise BadInput(what, do=do) from error
    except UnicodeDecodeError:
        raise BadInput(words("The password file {file} is not a text.", file=path), do=do) from None
    if not secret:
        raise BadInput(words("The password file {file} is empty.", file=path), do=do)
    if not secret.isprintable():
        raise BadInput(words("The password file {file} contains more than one line.", file=path), do=do)
    return secret


def open_to_others(path: Path) -> bool:
    """Whether other people on this machine can read or write a file; False when it cannot be looked at."""
    try:
        return bool(path.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IRGRP | stat.S_IWGRP))
    except OSError:
        return False


def secret_problems(place: Place, read: Callable[[], object], files: Iterable[tuple[Path, Path]]) -> Iterator[Problem]:
    """A secret that `read` does not find, and secret files, as written and as they lie, that other people can read."""
    try:
        read()
    except BadInput as error:
        yield Problem(place, "secret_missing", error.what, error.do, "warning")
    for written, file in files:
        if open_to_others(file):
            what = words("Other people on this machine can read {file}.", file=written)
            yield Problem(place, "secret_readable", what, words("Run: chmod 600 on it."), "warning")
