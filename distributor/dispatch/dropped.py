"""What became of a dropped file: the folder it is moved to, and a report in words beside it."""

import datetime as dt
import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from distributor.errors import Problem
from distributor.words import Words

#: The ending of a report's name; a report is never taken for a dropped file.
REPORT = ".report.txt"


class Fate(StrEnum):
    """What became of a dropped file."""

    TAKEN = "taken"  # finalised, and due at its hour
    KNOWN = "known"  # the same text was finalised before; nothing is sent again
    HELD = "held"  # a person must decide before anything leaves
    REFUSED = "refused"  # it cannot be finalised as it is


@dataclass(frozen=True, slots=True)
class Dropped:
    """One file and what became of it. `due` is UTC; `problems` are what a person has to look at."""

    name: str
    fate: Fate
    what: Words
    do: Words | None = None
    problems: tuple[Problem, ...] = ()
    bulletin_id: int | None = None
    due: dt.datetime | None = None


def put_aside(path: Path, dropped: Dropped) -> Path:
    """Moves a file into the folder of its fate, beside a report in words. Returns where it is now.

    An earlier file of the same name is kept: the new one gets a number.
    """
    folder = path.parent / dropped.fate
    folder.mkdir(exist_ok=True)
    target = _free_name(folder / path.name)
    os.replace(path, target)
    target.with_name(f"{target.name}{REPORT}").write_text(report(dropped), encoding="utf-8")
    return target


def report(dropped: Dropped) -> str:
    """What became of a file, in the current language, one problem a line."""
    lines = [f"{dropped.name}: {dropped.what}", *(f"- {problem}" for problem in dropped.problems)]
    return "\n".join([*lines, *([f"→ {dropped.do}"] if dropped.do else [])]) + "\n"


def _free_name(path: Path) -> Path:
    candidates = (path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, 10_000))
    return path if not path.exists() else next(candidate for candidate in candidates if not candidate.exists())
