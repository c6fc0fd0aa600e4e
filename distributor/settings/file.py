"""Finds and reads `distributor.toml`, lays the environment over it, and says everything that is wrong at once.

Each fault names the line of its key, or the environment variable. Refuses passwords in the file,
unknown keys and unknown variables (a misspelt one would otherwise be passed over in silence).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from distributor.errors import BadFile, BadInput, Place, Problem
from distributor.misfit import explain, is_secret, shortened, suggestion
from distributor.settings.model import Settings
from distributor.settings.values import has_password
from distributor.words import words

FILE_NAME = "distributor.toml"
#: Names the settings file.
CONFIG = "DISTRIBUTOR_CONFIG"

_PREFIX, _BETWEEN = "DISTRIBUTOR_", "__"
_LARGEST = 1_000_000

#: Tables with accounts, the key that holds their secret, and the key that names its file.
_SECRETS = (
    ("smtp", "password", "password_file"),
    ("wecom", "secret", "secret_file"),
    ("wecom_robot", "key", "key_file"),
    ("apprise", "url", "url_file"),
    ("official_account", "secret", "secret_file"),
)

#: The same of tables that stand alone.
_SINGLE_SECRETS = (
    ("mailbox", "password", "password_file"),
    ("oidc", "client_secret", "client_secret_file"),
)

Loc = tuple[str | int, ...]


def load_settings(path: Path | None = None, *, environ: Mapping[str, str]) -> Settings:
    """Reads the settings: `path`, else $DISTRIBUTOR_CONFIG, else distributor.toml in the current folder.

    A variable with two underscores between its parts overrides one key (`DISTRIBUTOR_SMTP__MAIN__HOST`).
    Raises `BadInput` when there is no such file, `BadFile` with every problem in it.
    """
    file = settings_path(path, environ=environ)
    text = _read(file)
    written = _parse(text, str(file))
    problems = list(_forbidden(written, _Lines(str(file), text)))
    variables = dict(_twins(environ))
    lines = _Lines(str(file), text, variables)
    problems += _accounts_of_nowhere(written, variables)
    merged = _merge(written, {loc: environ[name] for loc, name in variables.items()})
    try:
        settings = Settings.model_validate(merged, by_alias=True, by_name=False)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A default that depends on a value which is wrong itself is no second mistake.
        problems += (_problem(fault, lines) for fault in faults if fault["type"] != "default_factory_not_called")
    if problems:
        raise BadFile(str(file), sorted(problems, key=lambda problem: problem.place))
    return settings.at(file.resolve().parent)


def settings_path(path: Path | None = None, *, environ: Mapping[str, str]) -> Path:
    """Where the settings are: `path`, else $DISTRIBUTOR_CONFIG, else distributor.toml in the current folder."""
    return path or Path(environ.get(CONFIG) or FILE_NAME)


def _read(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            source = stream.read(_LARGEST)
    except FileNotFoundError as error:
        what = words("There is no settings file {file}.", file=file)
        do = words("Run `distributor init` to make one, or name it with --config or {variable}.", variable=CONFIG)
        raise BadInput(what, do=do) from error
    except OSError as error:
        what = words("The settings file {file} cannot be read: {reason}.", file=file, reason=error.strerror or error)
        raise BadInput(what, do=words("Check the path and its permissions.")) from error
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = Place(str(file), source.count(b"\n", 0, error.start) + 1)
        what, do = words("The file is not saved as UTF-8."), words("Save it as UTF-8 in your editor and try again.")
        raise BadFile(str(file), [Problem(place, "encoding", what, do)]) from error


def _parse(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        reason, _, where = str(error).partition(" (at ")
        found = re.search(r"line (\d+), column (\d+)", where)
        # "at end of document" is the last line.
        place = Place(file, int(found[1]), int(found[2])) if found else Place(file, text.count("\n") + 1)
        what = words("The file is not valid TOML here: {reason}.", reason=shortened(reason))
        do = words("Write texts in straight double quotes, one key = value on a line.")
        raise BadFile(file, [Problem(place, "toml_syntax", what, do)]) from error


def _forbidden(written: dict[str, Any], lines: "_Lines") -> Iterator[Problem]:
    """What the models allow but the file does not. Takes it out, so that it is reported once."""
    if "home" in written:
        del written["home"]
        what, do = (
            words("{key} is not a known key.", key="home"),
            words("Remove it: paths begin at this file's folder."),
        )
        yield Problem(lines.place(("home",)), "unknown_key", what, do)
    for table, key, file_key in _SECRETS:
        accounts = written.get(table)
        for name, account in accounts.items() if isinstance(accounts, dict) else ():
            if isinstance(account, dict) and key in account:
                del account[key]
                do = words("Put it into a file and name that as {key}.", key=file_key)
                yield _secret(lines, (table, name, key), do)
    for table, key, file_key in _SINGLE_SECRETS:
        single = written.get(table)
        if isinstance(single, dict) and key in single:
            del single[key]
            do = words("Put it into a file and name that as {key}.", key=file_key)
            yield _secret(lines, (table, key), do)
    database = written.get("database")
    url = database.get("url") if isinstance(database, dict) else None
    if isinstance(url, str) and has_password(url):
        variable = f"{_PREFIX}DATABASE__URL"
        yield _secret(lines, ("database", "url"), words("Set the environment variable {variable}.", variable=variable))


def _secret(lines: "_Lines", loc: Loc, do: Any) -> Problem:
    what = words("A password must not stand in this file ({key}).", key=".".join(map(str, loc)))
    return Problem(lines.place(loc), "secret_in_file", what, do)


def _accounts_of_nowhere(written: dict[str, Any], variables: Mapping[tuple[str, ...], str]) -> Iterator[Problem]:
    """Variables of an account that the file does not have. Their order counts, and a slip would make a new one."""
    accounts = written.get("smtp")
    names = [name for name, table in accounts.items() if isinstance(table, dict)] if isinstance(accounts, dict) else []
    for loc, variable in variables.items():
        if names and loc[0] == "smtp" and len(loc) > 2 and loc[1] not in map(str.lower, names):
            what = words("There is no mail account {account} in the file.", account=shortened(loc[1]))
            do = words("Add a table [smtp.{account}] to it, or correct the variable's name.", account=shortened(loc[1]))
            yield Problem(Place(variable), "accounts", what, do)


def _twins(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The keys that variables stand for, with the variable. DISTRIBUTOR_LANG and the like name no table."""
    for name in sorted(environ):
        rest = name.upper().removeprefix(_PREFIX)
        if name.upper().startswith(_PREFIX) and _BETWEEN in rest:
            yield tuple(rest.lower().split(_BETWEEN)), name


def _merge(written: dict[str, Any], twins: Mapping[tuple[str, ...], str]) -> dict[str, Any]:
    """The file with the variables laid over it. A variable inside a value that is no table replaces it."""
    for loc, value in twins.items():
        table = written
        for part in loc[:-1]:
            inner = table.get(part)
            if not isinstance(inner, dict):
                inner = table[part] = {}
            table = inner
        table[loc[-1]] = value
    return written


def _problem(fault: ErrorDetails, lines: "_Lines") -> Problem:
    loc = fault["loc"]
    place = lines.place(loc)
    if is_secret(fault, Settings):
        what = words("{key} has a value of the wrong kind.", key=str(loc[-1]))
        return Problem(place, "wrong_type", what, words("Write a text, in quotes when in doubt."))
    if fault["type"] == "extra_forbidden" and len(loc) == 1:
        tables = [name for name in Settings.model_fields if name != "home"]
        what = words("{key} is not a known key.", key=shortened(loc[0]))
        return Problem(place, "unknown_key", what, suggestion(str(loc[0]), tables))
    if fault["type"] == "missing":
        what = words("{key} is missing.", key=".".join(map(str, loc)))
        return Problem(place, "missing", what, words("Add the key {key}.", key=str(loc[-1])))
    explained = explain(fault, Settings)
    return Problem(place, explained.code, explained.what, explained.do)


class _Lines:
    """Where keys stand, found by looking at the text: tomllib keeps no places.

    Tables in one line ({…}) and texts of several lines are not looked into; the nearest key before
    them is named instead.
    """

    _HEADER = re.compile(r"\s*\[{1,2}\s*([^\]]+?)\s*\]{1,2}")
    _KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=")

    def __init__(self, file: str, text: str, variables: Mapping[tuple[str, ...], str] | None = None) -> None:
        self._file = file
        self._variables = dict(variables or {})
        self._places: dict[Loc, Place] = {}
        table: Loc = ()
        for number, line in enumerate(text.splitlines(), 1):
            column = len(line) - len(line.lstrip()) + 1
            if header := self._HEADER.match(line):
                table = self._parts(header[1])
                self._places.setdefault(table, Place(file, number, column))
            elif key := self._KEY.match(line):
                self._places.setdefault((*table, *self._parts(key[1])), Place(file, number, column))

    @staticmethod
    def _parts(dotted: str) -> Loc:
        return tuple(part.strip().strip("\"'") for part in dotted.split("."))

    def place(self, loc: Loc) -> Place:
        """The variable or line that set `loc`, else one that set a part of it, else the nearest table around it."""
        within = (key for key in (*self._variables, *self._places) if key[: len(loc)] == loc)
        around = (loc[:length] for length in range(len(loc) - 1, 0, -1))
        for key in (loc, *within, *around):
            if key in self._variables:
                return Place(self._variables[tuple(map(str, key))])
            if key in self._places:
                return self._places[key]
        return Place(self._file)
