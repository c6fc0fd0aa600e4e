"""Rules about refusals: which replies a rule speaks of, and whose fault it says they are.

A rule's text is plain: it is found as whole words, without regard to case, and `*` stands for anything
between. There are no regular expressions, so no rule that a person writes can make a reply take long.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from distributor.delivery.outcome import Fault, Reply, Stage
from distributor.errors import Place

#: What a rule's `enhanced` says of replies that have no enhanced code.
NO_ENHANCED = "none"


@dataclass(frozen=True)
class Phrase:
    """A text to look for: pieces that follow each other, with anything between them."""

    text: str

    @cached_property
    def _pieces(self) -> tuple[str, ...]:
        return tuple(self.text.lower().split("*"))

    def occurs_in(self, said: str) -> bool:
        """Whether the text is found in `said`, which is in lower case. Takes time in proportion to `said`."""
        first, *rest = self._pieces
        if not rest:
            return _find(said, first, 0, begins=True, ends=True) is not None
        at = _find(said, first, 0, begins=True)
        for piece in rest[:-1]:
            at = None if at is None else _find(said, piece, at)
        return at is not None and _find(said, rest[-1], at, ends=True) is not None


def _find(said: str, piece: str, at: int, *, begins: bool = False, ends: bool = False) -> int | None:
    """Where the first occurrence of a piece ends, from `at` on; at the edges of a word where that is asked."""
    if not piece:
        return at
    while (start := said.find(piece, at)) >= 0:
        end = start + len(piece)
        if not (begins and _joined(said, start)) and not (ends and _joined(said, end)):
            return end
        at = start + 1
    return None


def _joined(said: str, at: int) -> bool:
    """Whether a place is inside a word. Chinese writes no spaces: there every place is the edge of a word."""
    pair = said[max(at - 1, 0) : at + 1]
    return 0 < at < len(said) and pair.isascii() and pair.isalnum()


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of knowledge: replies with such a code, enhanced code and text, at these stages, mean this.

    An empty condition fits everything. `final` False: not even a 5xx is for good. `wait` is the pause it asks for.
    """

    fault: Fault
    place: Place
    phrases: tuple[Phrase, ...] = ()
    codes: tuple[str, ...] = ()
    enhanced: tuple[str, ...] = ()
    stages: frozenset[Stage] = frozenset(Stage)
    final: bool = True
    wait: dt.timedelta | None = None
    note: str = ""
    source: str = ""

    @property
    def conditions(self) -> tuple[object, ...]:
        """What two rules must share to speak of the same replies."""
        phrases = frozenset(phrase.text.lower() for phrase in self.phrases)
        return phrases, frozenset(self.codes), frozenset(self.enhanced), self.stages

    def fits(self, stage: Stage, reply: Reply, said: str) -> bool:
        """Whether the rule speaks of this reply at this stage; `said` is its text in lower case."""
        if stage not in self.stages:
            return False
        if self.codes and not any(_alike(code, str(reply.code)) for code in self.codes):
            return False
        if self.enhanced and not any(_enhanced_fits(pattern, reply.enhanced) for pattern in self.enhanced):
            return False
        return not self.phrases or any(phrase.occurs_in(said) for phrase in self.phrases)


def _alike(pattern: str, code: str) -> bool:
    """A digit for itself, `x` for any: 4xx, 55x, 550."""
    return len(pattern) == len(code) and all(p in ("x", c) for p, c in zip(pattern, code, strict=True))


def _enhanced_fits(pattern: str, enhanced: str) -> bool:
    if pattern == NO_ENHANCED or not enhanced:
        return pattern == NO_ENHANCED and not enhanced
    parts, numbers = pattern.split("."), enhanced.split(".")
    return len(parts) == len(numbers) and all(p in ("x", n) for p, n in zip(parts, numbers, strict=True))


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in their order: the first that fits decides."""

    rules: tuple[Rule, ...]

    def first(self, stage: Stage, reply: Reply) -> Rule | None:
        """The rule that decides about a refusal at a stage; None when none speaks of it."""
        said = " ".join(reply.text.lower().split())
        return next((rule for rule in self.rules if rule.fits(stage, reply, said)), None)
