"""YAML text as plain values, with the place of every key and value.

Reads the parser's events one by one, so that what a hostile file uses to explode (aliases,
tags, depth) is refused before anything is built. Scalars stay texts: what YAML versions read
differently (`no`, `12:30`, `0123`) becomes `Unquoted`, and nobody guesses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from distributor.errors import Place, Problem
from distributor.misfit import Unquoted, shortened
from distributor.words import Words, words

Loc = tuple[str | int, ...]

#: The deepest file, the directory, is 7 deep.
DEEPEST = 20

#: What YAML 1.1 or 1.2 reads as null, a truth value, a number, a time or a date.
_NOT_TEXT = re.compile(
    r"~|null|true|false|yes|no|on|off|y|n"
    r"|[-+]?(\.?\d[\d_]*(\.[\d_]*)?(e[-+]?\d+)?|\.inf|0x[\da-f_]+|0o[0-7_]+|0b[01_]+)|\.nan"
    r"|\d+(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?([t ].*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Layout:
    """The values of a file, and where each stands by its path of keys and indexes."""

    file: str
    value: Any = None
    values: dict[Loc, Place] = field(default_factory=dict)
    keys: dict[Loc, Place] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, loc: Loc, *, key: bool = False) -> Place:
        """Where the value (or the key) at `loc` stands, or else the nearest thing around it."""
        for length in range(len(loc), -1, -1):
            for places in (self.keys, self.values) if key else (self.values, self.keys):
                if loc[:length] in places:
                    return places[loc[:length]]
        return Place(self.file)


def read_layout(text: str, *, file: str, bare_keys: re.Pattern[str] | None = None) -> Layout:
    """Reads one YAML document. Never raises for what the text holds; `problems` says what is wrong.

    Keys that `bare_keys` matches may look like numbers and stand without quotes.
    """
    builder = _Builder(file, bare_keys)
    try:
        builder.read(YAML(typ="safe", pure=True).parse(text))
    except MarkedYAMLError as error:
        builder.give_up(_syntax(error, text, file))
    except (YAMLError, ValueError, OverflowError) as error:
        # ruamel.yaml lets chr() fail on an escape such as "\UFFFFFFFF".
        what = words("The file is not valid YAML: {reason}.", reason=shortened(error))
        builder.give_up(Problem(Place(file), "yaml_syntax", what))
    return Layout(file, builder.value, builder.values, builder.keys, tuple(builder.problems))


class _Stop(Exception):
    """Nothing after this place can be read safely."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come. `key` is the key that waits for its value."""

    value: dict[str, Any] | list[Any]
    loc: Loc
    key: str | None = None
    twice: bool = False


class _Builder:
    def __init__(self, file: str, bare_keys: re.Pattern[str] | None) -> None:
        self.file = file
        self.bare_keys = bare_keys
        self.value: Any = None
        self.values: dict[Loc, Place] = {}
        self.keys: dict[Loc, Place] = {}
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._documents = 0

    def read(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                self._take(event)
        except _Stop as stop:
            self.give_up(stop.problem)

    def give_up(self, problem: Problem) -> None:
        """Half a file is not read: what is missing from it would only raise more complaints."""
        self.problems.append(problem)
        self.value = None

    def _take(self, event: Event) -> None:
        if isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._stop(
                    event, "documents", words("A second document starts here."), words("Remove the line ---.")
                )
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            self._stack.pop()
        elif isinstance(event, NodeEvent):
            self._refuse(event)
            self._node(event)

    def _refuse(self, event: NodeEvent) -> None:
        if isinstance(event, AliasEvent) or event.anchor:
            what = words("Anchors and aliases (& and *) are not allowed.")
            raise self._stop(
                event, "alias", what, words("Write the entry out, or put the text in quotes if it begins so.")
            )
        if getattr(event, "tag", None):
            what = words("Tags (!) are not allowed.")
            raise self._stop(event, "tag", what, words("Remove the tag, or put the text in quotes if it begins so."))
        if len(self._stack) >= DEEPEST:
            what = words("Lists and keys are nested more than {limit} deep.", limit=DEEPEST)
            raise self._stop(event, "too_deep", what, words("Compare the indentation with the example file."))

    def _node(self, event: NodeEvent) -> None:
        if self._awaits_key():
            self._key(event)
            return
        if isinstance(event, ScalarEvent):
            self._put(_scalar(event), event)
        elif isinstance(event, MappingStartEvent):
            self._open({}, event)
        elif isinstance(event, SequenceStartEvent):
            self._open([], event)

    def _awaits_key(self) -> bool:
        return bool(self._stack) and isinstance(self._stack[-1].value, dict) and self._stack[-1].key is None

    def _key(self, event: NodeEvent) -> None:
        parent = self._stack[-1]
        if not isinstance(event, ScalarEvent):
            raise self._stop(
                event, "key", words("A list or a table cannot be a key."), words("Write a text before the colon.")
            )
        key = _scalar(event)
        if isinstance(key, Unquoted) and self.bare_keys is not None and self.bare_keys.fullmatch(key.text):
            key = key.text
        if not isinstance(key, str):
            what = words("{key} is not a text and cannot be a key.", key=shortened(event.value))
            do = words('Put it in quotes: "{value}".', value=shortened(event.value))
            self.problems.append(Problem(self._at(event), "unquoted", what, do))
            key = str(event.value)
        parent.key = key
        parent.twice = key in parent.value
        if parent.twice:
            first = self.keys[(*parent.loc, key)]
            what = words("{key} is already written at {place}.", key=shortened(key), place=first)
            do = words("Keep one of the two; YAML would silently drop the other.")
            self.problems.append(Problem(self._at(event), "duplicate_key", what, do))
        else:
            self.keys[(*parent.loc, key)] = self._at(event)

    def _put(self, value: Any, event: NodeEvent) -> Loc:
        """Hangs a value into the list or mapping around it. A key's second value goes nowhere, but is still read."""
        if not self._stack:
            self.value = value
            loc: Loc = ()
        else:
            loc = self._hang(self._stack[-1], value)
        self.values.setdefault(loc, self._at(event))
        return loc

    def _hang(self, parent: _Open, value: Any) -> Loc:
        if isinstance(parent.value, list):
            parent.value.append(value)
            return (*parent.loc, len(parent.value) - 1)
        assert parent.key is not None
        loc = (*parent.loc, parent.key)
        if parent.twice:
            loc = (*loc, "")
        else:
            parent.value[parent.key] = value
        parent.key = None
        return loc

    def _open(self, value: dict[str, Any] | list[Any], event: NodeEvent) -> None:
        self._stack.append(_Open(value, self._put(value, event)))

    def _at(self, event: Event) -> Place:
        return Place(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _stop(self, event: Event, code: str, what: Words, do: Words) -> _Stop:
        return _Stop(Problem(self._at(event), code, what, do))


def _scalar(event: ScalarEvent) -> str | Unquoted | None:
    if event.style:  # quoted, or a block of text
        return str(event.value)
    if event.value == "":
        return None
    return Unquoted(event.value) if _NOT_TEXT.fullmatch(event.value) else str(event.value)


def _syntax(error: MarkedYAMLError, text: str, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    place = Place(file, line + 1, mark.column + 1) if mark else Place(file)
    near = text.split("\n")[max(line - 1, 0) : line + 1]
    if any("：" in part for part in near):
        do = words("There is a full-width colon ： near this line; write a half-width colon and a space.")
    elif any(part.count("{") > part.count("}") or part.count("[") > part.count("]") for part in near):
        do = words("A bracket is opened near this line and not closed; close it with {close}.", close="} / ]")
    elif any("@" in part for part in near):
        do = words("Put a text that begins with @ in quotes.")
    else:
        do = words("Compare this line and the one above it with the example file: indentation, colons, quotes.")
    what = words("The file is not valid YAML here: {reason}.", reason=shortened(error.problem or error))
    return Problem(place, "yaml_syntax", what, do)
