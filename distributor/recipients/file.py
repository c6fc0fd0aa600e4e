"""Reads `recipients.yaml` into a `Directory`, or says everything that is wrong with it at once.

An invalid address is an error of the file, not of one row: a bulletin that silently leaves a
leader out is worse than one that waits, and the caller keeps the last good directory. Intranet
addresses, people without an address and odd manners are warnings.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from distributor.errors import BadInput, Problem
from distributor.recipients.cross import cross_check
from distributor.recipients.entries import DirectoryEntry, GroupEntry, PersonEntry, UnitEntry
from distributor.recipients.model import Directory, Group, Person, Unit
from distributor.words import words
from distributor.yaml.document import Kind, bad_file, read_document, validated
from distributor.yaml.layout import Layout, Loc
from distributor.yaml.source import LARGEST

_KIND = Kind(
    DirectoryEntry,
    empty=words("The file is empty: it has no groups."),
    empty_do=words("Run `distributor init` to see an example directory."),
    other=words("The file is not a directory of groups."),
    other_do=words("Begin it with the key groups:."),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A directory that can be used, and what an editor should know about it."""

    directory: Directory
    warnings: tuple[Problem, ...] = ()


def load_directory(
    path: Path,
    *,
    known_templates: Collection[str] | None = None,
    known_channels: Collection[str] = ("email",),
    known_chats: Mapping[str, Collection[str]] | None = None,
) -> Loaded:
    """Reads a directory file.

    `known_templates` and `known_channels` are what a group may name, `known_chats` what a person's `wecom_robot` and
    `apprise` may; None leaves them unchecked.
    Raises `BadFile` with every problem, or `BadInput` when the file cannot be opened.
    """
    try:
        with path.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except OSError as error:
        what = words("The directory {file} cannot be read: {reason}.", file=path, reason=error.strerror or error)
        do = words("Run `distributor init` to make an example, or name the file in distributor.toml.")
        raise BadInput(what, do=do) from error
    return parse_directory(
        source,
        file=str(path),
        known_templates=known_templates,
        known_channels=known_channels,
        known_chats=known_chats,
    )


def parse_directory(
    source: bytes,
    *,
    file: str = "recipients.yaml",
    known_templates: Collection[str] | None = None,
    known_channels: Collection[str] = ("email",),
    known_chats: Mapping[str, Collection[str]] | None = None,
) -> Loaded:
    """Reads a directory from bytes; pure. `file` is the name that problems give. Raises `BadFile`."""
    layout, problems = read_document(source, _KIND, file=file)
    known = {"template": known_templates, "channels": known_channels, "chats": known_chats}
    entry, faults = validated(layout, _KIND, context=known)
    problems += faults
    if entry is None:
        raise bad_file(file, problems)
    findings = cross_check(entry, layout, known_templates=known_templates)
    problems += (finding for finding in findings if finding.grade == "error")
    if problems:
        raise bad_file(file, problems)
    return Loaded(_directory(entry, layout), tuple(findings))


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
        remark=group.remark,
        read_report=group.read_report,
        remind=group.remind,
        escalate_after=group.escalate_after,
        attach=group.attach,
        wecom_form=group.wecom_form,
        pixel=group.pixel,
        covers=group.covers,
        place=layout.place(loc, key=True),
    )


def _unit(unit: UnitEntry, loc: Loc, layout: Layout) -> Unit:
    people = tuple(_person(person, (*loc, "people", at), layout) for at, person in enumerate(unit.people))
    return Unit(unit.unit, people, unit.covers, layout.place((*loc, "unit")))


def _person(person: PersonEntry, loc: Loc, layout: Layout) -> Person:
    place = layout.place((*loc, "name"))
    return Person(person.name, person.role, person.addresses(), person.id, place, person.mobile or "")
