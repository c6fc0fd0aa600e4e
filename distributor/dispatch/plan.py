"""What a send would do, worked out before it does it: who gets a letter now, and what is different."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from distributor.bulletin.reading import read_bulletin
from distributor.delivery.state import CLAIMABLE, State
from distributor.dispatch.holds import HOUR
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.errors import BadInput, Place, Refused
from distributor.recipients.changes import Changes, compare
from distributor.recipients.resolve import directory_digest
from distributor.reports.naming import short_name
from distributor.settings import Settings
from distributor.store.bulletins import latest_before
from distributor.store.database import Connection
from distributor.store.deliveries import deliveries_of, recipients_of
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.words import words


@dataclass(frozen=True, slots=True)
class Selection:
    """Which part of a bulletin's recipients is meant. Empty sets mean everybody.

    `only` holds addresses, names, units or recipient keys; `ids` single copies.
    """

    groups: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()

    @property
    def is_narrow(self) -> bool:
        """Whether only a part is meant."""
        return self.names_people or bool(self.groups)

    @property
    def names_people(self) -> bool:
        """Whether single people or copies are named."""
        return bool(self.only or self.ids)

    def covers(self, delivery: DeliveryRecord) -> bool:
        """Whether one delivery is meant."""
        if self.ids and delivery.id not in self.ids:
            return False
        named = {delivery.key, delivery.address, delivery.name, delivery.unit, *delivery.people}
        return (not self.groups or delivery.group in self.groups) and (not self.only or bool(self.only & named))

    def require_known(self, deliveries: Collection[DeliveryRecord]) -> None:
        """Raises `BadInput` for a group or a person that is not among these deliveries."""
        groups = {delivery.group for delivery in deliveries}
        for group in sorted(self.groups - groups):
            raise _nobody(group, groups)
        names = {name for d in deliveries for name in (d.key, d.address, d.name, d.unit, *d.people)}
        for who in sorted(self.only - names):
            raise _nobody(who, names)


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """One group's share of a send."""

    group: str
    direction: str
    to_send: int
    waiting: int  # deferred, to be tried again later
    settled: int  # already accepted, failed, cancelled …
    unknown: int
    hold: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a send would do to one bulletin."""

    record: BulletinRecord
    groups: tuple[GroupPlan, ...]
    delivery_ids: frozenset[str]  # queued rows that would be released
    previous: BulletinRecord | None
    changes: Changes | None  # against the previous bulletin's recipients
    name: str  # how a command names the bulletin
    channels: tuple[str, ...]  # on which something would leave
    waits_for_its_hour: bool  # whether some of these copies were never released

    @property
    def to_send(self) -> int:
        return sum(group.to_send for group in self.groups)

    @property
    def waiting(self) -> int:
        return sum(group.waiting for group in self.groups)

    @property
    def unknown(self) -> int:
        return sum(group.unknown for group in self.groups)


class ChangedSince(Refused):
    """The text or the recipients are not what was finalised."""

    code = "changed_since"


def make_plan(
    conn: Connection, record: BulletinRecord, selection: Selection, *, now: dt.datetime, at_once: bool = False
) -> Plan:
    """Works out a send; `at_once` takes up copies that wait for their hour, too, be it known or not.

    Raises `BadInput` when the selection names a group or a person that is not there.
    """
    deliveries = deliveries_of(conn, record.id)
    selection.require_known(deliveries)
    meant = [delivery for delivery in deliveries if selection.covers(delivery)]
    holds: dict[str, str | None] = {}
    for dispatch in dispatches_of(conn, record.id):
        if not dispatch.replaced:  # a group may have one letter for each channel
            holds[dispatch.group] = holds.get(dispatch.group) or dispatch.hold
    if at_once:  # who says `--now` has answered the question that a hold of the hour asks
        holds = {group: None if hold == HOUR else hold for group, hold in holds.items()}
    groups = tuple(
        _group_plan([d for d in meant if d.group == group], hold=holds.get(group), now=now, at_once=at_once)
        for group in dict.fromkeys(delivery.group for delivery in meant)
    )
    previous = latest_before(conn, record.id)
    return Plan(
        record=record,
        groups=groups,
        delivery_ids=frozenset(d.id for d in meant if _is_due(d, now, at_once=at_once)),
        previous=previous,
        changes=compare(recipients_of(conn, previous.id), recipients_of(conn, record.id)) if previous else None,
        name=short_name(conn, record),
        channels=tuple(sorted({d.channel for d in meant if _is_due(d, now, at_once=at_once)})),
        waits_for_its_hour=any(d.next_attempt_at is None and _is_due(d, now, at_once=at_once) for d in meant),
    )


def require_unchanged(conn: Connection, record: BulletinRecord, settings: Settings) -> None:
    """Raises `ChangedSince` when the bulletin file or the resolved directory differ from what was finalised.

    A bulletin file that is no longer there cannot differ: the finalised text is in the database.
    """
    path = Path(record.file_name)
    if path.exists() and read_bulletin(path).digest != record.digest:
        raise ChangedSince(
            words("{file} was edited after it was finalised.", file=path.name),
            do=words("Finalise it again, or bring back the finalised text; nothing was sent."),
            place=Place(str(path)),
        )
    loaded, resolved = load_recipients(settings, templates_of(settings))
    if directory_digest(resolved, loaded.directory) != record.directory_digest:
        changes = compare(recipients_of(conn, record.id), resolved.recipients)
        raise ChangedSince(
            words(
                "The recipients were edited after {label} was finalised: {added} added, {removed} removed, "
                "{moved} moved to another group, {readdressed} with another address.",
                label=record.title,
                added=len(changes.added),
                removed=len(changes.removed),
                moved=len(changes.moved),
                readdressed=len(changes.readdressed),
            ),
            do=words("Finalise the bulletin again to take the new list; nothing was sent."),
            place=Place(loaded.directory.file),
        )


def _is_due(delivery: DeliveryRecord, now: dt.datetime, *, at_once: bool) -> bool:
    at = delivery.next_attempt_at
    if delivery.is_put_aside:
        return False
    waits_for_its_hour = delivery.state is State.QUEUED and at_once
    return delivery.state in CLAIMABLE and (at is None or at <= now or waits_for_its_hour)


def _group_plan(
    deliveries: Sequence[DeliveryRecord], *, hold: str | None, now: dt.datetime, at_once: bool
) -> GroupPlan:
    states = Counter(delivery.state for delivery in deliveries)
    due = sum(_is_due(delivery, now, at_once=at_once) for delivery in deliveries)
    claimable = sum(states[state] for state in CLAIMABLE)
    return GroupPlan(
        group=deliveries[0].group,
        direction=deliveries[0].direction,
        to_send=0 if hold else due,
        waiting=claimable if hold else claimable - due + states[State.CLAIMED] + states[State.SENDING],
        settled=len(deliveries) - claimable - states[State.UNKNOWN] - states[State.CLAIMED] - states[State.SENDING],
        unknown=states[State.UNKNOWN],
        hold=hold,
    )


def _nobody(wanted: str, known: Collection[str]) -> BadInput:
    near = get_close_matches(wanted, sorted(known), n=1)
    advice = words("Did you mean {near}?", near=near[0]) if near else words("`distributor recipients list` shows all.")
    return BadInput(words("{wanted} is not among the recipients of this bulletin.", wanted=wanted), do=advice)
