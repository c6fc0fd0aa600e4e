"""What changed between two lists of recipients: the last bulletin's and this one's, or before and after a re-freeze.

A big loss is what a directory cut short looks like, so it is measured and asks for a yes.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.address import same
from distributor.recipients.model import Recipient

#: When more than this share of the recipients is gone, a person must confirm.
BIG_LOSS = 0.2


@dataclass(frozen=True, slots=True)
class Change:
    """One recipient as it was and as it is."""

    before: Recipient
    after: Recipient


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference. A recipient may be moved, readdressed and renamed at once.

    `moved`: gets another group's letter. `readdressed`: the same key, or the same name in the same
    unit, at another address. `renamed`: another name, unit or role at the same key.
    `shrink`: the share of the earlier recipients who are gone, 0.0 to 1.0.
    """

    added: tuple[Recipient, ...] = ()
    removed: tuple[Recipient, ...] = ()
    moved: tuple[Change, ...] = ()
    readdressed: tuple[Change, ...] = ()
    renamed: tuple[Change, ...] = ()
    shrink: float = 0.0

    @property
    def nothing(self) -> bool:
        """Whether both lists come to the same letters."""
        return not (self.added or self.removed or self.moved or self.readdressed or self.renamed)

    @property
    def alarming(self) -> bool:
        """Whether so many are gone that the file may be damaged."""
        return self.shrink > BIG_LOSS


def compare(before: Sequence[Recipient], after: Sequence[Recipient]) -> Changes:
    """Compares two lists; the order within them does not matter."""
    pairs, removed, added = _paired(before, after)
    return Changes(
        added=tuple(added),
        removed=tuple(removed),
        moved=tuple(pair for pair in pairs if pair.before.group != pair.after.group),
        readdressed=tuple(pair for pair in pairs if same(pair.before.address) != same(pair.after.address)),
        renamed=tuple(pair for pair in pairs if _shown(pair.before) != _shown(pair.after)),
        shrink=len(removed) / len(before) if before else 0.0,
    )


def _paired(
    before: Sequence[Recipient], after: Sequence[Recipient]
) -> tuple[list[Change], list[Recipient], list[Recipient]]:
    """Pairs by key, then by address, then by name and unit where that is unique on both sides."""
    old, new = list(before), list(after)
    pairs: list[Change] = []
    for identity in (_key, _address, _person):
        old_count, new_count = Counter(map(identity, old)), Counter(map(identity, new))
        known = {identity(one): one for one in old if old_count[identity(one)] == 1}
        found = [
            Change(known[identity(one)], one) for one in new if new_count[identity(one)] == 1 and identity(one) in known
        ]
        pairs += found
        paired = {id(one) for pair in found for one in (pair.before, pair.after)}
        old = [one for one in old if id(one) not in paired]
        new = [one for one in new if id(one) not in paired]
    return pairs, old, new


def _key(one: Recipient) -> tuple[str, ...]:
    return (one.channel, one.key)


def _address(one: Recipient) -> tuple[str, ...]:
    return (one.channel, same(one.address))


def _person(one: Recipient) -> tuple[str, ...]:
    return (one.channel, one.name, one.unit)


def _shown(one: Recipient) -> tuple[str, str, str | None]:
    return (one.name, one.unit, one.role)
