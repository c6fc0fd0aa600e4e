"""What a Word document holds that a letter cannot carry, each with the paragraph where it stands.

What would change the meaning or show what was meant to be hidden is an error; the rest is a warning.
"""

from dataclasses import dataclass

from distributor.errors import Problem
from distributor.words import Words, words

_LONGEST = 40
_PER_CODE = 20


@dataclass(frozen=True, slots=True)
class Doubt:
    """A finding before its paragraph has a number. `at`: the index of the paragraph, None for the whole file."""

    at: int | None
    code: str
    what: Words
    do: Words
    grade: str = "error"


def excerpt(text: str) -> str:
    """The first words of a text on one line."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def inserted(at: int | None, text: str) -> Doubt:
    return _tracked(at, words("“{text}” is a tracked insertion: nobody has accepted it yet.", text=excerpt(text)))


def deleted(at: int | None, text: str) -> Doubt:
    return _tracked(at, words("“{text}” is a tracked deletion: nobody has accepted it yet.", text=excerpt(text)))


def moved(at: int | None, text: str) -> Doubt:
    return _tracked(at, words("“{text}” was moved with tracking on: nobody has accepted it yet.", text=excerpt(text)))


def reshaped(at: int | None) -> Doubt:
    return _tracked(at, words("A paragraph or table row was added or deleted with tracking on."))


def _tracked(at: int | None, what: Words) -> Doubt:
    do = words("In Word: Review, Accept (or Reject) All Changes; then save.")
    return Doubt(at, "tracked_changes", what, do)


def comment(at: int | None, author: str, text: str) -> Doubt:
    return Doubt(
        at,
        "comment",
        words("{author} has commented here: “{text}”", author=excerpt(author) or "?", text=excerpt(text)),
        words("Settle it and delete the comment; comments are not sent."),
        "warning",
    )


def note(at: int | None, text: str) -> Doubt:
    return Doubt(
        at,
        "footnote",
        words("The footnote “{text}” is not printed in letters.", text=excerpt(text)),
        words("Write it into the text if readers need it."),
        "warning",
    )


def hidden(at: int | None, text: str) -> Doubt:
    return Doubt(
        at,
        "hidden_text",
        words("“{text}” is hidden text; it is left out.", text=excerpt(text)),
        words("Delete it, or make it visible if it belongs to the bulletin."),
        "warning",
    )


def struck(at: int | None, text: str) -> Doubt:
    return Doubt(
        at,
        "struck_out",
        words("“{text}” is struck out; a letter would show it as valid text.", text=excerpt(text)),
        words("Delete it, or take the line through it away."),
    )


def raised(at: int | None, text: str) -> Doubt:
    return Doubt(
        at,
        "script_lost",
        words("“{text}” is raised or lowered; letters show it on the line.", text=excerpt(text)),
        words("Write it so that it cannot be misread."),
        "warning",
    )


def boxed(at: int | None, text: str) -> Doubt:
    return Doubt(
        at,
        "text_box",
        words("“{text}” stands in a text box; it is read here, as a paragraph.", text=excerpt(text)),
        words("If it belongs elsewhere, type it there and delete the box."),
        "warning",
    )


def margin(text: str) -> Doubt:
    return Doubt(
        None,
        "header_text",
        words("“{text}” stands in the page's header or footer and is not read.", text=excerpt(text)),
        words("If it belongs to the bulletin, type it into the text."),
        "warning",
    )


def classified(marking: str) -> Doubt:
    return Doubt(
        None,
        "classified",
        words("The bulletin is marked {marking} and must not be mailed.", marking=marking),
        words("Deliver it as the rules for secret papers say."),
    )


def lost_object(at: int | None, what: Words) -> Doubt:
    do = words("Copy it and paste it as a picture, or write what it says.")
    return Doubt(at, "object_lost", what, do)


def cropped(at: int | None) -> Doubt:
    return Doubt(
        at,
        "picture_cropped",
        words("A picture is cropped: the file still holds the parts that were cut away."),
        words("In Word: Compress Pictures, Delete cropped areas of pictures; then save."),
    )


def merged(at: int | None) -> Doubt:
    return Doubt(
        at,
        "cells_merged",
        words("A table has merged cells; letters show the words in the first of them and leave the others empty."),
        words("Look at the preview; split the cells if readers could misread the table."),
        "warning",
    )


def nested(at: int | None) -> Doubt:
    return Doubt(
        at,
        "table_in_table",
        words("A table stands inside another table; its words are printed in that one cell."),
        words("Take it out of the cell."),
        "warning",
    )


def tabled_picture(at: int | None) -> Doubt:
    return Doubt(
        at,
        "picture_moved",
        words("A picture stands in a table; it is printed below the table."),
        words("Put it outside the table if that is the wrong place."),
        "warning",
    )


def unread(sample: str, count: int) -> Doubt:
    return Doubt(
        None,
        "text_lost",
        words("Characters that cannot be read into the bulletin ({count}): {sample}", count=count, sample=sample),
        words("Write them as plain text, not as symbols or objects."),
    )


def within_limits(problems: list[Problem]) -> tuple[Problem, ...]:
    """At most twenty of each kind."""
    counts: dict[str, int] = {}
    kept: list[Problem] = []
    for problem in problems:
        counts[problem.code] = counts.get(problem.code, 0) + 1
        if counts[problem.code] <= _PER_CODE:
            kept.append(problem)
    return tuple(kept)
