"""What takes two entries of a directory file, or a look at manners, to see.

One function per rule; each yields problems with the place of the entry that is easier to change.
"""

from collections.abc import Callable, Collection, Iterator

from distributor.address import read_address, same
from distributor.bulletin.model import Direction
from distributor.errors import Problem
from distributor.misfit import suggestion
from distributor.recipients.entries import DirectoryEntry, PersonEntry
from distributor.recipients.manners import PHONE, way_named_in
from distributor.recipients.model import Acknowledge, WeComForm
from distributor.words import Words, words
from distributor.yaml.layout import Layout, Loc

Rule = Callable[[DirectoryEntry, Layout], Iterator[Problem]]


def cross_check(
    entry: DirectoryEntry, layout: Layout, *, known_templates: Collection[str] | None = None
) -> list[Problem]:
    """Everything a well-formed file still has wrong or odd about it, graded error or warning."""
    problems = [problem for rule in _RULES for problem in rule(entry, layout)]
    if known_templates is not None:
        problems += _default_templates(entry, layout, known_templates)
    return problems


def _default_templates(entry: DirectoryEntry, layout: Layout, known: Collection[str]) -> Iterator[Problem]:
    for name, group in entry.groups.items():
        if group.template is None and group.direction.value not in known:
            place = layout.place(("groups", name, "direction"))
            what = words("There is no template {template}.", template=group.direction.value)
            yield Problem(place, "not_a_choice", what, suggestion(group.direction.value, known))


def _count(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    listed = sum(1 for _ in entry.people())
    if entry.count is not None and entry.count != listed:
        what = words("count says {count} people, but the file lists {listed}.", count=entry.count, listed=listed)
        do = words("If the file is complete, correct count; if its end is missing, bring it back.")
        yield Problem(layout.place(("count",)), "count", what, do)


def _one_address_per_id(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    seen: dict[str, tuple[Loc, dict[str, str]]] = {}
    for loc, _, _, person in entry.people():
        if person.id is None:
            continue
        addresses = {channel: same(address) for channel, address in person.addresses().items()}
        first_loc, first = seen.setdefault(person.id, (loc, addresses))
        if any(first.get(channel, address) != address for channel, address in addresses.items()):
            what = words("The id {id} has another address at {place}.", id=person.id, place=layout.place(first_loc))
            do = words("Give every person an id of their own, and one person the same address everywhere.")
            yield Problem(layout.place((*loc, "id")), "id_twice", what, do)


def _unit_twice(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    for name, group in entry.groups.items():
        seen: dict[str, int] = {}
        for at, unit in enumerate(group.members):
            first = seen.setdefault(unit.unit, at)
            if first != at:
                members: Loc = ("groups", name, "members")
                place = layout.place((*members, first, "unit"))
                what = words("{unit} is already in this group at {place}.", unit=unit.unit, place=place)
                do = words("Put all its people under one entry.")
                yield Problem(layout.place((*members, at, "unit")), "unit_twice", what, do, "warning")


def _reachable(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    anyone = False
    for loc, group, unit, person in entry.people():
        if any(channel in person.addresses() for channel in group.channels):
            anyone = True
            continue
        channels = ", ".join(group.channels)
        what = words(
            "{name} ({unit}) has no address for {channels}.", name=person.name, unit=unit.unit, channels=channels
        )
        do = words("Add one, or make sure that somebody else of the unit has one.")
        yield Problem(layout.place((*loc, "name")), "no_address", what, do, "warning")
    if not anyone:
        what = words("Nobody in this directory has an address.")
        yield Problem(layout.place(("groups",), key=True), "nobody", what, words("Add an email: to the people."))


def _intranet(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    for loc, _, _, person in entry.people():
        oddity = _oddity(person)
        if oddity is not None:
            do = words("Leave it if your relay serves that network.")
            yield Problem(layout.place((*loc, "email")), "intranet_address", oddity, do, "warning")


def _manners(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    for name, group in entry.groups.items():
        loc: Loc = ("groups", name)
        if group.direction is Direction.REPORT and group.acknowledge is Acknowledge.REQUIRED:
            what = words("{group} reports to superiors, and asks them for a 签收.", group=name)
            do = words("Superiors are not asked to sign: write acknowledge: never, unless they wish it.")
            yield Problem(layout.place((*loc, "acknowledge")), "manners", what, do, "warning")
        if group.pixel and group.direction is Direction.REPORT:
            what = words("{group} reports to superiors, and their letters load a picture that is counted.", group=name)
            do = words("Remove pixel, unless they know of it and do not mind.")
            yield Problem(layout.place((*loc, "pixel")), "manners", what, do, "warning")
        if group.pixel and "email" not in group.channels:
            what = words("pixel has no effect: {group} gets no letter by email.", group=name)
            yield Problem(layout.place((*loc, "pixel")), "no_effect", what, words("Remove pixel."), "warning")
        if group.due is not None and group.acknowledge is Acknowledge.NEVER:
            what = words("due has no effect: {group} is not asked for a 签收.", group=name)
            do = words("Write acknowledge: required, or remove due.")
            yield Problem(layout.place((*loc, "due")), "no_effect", what, do, "warning")
        if group.remind and (group.due is None or group.acknowledge is Acknowledge.NEVER):
            what = words("remind has no effect: {group} has no deadline for a 签收.", group=name)
            do = words("Write acknowledge: required and due: 2 working days, or remove remind.")
            yield Problem(layout.place((*loc, "remind")), "no_effect", what, do, "warning")
        for at, step in enumerate(group.remind):
            way = way_named_in(step)
            if way and way != PHONE and way not in group.channels:
                what = words("Nobody in {group} is reached by {channel}.", group=name, channel=way)
                do = words("Their next channel is used then. Add {channel} to channels, or take it out.", channel=way)
                yield Problem(layout.place((*loc, "remind", at)), "no_effect", what, do, "warning")


def _wecom_form(entry: DirectoryEntry, layout: Layout) -> Iterator[Problem]:
    for name, group in entry.groups.items():
        place = layout.place(("groups", name, "wecom_form"))
        if "wecom" not in group.channels:
            if group.wecom_form is not WeComForm.CARD:
                what = words("wecom_form has no effect: {group} has no channel wecom.", group=name)
                do = words("Add wecom to channels, or remove wecom_form.")
                yield Problem(place, "no_effect", what, do, "warning")
        elif group.wecom_form is WeComForm.FILE and group.acknowledge is not Acknowledge.NEVER:
            what = words("{group} is asked for a 签收, and a file has neither a button nor a link.", group=name)
            do = words("Write wecom_form: card_and_file, or acknowledge: never.")
            yield Problem(place, "wecom_form", what, do)


def _oddity(person: PersonEntry) -> Words | None:
    return read_address(person.email).oddity if person.email is not None else None


_RULES: tuple[Rule, ...] = (
    _count,
    _one_address_per_id,
    _unit_twice,
    _reachable,
    _intranet,
    _manners,
    _wecom_form,
)
