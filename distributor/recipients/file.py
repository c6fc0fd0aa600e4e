"""Reads `recipients.yaml` into a `Directory`, or says everything that is wrong with it at once.

An invalid address is an error of the file, not of one row: a bulletin that silently leaves a
leader out is worse than one that waits, and the caller keeps the last good directory. Intranet
addresses, people without an address and odd manners are warnings.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from distributor.errors import BadFile, BadInput, Place, Problem
from distributor.misfit import explain
from distributor.recipients.cross import cross_check
from distributor.recipients.entries import DirectoryEntry, GroupEntry, PersonEntry, UnitEntry
from distributor.recipients.layout import Layout, Loc, read_layout
from distributor.recipients.model import Directory, Group, Person, Unit
from distributor.recipients.source import LARGEST, read_source
from distributor.words import words

#: A file that is not a directory at all would fill the screen.
MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """A directory that can be used, and what an editor should know about it."""

    directory: Directory
    warnings: tuple[Problem, ...] = ()


def load_directory(
    path: Path, *, known_templates: Collection[str] | None = None, known_channels: Collection[str] = ("email",)
) -> Loaded:
    """Reads a directory file.

    `known_templates` and `known_channels` are what a group may name; None leaves templates unchecked.
    Raises `BadFile` with every problem, or `BadInput` when the file cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except OSError as error:
        what = words("The directory {file} cannot be read: {reason}.", file=path, reason=error.strerror or error)
        do = words("Run `distributor init` to make an example, or name the file in distributor.toml.")
        raise BadInput(what, do=do) from error
    return parse_directory(source, file=str(path), known_templates=known_templates, known_channels=known_channels)


def parse_directory(
    source: bytes,
    *,
    file: str = "recipients.yaml",
    known_templates: Collection[str] | None = None,
    known_channels: Collection[str] = ("email",),
) -> Loaded:
    """Reads a directory from bytes; pure. `file` is the name that problems give. Raises `BadFile`."""
    text = read_source(source, file=file)
    if not text.usable:
        raise _bad(file, text.problems)
    layout = read_layout(text.text, file=file)
    problems = [*text.problems, *layout.problems]
    if layout.value is None:
        raise _bad(file, problems or [_empty(file)])
    entry, faults = _validated(layout, {"template": known_templates, "channels": known_channels})
    problems += faults
    if entry is None:
        raise _bad(file, problems)
    findings = cross_check(entry, layout, known_templates=known_templates)
    problems += (finding for finding in findings if finding.grade == "error")
    if problems:
        raise _bad(file, problems)
    return Loaded(_directory(entry, layout), tuple(findings))


def _validated(layout: Layout, known: dict[str, Collection[str] | None]) -> tuple[DirectoryEntry | None, list[Problem]]:
    try:
        return DirectoryEntry.model_validate(layout.value, context=known), []
    except ValidationError as error:
        faults = error.errors(include_url=False)
        return None, [_problem(fault, layout) for fault in faults if not _follows(fault, faults)]


def _follows(fault: ErrorDetails, faults: Sequence[ErrorDetails]) -> bool:
    """Whether a list only counts as empty because its entries have faults of their own."""
    loc = fault["loc"]
    return fault["type"] == "too_short" and any(other["loc"][: len(loc)] == loc for other in faults if other != fault)


def _problem(fault: ErrorDetails, layout: Layout) -> Problem:
    # pydantic marks a fault in a mapping's key by this last part.
    at_key = fault["loc"][-1:] == ("[key]",)
    loc: Loc = fault["loc"][:-1] if at_key else fault["loc"]
    if not loc:
        what = words("The file is not a directory of groups.")
        return Problem(layout.place(()), "wrong_type", what, words("Begin it with the key groups:."))
    explained = explain(fault, DirectoryEntry)
    place = layout.place(loc, key=at_key or explained.at_key or fault["input"] is None)
    return Problem(place, explained.code, explained.what, explained.do)


def _directory(entry: DirectoryEntry, layout: Layout) -> Directory:
    groups = (_group(name, group, layout) for name, group in entry.groups.items())
    return Directory(tuple(groups), file=layout.file)


def _group(name: str, group: GroupEntry, layout: Layout) -> Group:
    loc: Loc = ("groups", name)
    return Group(
        name=name,
        direction=group.direction,
        units=tuple(_unit(unit, (*loc, "members", at), layout) for at, unit in enumerate(group.members)),
        template=group.template or group.direction.value,
        channels=group.channels,
        acknowledge=group.acknowledge,
        due=group.due,
        satisfied_by=group.satisfied_by,
        on_unknown=group.on_unknown,
        covers=group.covers,
        place=layout.place(loc, key=True),
    )


def _unit(unit: UnitEntry, loc: Loc, layout: Layout) -> Unit:
    people = tuple(_person(person, (*loc, "people", at), layout) for at, person in enumerate(unit.people))
    return Unit(unit.unit, people, unit.covers, layout.place((*loc, "unit")))


def _person(person: PersonEntry, loc: Loc, layout: Layout) -> Person:
    return Person(person.name, person.role, person.addresses(), person.id, layout.place((*loc, "name")))


def _empty(file: str) -> Problem:
    what = words("The file is empty: it has no groups.")
    return Problem(Place(file), "empty", what, words("Run `distributor init` to see an example directory."))


def _bad(file: str, problems: Sequence[Problem]) -> BadFile:
    """All problems in the order of the file, and no more than a person can read."""
    ordered = sorted(problems, key=lambda problem: problem.place)
    rest = len(ordered) - MOST_PROBLEMS
    if rest > 0:
        what = words("{count} more problems are not shown.", count=rest)
        ordered[MOST_PROBLEMS:] = [Problem(Place(file), "more", what)]
    return BadFile(file, ordered)
