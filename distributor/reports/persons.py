"""A person as everybody sees one: the copies on all channels together, and what came back about any of them.

`status` and the 回执表 are made of these, so both name a person once. The rungs of the copies are not merged: each
copy keeps its own, and the person stands on the highest.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from distributor.delivery.evidence import Rung, Step, evidence_of, ladder
from distributor.store.receipt_records import Receipt, counted, signs_of
from distributor.store.records import DeliveryRecord

_RUNGS = tuple(Rung)


@dataclass(frozen=True, slots=True)
class Person:
    """One recipient in one group. `copies` are in the order of the channels, `receipts` those that count.

    `steps` are the rungs that receipts prove, the highest first; `rung` is the highest of all.
    """

    copies: tuple[DeliveryRecord, ...]
    receipts: tuple[Receipt, ...]
    steps: tuple[Step, ...]
    rung: Rung

    @property
    def copy(self) -> DeliveryRecord:
        """The copy that tells most: the last channel that was tried."""
        return self.copies[-1]


def persons(copies: Iterable[DeliveryRecord], receipts: Mapping[str, Sequence[Receipt]]) -> tuple[Person, ...]:
    """Everybody whom these copies are for, in their order. `receipts` are by delivery id."""
    own: dict[tuple[str, str, str, str], list[DeliveryRecord]] = {}
    for copy in copies:
        own.setdefault((copy.direction, copy.group, copy.unit, copy.key), []).append(copy)
    return tuple(_person(each, [one for copy in each for one in receipts.get(copy.id, ())]) for each in own.values())


def _person(copies: Sequence[DeliveryRecord], receipts: Sequence[Receipt]) -> Person:
    counts = counted(receipts)
    steps = ladder(signs_of(counts))
    reached = [evidence_of(copy.state, copy.reason) for copy in copies]
    rung = max((*reached, *(step.rung for step in steps)), key=_RUNGS.index)
    return Person(tuple(copies), tuple(counts), steps, rung)
