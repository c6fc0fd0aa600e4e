"""Who has signed for a bulletin: by group and unit, those who owe a 签收 first, with the evidence for each person.

A person is one row however many channels were tried. A unit is satisfied by any or all of its people, as its letter
was frozen; a 签收 by phone counts like a pressed one, and stays on its own rung.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from distributor.delivery.evidence import ACKNOWLEDGEMENTS, Kind, Rung, Step
from distributor.delivery.state import State
from distributor.errors import DistributorError
from distributor.recipients.manners import USUAL, Manners
from distributor.recipients.model import Acknowledge, SatisfiedBy
from distributor.reports.persons import Person, persons
from distributor.store import audit
from distributor.store.database import Connection
from distributor.store.deliveries import deliveries_of
from distributor.store.dispatches import dispatches_of
from distributor.store.receipt_records import Receipt, receipts_of_bulletin, receipts_to_look_at
from distributor.store.records import BulletinRecord, DeliveryRecord, DispatchRecord
from distributor.workdays.calendar import Workdays


class Standing(StrEnum):
    """Where a person or a unit stands, those who need somebody first."""

    OVERDUE = "overdue"  # owes a 签收 whose deadline is over
    MISSING = "missing"  # owes a 签收
    RETURNED = "returned"  # sent it back with a reason
    UNREACHED = "unreached"  # has no copy, and gets none by itself
    NOT_ASKED = "not_asked"  # owes nothing
    SIGNED = "signed"


_ORDER = {standing: number for number, standing in enumerate(Standing)}
_UNREACHED = frozenset({State.BOUNCED, State.FAILED, State.SUPPRESSED})


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person: the copies on all channels together. `acknowledged` is the 签收 that counts, the first of the surest.

    `steps` are the rungs that receipts prove, the highest first; `rung` is the highest of all.
    """

    copies: tuple[DeliveryRecord, ...]
    standing: Standing
    rung: Rung
    steps: tuple[Step, ...]
    acknowledged: Receipt | None
    returned: Receipt | None

    @property
    def copy(self) -> DeliveryRecord:
        """The copy that tells most: the last channel that was tried."""
        return self.copies[-1]


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit of a group, and its people."""

    unit: str
    standing: Standing
    people: tuple[PersonRow, ...]

    @property
    def signed_at(self) -> dt.datetime | None:
        """When the unit was satisfied (UTC); None when it is not."""
        if self.standing is not Standing.SIGNED:
            return None
        times = sorted(one.acknowledged.at for one in self.people if one.acknowledged)
        return times[-1] if all(one.acknowledged for one in self.people) else times[0]


@dataclass(frozen=True, slots=True)
class GroupTable:
    """One group's letter. `deadline` is UTC; None where nothing is owed by a day, or the calendar does not know it."""

    group: str
    direction: str
    manners: Manners
    deadline: dt.datetime | None
    units: tuple[UnitRow, ...]

    def count(self, *standings: Standing) -> int:
        """How many units stand so."""
        return sum(unit.standing in standings for unit in self.units)


@dataclass(frozen=True, slots=True)
class ReceiptTable:
    """The 回执表 of one bulletin at one moment, with the end of the audit chain at that moment."""

    record: BulletinRecord
    at: dt.datetime
    groups: tuple[GroupTable, ...]
    to_look_at: int  # receipts that wait for a person, of any bulletin
    audit_entries: int
    audit_hash: str

    def count(self, *standings: Standing) -> int:
        """How many units of all groups stand so."""
        return sum(group.count(*standings) for group in self.groups)


def receipt_table(
    conn: Connection, record: BulletinRecord, *, calendar: Workdays, zone: dt.tzinfo, now: dt.datetime
) -> ReceiptTable:
    """Reads the table of a bulletin as it stands at `now` (UTC)."""
    receipts = receipts_of_bulletin(conn, record.id)
    copies: defaultdict[tuple[str, str], list[DeliveryRecord]] = defaultdict(list)
    for copy in deliveries_of(conn, record.id):
        if copy.listed or copy.state not in (State.CANCELLED, State.QUEUED):
            copies[copy.direction, copy.group].append(copy)
    letters = dispatches_of(conn, record.id)
    entries, digest = audit.head(conn)
    return ReceiptTable(
        record=record,
        at=now,
        groups=tuple(
            _group(group, copies[direction, group], receipts, _letter(letters, group), calendar, zone, now)
            for direction, group in sorted(copies, key=lambda each: "报送发".index(each[0]))
        ),
        to_look_at=len(receipts_to_look_at(conn)),
        audit_entries=entries,
        audit_hash=digest,
    )


def person_row(person: Person, *, asked: bool, overdue: bool) -> PersonRow:
    """One person's row, with the 签收 and the 退回 that came back on any channel."""
    acknowledged = [one for one in person.receipts if one.kind in ACKNOWLEDGEMENTS]
    returned = [one for one in person.receipts if one.kind is Kind.RETURNED]
    rungs = list(Rung)
    return PersonRow(
        copies=person.copies,
        standing=_standing(person.copies, acknowledged, returned, asked=asked, overdue=overdue),
        rung=person.rung,
        steps=person.steps,
        acknowledged=min(acknowledged, key=lambda one: (-rungs.index(Rung(one.kind)), one.id), default=None),
        returned=returned[-1] if returned else None,
    )


def _group(
    group: str,
    copies: Sequence[DeliveryRecord],
    receipts: dict[str, tuple[Receipt, ...]],
    letter: DispatchRecord | None,
    calendar: Workdays,
    zone: dt.tzinfo,
    now: dt.datetime,
) -> GroupTable:
    manners = letter.manners if letter else USUAL
    deadline = _deadline(manners, letter, calendar, zone)
    asked = manners.acknowledge is Acknowledge.REQUIRED
    overdue = deadline is not None and now > deadline
    units: dict[str, list[PersonRow]] = {}
    for person in persons(copies, receipts):
        units.setdefault(person.copy.unit, []).append(person_row(person, asked=asked, overdue=overdue))
    rows = [_unit(unit, people, manners.satisfied_by) for unit, people in units.items()]
    rows.sort(key=lambda row: _ORDER[row.standing])  # stable: the order of the directory stays within each
    return GroupTable(group, copies[0].direction, manners, deadline, tuple(rows))


def _unit(unit: str, people: Sequence[PersonRow], satisfied_by: SatisfiedBy) -> UnitRow:
    standings = [person.standing for person in people]
    signed = [standing is Standing.SIGNED for standing in standings]
    if all(signed) or (satisfied_by is SatisfiedBy.ANY and any(signed)):
        return UnitRow(unit, Standing.SIGNED, tuple(people))
    open_ones = [standing for standing in standings if standing is not Standing.SIGNED]
    if satisfied_by is SatisfiedBy.ANY and any(one is not Standing.UNREACHED for one in open_ones):
        # One who can still sign is enough, so an address that does not work is not the unit's trouble.
        open_ones = [one for one in open_ones if one is not Standing.UNREACHED]
    return UnitRow(unit, min(open_ones, key=_ORDER.__getitem__), tuple(people))


def _standing(
    copies: Sequence[DeliveryRecord],
    acknowledged: Sequence[Receipt],
    returned: Sequence[Receipt],
    *,
    asked: bool,
    overdue: bool,
) -> Standing:
    if acknowledged:
        return Standing.SIGNED
    if returned:
        return Standing.RETURNED
    if all(copy.state in _UNREACHED for copy in copies):
        return Standing.UNREACHED
    if not asked:
        return Standing.NOT_ASKED
    return Standing.OVERDUE if overdue else Standing.MISSING


def _letter(letters: Sequence[DispatchRecord], group: str) -> DispatchRecord | None:
    """The letter in force of a group; its channels share one way of asking."""
    own = [letter for letter in letters if letter.group == group]
    return next((letter for letter in own if not letter.replaced), own[-1] if own else None)


def _deadline(
    manners: Manners, letter: DispatchRecord | None, calendar: Workdays, zone: dt.tzinfo
) -> dt.datetime | None:
    if letter is None or letter.released_at is None or manners.acknowledge is Acknowledge.NEVER:
        return None
    try:
        return manners.deadline(letter.released_at, calendar, zone)
    except DistributorError:
        return None  # the year's working days are not known yet
