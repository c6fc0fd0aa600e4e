"""What a check is given and what it finds. A check looks; it never sends, writes or repairs."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from distributor.errors import DistributorError, Problem
from distributor.settings import Settings
from distributor.words import Words


class Verdict(StrEnum):
    """How it stands. `unchecked`: nobody looked, so nobody knows."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One finding: what was looked at (a stable name), how it stands, and what to do about it."""

    name: str
    verdict: Verdict
    what: Words | str
    do: Words | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What checks look at. `now` is UTC; `nameservers` are (address, port), the system's own when empty."""

    settings: Settings
    now: dt.datetime
    network: bool = True
    nameservers: tuple[tuple[str, int], ...] = ()
    #: The longest wait for a mail server at each step, and for an answer of the DNS.
    patience: dt.timedelta = dt.timedelta(seconds=15)


Check = Callable[[Context], Iterable[Diagnosis]]


def ok(name: str, what: Words | str) -> Diagnosis:
    """All is well."""
    return Diagnosis(name, Verdict.OK, what)


def warning(name: str, what: Words | str, do: Words | None = None) -> Diagnosis:
    """It works, but somebody should see to it."""
    return Diagnosis(name, Verdict.WARNING, what, do)


def failure(name: str, what: Words | str, do: Words | None = None) -> Diagnosis:
    """It does not work."""
    return Diagnosis(name, Verdict.FAILURE, what, do)


def unchecked(name: str, what: Words | str, do: Words | None = None) -> Diagnosis:
    """Nobody looked."""
    return Diagnosis(name, Verdict.UNCHECKED, what, do)


def of_problem(name: str, problem: Problem) -> Diagnosis:
    """A finding in a file, with its place."""
    verdict = Verdict.WARNING if problem.grade == "warning" else Verdict.FAILURE
    return Diagnosis(name, verdict, f"{problem.place}: {problem.what}", problem.do)


def of_error(name: str, error: DistributorError) -> Diagnosis:
    """An error that a person can act on."""
    return failure(name, f"{error.place}: {error.what}" if error.place else error.what, error.do)
