"""The service's log: one record a line, as JSON or for the console, with a stable `action` and ids.

What must not be written is taken out at the last step before a record leaves, so it holds for our own records and
for those of libraries: mail addresses are shortened, values under telling keys and known secrets are replaced.
Records go to standard error; until `configure` is called they go nowhere. The one door to structlog.
"""

import logging
import os
import re
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TextIO

import structlog
from structlog.stdlib import BoundLogger, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from distributor.discretion import discreet, discreet_text, one_line, visible
from distributor.errors import BadInput, Place
from distributor.words import words

Log = BoundLogger

#: Chooses form and level for one run: `json`, `debug`, or both as `json,debug`.
VARIABLE = "DISTRIBUTOR_LOG"

FORMS = ("console", "json")
LEVELS = ("debug", "info", "warning", "error")

_ROOT = "distributor"
#: Records of libraries are told by these; what they say is in `message`.
_LIBRARY = "library"
_FIRST = ("at", "level", "action", "room")
#: What syslog and the journal call the levels (sd-daemon(3)).
_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}


def log(room: str) -> Log:
    """The log of one room. The first argument of a record is its action: `log.info("inbox.taken", bulletin=12)`."""
    found: Log = structlog.stdlib.get_logger(f"{_ROOT}.{room}")
    return found


def bound(**ids: object) -> AbstractContextManager[None]:
    """Adds ids to every record of a block, in this task and those it starts."""
    return structlog.contextvars.bound_contextvars(**ids)


def chosen(form: str, level: str, environ: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Form and level of the settings, unless $DISTRIBUTOR_LOG says otherwise. Raises `BadInput` for other words."""
    for word in filter(None, re.split(r"[,\s:]+", environ.get(VARIABLE, "").lower())):
        if word in FORMS:
            form = word
        elif word in LEVELS:
            level = word
        else:
            raise BadInput(
                words("{value} is neither a form nor a level of the log.", value=word),
                do=words("Possible are: {choices}.", choices=", ".join((*FORMS, *LEVELS))),
                place=Place(f"${VARIABLE}"),
            )
    return form, level


def configure(
    form: str = "console",
    level: str = "info",
    *,
    stream: TextIO | None = None,
    environ: Mapping[str, str] = os.environ,
) -> None:
    """Starts writing, once for the process; a second call replaces the first. Libraries speak from `warning` on."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    render: Processor = _json if form == "json" else _console
    if _is_journal(stream, environ):
        render = _with_priority(render)
    handler.setFormatter(ProcessorFormatter(foreign_pre_chain=[*_SHARED, _of_library], processors=[*_LAST, render]))
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.INFO if level == "debug" else logging.WARNING)
    logging.getLogger(_ROOT).setLevel(level.upper())
    logging.captureWarnings(True)


def _room(logger: WrappedLogger, method: str, record: EventDict) -> EventDict:
    record["room"] = str(record.pop("logger", "")).removeprefix(f"{_ROOT}.")
    return record


def _of_library(logger: WrappedLogger, method: str, record: EventDict) -> EventDict:
    record["message"], record["event"] = record["event"], _LIBRARY
    return record


def _discreet(logger: WrappedLogger, method: str, record: EventDict) -> EventDict:
    """Takes out what must not be written, and puts what every record has first."""
    clean = {discreet_text(key): discreet(value, key=key) for key, value in record.items()}
    return {key: clean.pop(key) for key in _FIRST if key in clean} | clean


def _console(logger: WrappedLogger, method: str, record: EventDict) -> str:
    """One line of a record, its traceback indented below it: no text of others can begin a line."""
    trace = str(record.pop("exception", "") or record.pop("stack", ""))
    at, level, action = (str(record.pop(key, "")) for key in ("at", "level", "action"))
    rest = " ".join(f"{one_line(key)}={one_line(_plain(value))}" for key, value in record.items())
    indented = "".join(f"\n    | {visible(line)}" for line in trace.splitlines())
    return f"{at} {level:<7} {one_line(action):<24} {rest}{indented}"


def _is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether systemd's journal reads the stream: $JOURNAL_STREAM names its device and inode (systemd.exec(5))."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return environ.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def _with_priority(render: Processor) -> Processor:
    """The same with the level before each line, which the journal takes off and `journalctl --priority` goes by."""

    def rendered(logger: WrappedLogger, method: str, record: EventDict) -> str:
        prefix = f"<{_PRIORITIES.get(str(record.get('level')), _PRIORITIES['info'])}>"
        return prefix + str(render(logger, method, record)).replace("\n", f"\n{prefix}")

    return rendered


def _plain(value: object) -> object:
    """Lists and tables as people write them."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(each)}" for key, each in value.items())
    if isinstance(value, list):
        return ", ".join(str(_plain(each)) for each in value)
    return value


_json = structlog.processors.JSONRenderer(ensure_ascii=False)

_SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
]

_LAST: list[Processor] = [
    ProcessorFormatter.remove_processors_meta,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    structlog.processors.EventRenamer("action"),
    _room,
    _discreet,
]

structlog.configure(
    processors=[structlog.stdlib.filter_by_level, *_SHARED, ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=BoundLogger,
    cache_logger_on_first_use=True,
)
# Without this, a command that configures no log would print warnings raw.
logging.getLogger(_ROOT).addHandler(logging.NullHandler())
