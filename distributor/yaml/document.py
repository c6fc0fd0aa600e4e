"""A YAML file checked against its model: values, or every fault with its place, in the order of the file.

What `recipients.yaml` and `calendar.yaml` have in common. A file with any fault is refused as a
whole; the caller keeps the last good one.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from distributor.errors import BadFile, Place, Problem
from distributor.misfit import explain
from distributor.words import Words, words
from distributor.yaml.layout import Layout, Loc, read_layout
from distributor.yaml.source import read_source

Model = TypeVar("Model", bound=BaseModel)

#: A file that is something else altogether would fill the screen.
MOST_PROBLEMS = 100


@dataclass(frozen=True, slots=True)
class Kind(Generic[Model]):
    """What a file is meant to be: its model, and what to say when it is empty or nothing of the kind."""

    model: type[Model]
    empty: Words
    empty_do: Words
    other: Words
    other_do: Words
    bare_keys: re.Pattern[str] | None = None


def read_document(source: bytes, kind: Kind[Model], *, file: str) -> tuple[Layout, list[Problem]]:
    """Decodes and parses; pure. The layout holds a value. Raises `BadFile` when there is none to look at."""
    text = read_source(source, file=file)
    if not text.usable:
        raise bad_file(file, text.problems)
    layout = read_layout(text.text, file=file, bare_keys=kind.bare_keys)
    problems = [*text.problems, *layout.problems]
    if layout.value is None:
        raise bad_file(file, problems or [Problem(Place(file), "empty", kind.empty, kind.empty_do)])
    return layout, problems


def validated(
    layout: Layout, kind: Kind[Model], *, context: Mapping[str, object] | None = None
) -> tuple[Model | None, list[Problem]]:
    """The values as the kind's model, or None with every fault."""
    try:
        return kind.model.model_validate(layout.value, context=dict(context or {})), []
    except ValidationError as error:
        faults = error.errors(include_url=False)
        return None, [_problem(fault, layout, kind) for fault in faults if not _follows(fault, faults)]


def bad_file(file: str, problems: Sequence[Problem]) -> BadFile:
    """All problems in the order of the file, and no more than a person can read."""
    ordered = sorted(problems, key=lambda problem: problem.place)
    rest = len(ordered) - MOST_PROBLEMS
    if rest > 0:
        what = words("More problems, not shown: {count}.", count=rest)
        ordered[MOST_PROBLEMS:] = [Problem(Place(file), "more", what)]
    return BadFile(file, ordered)


def _follows(fault: ErrorDetails, faults: Sequence[ErrorDetails]) -> bool:
    """Whether a list only counts as empty because its entries have faults of their own."""
    loc = fault["loc"]
    return fault["type"] == "too_short" and any(other["loc"][: len(loc)] == loc for other in faults if other != fault)


def _problem(fault: ErrorDetails, layout: Layout, kind: Kind[Model]) -> Problem:
    # pydantic marks a fault in a mapping's key by this last part.
    at_key = fault["loc"][-1:] == ("[key]",)
    loc: Loc = fault["loc"][:-1] if at_key else fault["loc"]
    if not loc:
        return Problem(layout.place(()), "wrong_type", kind.other, kind.other_do)
    explained = explain(fault, kind.model)
    place = layout.place(loc, key=at_key or explained.at_key or fault["input"] is None)
    return Problem(place, explained.code, explained.what, explained.do)
