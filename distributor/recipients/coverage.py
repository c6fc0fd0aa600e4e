"""The bulletin's own 报/送/发 lines against the directory: who is named but unreachable, who is reached but not named.

Names match by two rules and no guess. First exactly, once spaces, invisible characters,
full-width forms and closing punctuation are out of the way. Then without a closing 领导同志,
主要负责人 and the like (`TITLES`), so that 区政协领导同志 is the 区政协 of a unit or of `covers`.
A name that stands for many units (各镇人民政府, 全区各单位) is written in the `covers` of each
unit, or of the group.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from distributor.bulletin.model import AddresseeLine, Bulletin, Direction
from distributor.errors import Place, Problem
from distributor.recipients.model import Directory, Group, Unit
from distributor.words import words

#: Closing words that name the people of a body instead of the body. The longest that fits is taken off, once.
TITLES = (
    "主要负责同志",
    "有关负责同志",
    "主要领导同志",
    "有关领导同志",
    "主要负责人",
    "有关负责人",
    "领导同志",
    "负责同志",
    "主要领导",
    "有关领导",
    "分管领导",
    "主管领导",
    "各位领导",
    "领导班子",
    "负责人",
    "领导",
)


class Standing(StrEnum):
    """How a name on a line stands to the directory."""

    COVERED = "covered"  # at least one of its units gets the letter of this direction
    UNREACHABLE = "unreachable"  # known, but none of its people has an address
    OTHER_DIRECTION = "other_direction"  # only reached by a letter of another direction
    UNKNOWN = "unknown"  # no unit and no `covers` says this name


@dataclass(frozen=True, slots=True)
class Named:
    """One name on a 报/送/发 line, and the (group, unit) pairs that answer to it."""

    direction: Direction
    name: str
    line: int
    standing: Standing
    units: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every name with its standing, the (group, unit) pairs no name means, and all that as warnings."""

    names: tuple[Named, ...]
    not_named: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Member:
    group: Group
    unit: Unit

    @property
    def pair(self) -> tuple[str, str]:
        return self.group.name, self.unit.name

    @property
    def reachable(self) -> bool:
        channels = self.group.channels
        return any(channel in person.addresses for person in self.unit.people for channel in channels)


def coverage(bulletin: Bulletin, directory: Directory, *, file: str = "") -> Coverage:
    """Compares the lines with the groups; pure. `file` names the bulletin in the places of problems; else its title."""
    members = [_Member(group, unit) for group in directory.groups for unit in group.units]
    index = _index(members)
    named: list[Named] = []
    problems: list[Problem] = []
    for line in bulletin.addressees:
        for name in line.names:
            found = _lookup(index, name)
            entry = _named(line, name, found)
            named.append(entry)
            problems += _unanswered(entry, found, Place(file or bulletin.title, line.line))
    problems += _unreachable(named, members, file or bulletin.title)
    met = {(entry.direction, pair) for entry in named for pair in entry.units}
    not_named = [member for member in members if (member.group.direction, member.pair) not in met]
    problems += _not_named(not_named, bulletin, directory)
    return Coverage(tuple(named), tuple(member.pair for member in not_named), tuple(problems))


def plain(name: str) -> str:
    """A name without spaces, invisible characters, full-width forms and closing punctuation."""
    text = unicodedata.normalize("NFKC", name)
    text = "".join(char for char in text if not char.isspace() and unicodedata.category(char) != "Cf")
    return re.sub(r"[,;:.。、]+$", "", text)


def body(name: str) -> str:
    """A plain name without a closing title: 区政协 for 区政协领导同志. A name that is only a title stays."""
    text = plain(name)
    ending = next((title for title in sorted(TITLES, key=len, reverse=True) if text.endswith(title)), "")
    return text.removesuffix(ending) or text


def _index(members: list[_Member]) -> dict[str, list[_Member]]:
    index: dict[str, list[_Member]] = {}
    for member in members:
        names = (member.unit.name, *member.unit.covers, *member.group.covers)
        for form in {form(name) for name in names for form in (plain, body)}:
            index.setdefault(form, []).append(member)
    return index


def _lookup(index: dict[str, list[_Member]], name: str) -> list[_Member]:
    return index.get(plain(name)) or index.get(body(name)) or []


def _named(line: AddresseeLine, name: str, found: list[_Member]) -> Named:
    here = [member for member in found if member.group.direction is line.direction]
    if any(member.reachable for member in here):
        standing = Standing.COVERED
    elif here:
        standing = Standing.UNREACHABLE
    elif found:
        standing = Standing.OTHER_DIRECTION
    else:
        standing = Standing.UNKNOWN
    return Named(line.direction, name, line.line, standing, tuple(member.pair for member in here or found))


def _unanswered(named: Named, found: list[_Member], place: Place) -> Iterator[Problem]:
    direction = named.direction.value
    if named.standing is Standing.UNKNOWN:
        what = words(
            "{name} stands on the {direction} line, but nobody in the directory answers to it.",
            name=named.name,
            direction=direction,
        )
        do = words("Add the unit, or write the name in the covers: of those it means.")
        yield Problem(place, "named_unknown", what, do, "warning")
    if named.standing is Standing.OTHER_DIRECTION:
        other = found[0].group
        what = words(
            "{name} stands on the {direction} line, but gets the {other} letter of {group}.",
            name=named.name,
            direction=direction,
            other=other.direction.value,
            group=other.name,
        )
        do = words("Move the unit to a {direction} group, or correct the line.", direction=direction)
        yield Problem(place, "named_other_direction", what, do, "warning")


def _unreachable(named: list[Named], members: list[_Member], file: str) -> Iterator[Problem]:
    """One warning for each unit that is named and has no address, at the first name that means it."""
    silent = {member.pair: member for member in members if not member.reachable}
    for entry in named:
        for pair in entry.units if entry.standing is not Standing.OTHER_DIRECTION else ():
            if silent.pop(pair, None) is not None:
                what = words(
                    "{name} stands on the {direction} line, but nobody of {unit} in {group} has an address.",
                    name=entry.name,
                    direction=entry.direction.value,
                    unit=pair[1],
                    group=pair[0],
                )
                do = words("Add an address for one of its people.")
                yield Problem(Place(file, entry.line), "named_unreachable", what, do, "warning")


def _not_named(not_named: list[_Member], bulletin: Bulletin, directory: Directory) -> Iterator[Problem]:
    """One warning for each unit, or one for a whole group whose direction the bulletin has no line for."""
    directions = {line.direction for line in bulletin.addressees if line.names}
    for group in directory.groups:
        if group.direction not in directions:
            what = words(
                "The bulletin has no {direction} line, but {group} gets a letter.",
                direction=group.direction.value,
                group=group.name,
            )
            do = words("Add the line, or send to the other groups only (--group).")
            yield Problem(group.place or Place(directory.file), "no_line", what, do, "warning")
    for member in not_named:
        if member.group.direction in directions and member.reachable:
            what = words(
                "{unit} in {group} gets a letter, but the {direction} line does not name it.",
                unit=member.unit.name,
                group=member.group.name,
                direction=member.group.direction.value,
            )
            do = words("Add it to the line, or write the line's name for it in covers:.")
            yield Problem(member.unit.place or Place(directory.file), "reached_not_named", what, do, "warning")
