"""From a directory, which may name a person three times, to recipients, whom a bulletin reaches once.

One address gets one letter per channel: that of the highest direction it stands in
(报 > 送 > 发), and among equals that of the first group in the file. The other groups are
credited, and everyone who shares a mailbox is. Both are warnings with both places.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from distributor.address import same
from distributor.bulletin.model import Direction
from distributor.errors import Place, Problem
from distributor.recipients.model import Directory, Group, Person, ReadReport, Recipient, Reserve, Unit, WeComForm
from distributor.words import words

_RANK = {Direction.REPORT: 0, Direction.SEND: 1, Direction.ISSUE: 2}


@dataclass(frozen=True, slots=True)
class Unreachable:
    """A person whom no channel of the group can reach."""

    group: str
    unit: str
    person: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """Who gets a letter, each once per channel, in the order of the file; highest direction first.

    `reserves` say where they are reached when that fails, in the order of each group's channels.
    """

    recipients: tuple[Recipient, ...]
    warnings: tuple[Problem, ...] = ()
    unreachable: tuple[Unreachable, ...] = ()
    reserves: tuple[Reserve, ...] = ()


@dataclass(frozen=True, slots=True)
class _Listing:
    """One appearance of an address in the directory."""

    group: Group
    unit: Unit
    person: Person
    channel: str
    address: str

    @property
    def place(self) -> Place:
        return self.person.place or Place("")


def resolve(directory: Directory) -> Resolved:
    """Decides who gets which letter. The same addresses result whatever the order of the groups."""
    by_address: dict[tuple[str, str], list[_Listing]] = {}
    unreachable = []
    for group, unit, person in _everyone(directory):
        channel = next((channel for channel in group.channels if channel in person.addresses), None)
        if channel is None:
            unreachable.append(Unreachable(group.name, unit.name, person.name, person.place))
            continue
        address = person.addresses[channel]
        listing = _Listing(group, unit, person, channel, address)
        by_address.setdefault((channel, same(address)), []).append(listing)
    recipients = tuple(_recipient(listings) for listings in by_address.values())
    warnings = tuple(warning for listings in by_address.values() for warning in _warnings(listings))
    reserves = tuple(reserve for listings in by_address.values() for reserve in _reserves(listings))
    return Resolved(recipients, warnings, tuple(unreachable), reserves)


def directory_digest(resolved: Resolved, directory: Directory) -> str:
    """SHA-256 (hex) over everything letters depend on.

    Comments, white space, `covers` and the order of groups, units and people do not change it,
    unless the order decides whose letter an address gets.
    """
    groups = [
        [g.name, g.direction, g.template, g.channels, g.acknowledge, g.due, g.satisfied_by, g.on_unknown, *_asked(g)]
        for g in directory.groups
    ]
    recipients = [
        [r.channel, r.address, r.key, r.name, r.unit, r.role, r.group, sorted(r.credited), sorted(r.people)]
        for r in resolved.recipients
    ]
    groups.sort(key=lambda group: str(group[0]))
    recipients.sort(key=lambda recipient: (str(recipient[0]), str(recipient[1])))
    chains = sorted([r.after_channel, r.after_address, *_addressed(r.recipient)] for r in resolved.reserves)
    # Nothing where nobody has a second channel, as for lists frozen before there was one.
    everything = [groups, recipients, chains] if chains else [groups, recipients]
    canonical = json.dumps(everything, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _addressed(one: Recipient) -> list[str]:
    return [one.channel, one.address, one.name, one.unit, one.role or "", one.group]


def _asked(group: Group) -> list[object]:
    """The manners that are not the usual ones; nothing where all are, as for lists frozen before there were any."""
    asked: dict[str, object] = {"remind": group.remind} if group.remind else {}
    if group.remark is not None:
        asked["remark"] = group.remark
    if group.read_report is not ReadReport.NEVER:
        asked["read_report"] = group.read_report
    if group.escalate_after is not None:
        asked["escalate_after"] = group.escalate_after
    if group.attach is not None:
        asked["attach"] = sorted(group.attach)
    if group.pixel:
        asked["pixel"] = True
    if group.wecom_form is not WeComForm.CARD:
        asked["wecom_form"] = group.wecom_form
    return [asked] if asked else []


def _everyone(directory: Directory) -> Iterator[tuple[Group, Unit, Person]]:
    """Everyone, highest direction first, and in the order of the file within one direction."""
    for group in sorted(directory.groups, key=lambda group: _RANK[group.direction]):
        for unit in group.units:
            for person in unit.people:
                yield group, unit, person


def _recipient(listings: list[_Listing]) -> Recipient:
    """The first listing is in the winning group; its name is shown, and the others are credited."""
    first = listings[0]
    groups = dict.fromkeys(listing.group.name for listing in listings)
    return Recipient(
        key=first.person.id or same(first.address),
        channel=first.channel,
        address=first.address,
        name=first.person.name,
        unit=first.unit.name,
        role=first.person.role,
        group=first.group.name,
        credited=tuple(name for name in groups if name != first.group.name),
        people=tuple(dict.fromkeys(listing.person.name for listing in listings)),
    )


def _reserves(listings: list[_Listing]) -> Iterator[Reserve]:
    """The further channels of everybody who shares an address; the same address once."""
    seen: set[tuple[str, str, str]] = set()
    for listing in listings:
        addresses = listing.person.addresses
        chain = [channel for channel in listing.group.channels if channel in addresses]
        for before, channel in pairwise(chain):
            step = (before, channel, same(addresses[channel]))
            if step not in seen:
                seen.add(step)
                yield Reserve(before, addresses[before], _in_reserve(listing, channel))


def _in_reserve(listing: _Listing, channel: str) -> Recipient:
    person = listing.person
    return Recipient(
        key=person.id or same(listing.address),
        channel=channel,
        address=person.addresses[channel],
        name=person.name,
        unit=listing.unit.name,
        role=person.role,
        group=listing.group.name,
        people=(person.name,),
    )


def _warnings(listings: list[_Listing]) -> Iterator[Problem]:
    first, *others = listings
    for other in others:
        if other.person.name != first.person.name:
            yield _shared(first, other)
        if other.group.name != first.group.name:
            yield _several(first, other)
        elif other.person.name == first.person.name:
            yield _twice(first, other)


def _shared(first: _Listing, other: _Listing) -> Problem:
    what = words(
        "{name} shares the address {address} with {other} at {place}.",
        name=other.person.name,
        address=first.address,
        other=first.person.name,
        place=first.place,
    )
    do = words("One letter goes out, to {name}; both count as reached.", name=first.person.name)
    return Problem(other.place, "shared_mailbox", what, do, "warning")


def _several(first: _Listing, other: _Listing) -> Problem:
    what = words(
        "The address {address} also stands in {group} ({direction}) at {place}.",
        address=first.address,
        group=first.group.name,
        direction=first.group.direction.value,
        place=first.place,
    )
    do = words("It gets that group's letter once; {group} is credited.", group=other.group.name)
    return Problem(other.place, "several_groups", what, do, "warning")


def _twice(first: _Listing, other: _Listing) -> Problem:
    what = words("{name} is already listed in this group at {place}.", name=other.person.name, place=first.place)
    return Problem(other.place, "listed_twice", what, words("Remove one of the two; one letter goes out."), "warning")
