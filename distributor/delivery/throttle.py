"""How many letters may leave in what time, and which of a batch may leave now.

A limit holds in every window of its length, wherever the window begins and ends (both ends counted): it
is no counter that starts anew with each minute, which would let twice as many leave around the change.
What was granted is kept by the store; here is only the arithmetic, in milliseconds of one clock.
"""

import datetime as dt
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from distributor.misfit import Misfit, shortened, suggestion
from distributor.words import words

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}

#: No window is longer, so nothing older need be remembered.
LONGEST = dt.timedelta(days=1)

_LIMIT = re.compile(r"\s*(?P<count>\d{1,7})\s*/\s*(?P<many>\d{1,5}\s+)?(?P<unit>[^\W\d]+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `window`."""

    count: int
    window: dt.timedelta

    def __str__(self) -> str:
        seconds = round(self.window.total_seconds())
        unit = max((name for name, size in UNITS.items() if seconds % size == 0), key=UNITS.__getitem__)
        many = seconds // UNITS[unit]
        return f"{self.count}/{unit}" if many == 1 else f"{self.count}/{many} {unit}s"

    @property
    def milliseconds(self) -> int:
        """The length of the window."""
        return self.window // dt.timedelta(milliseconds=1)

    def open_again(self, stamp: int) -> int:
        """When there is room again, if `stamp` is the `count`-th newest grant; both in milliseconds."""
        return stamp + self.milliseconds + 1


@dataclass(frozen=True, slots=True)
class Scope:
    """One thing that is counted, such as `account:main` or `domain:main:qq.com`, and the limits on it.

    Without limits it is still counted, so that a limit set later knows what went before.
    """

    name: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True, slots=True)
class Want:
    """One letter that wishes to leave, named by `key`; every one of its scopes must have room."""

    key: str
    scopes: tuple[Scope, ...]


#: One limit of one scope.
Slot: TypeAlias = tuple[str, Limit]


def parse_limit(text: str) -> Limit:
    """Reads "20/minute" or "5000/3 minutes". Raises `Misfit` with what to write instead."""
    match = _LIMIT.fullmatch(text)
    if match is None:
        what = words("{value} is not a limit.", value=shortened(text))
        raise Misfit("limit", what, words('Write a limit such as "20/minute", "500/day" or "5000/3 minutes".'))
    unit = match["unit"].lower()
    unit = unit if unit in UNITS else unit.removesuffix("s")
    if unit not in UNITS:
        what = words("{value} is not a unit of time.", value=shortened(match["unit"]))
        raise Misfit("limit", what, suggestion(unit, list(UNITS)))
    return _checked(text, Limit(int(match["count"]), dt.timedelta(seconds=int(match["many"] or 1) * UNITS[unit])))


def grant_in_order(wants: Sequence[Want], used: Mapping[Slot, int]) -> tuple[bool, ...]:
    """Which wants may leave now, the first ones first. `used` counts the grants in each slot's window.

    A want gets room in all its scopes or takes none; one that must wait does not stop those behind it.
    """
    return tuple(choice is not None for choice in choose_in_order([(want,) for want in wants], used).chosen)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of its ways each letter takes, by their number; None where all are full. `full`: limits that were met."""

    chosen: tuple[int | None, ...]
    full: frozenset[Slot]


def choose_in_order(ways: Sequence[Sequence[Want]], used: Mapping[Slot, int]) -> Choice:
    """Lets each letter leave by the first of its ways that has room, the first letters first."""
    taken: Counter[str] = Counter()
    full: set[Slot] = set()

    def fits(want: Want) -> bool:
        met = [slot for slot in slots(want) if used[slot] + taken[slot[0]] >= slot[1].count]
        full.update(met)
        return not met

    chosen = []
    for wants in ways:
        found = next((number for number, want in enumerate(wants) if fits(want)), None)
        chosen.append(found)
        if found is not None:
            taken.update(names(wants[found]))
    return Choice(tuple(chosen), frozenset(full))


def slots(want: Want) -> list[Slot]:
    """Every limit that a want stands under."""
    return [(scope.name, limit) for scope in want.scopes for limit in scope.limits]


def names(want: Want) -> frozenset[str]:
    """The scopes of a want, each once."""
    return frozenset(scope.name for scope in want.scopes)


def _checked(text: str, limit: Limit) -> Limit:
    if not limit.count or not limit.window:
        what = words("{value} would let nothing leave.", value=shortened(text))
        raise Misfit("limit", what, words("Write a number above 0; to stop sending use: distributor pause"))
    if limit.window > LONGEST:
        what = words("{value} counts over more than a day.", value=shortened(text))
        raise Misfit("limit", what, words('The longest window is one day: "500/day".'))
    return limit
