"""The errors people read: what happened, where, and what to do.

Every error the program raises on purpose is a `DistributorError`. Its sentences are
`Words`, so they are shown in the reader's language. Anything else that escapes is a bug.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from distributor.words import Words, say, words


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in a file that a person edits. Line and column count from 1; 0 means the whole file.

    A Word document has no lines: there `paragraph` counts the printed paragraphs from 1, those in tables
    with them, and `near` holds the first words of the paragraph.
    """

    file: str
    line: int = 0
    column: int = 0
    paragraph: int = 0
    near: str = ""

    def __str__(self) -> str:
        if self.paragraph and self.near:
            return say("{file}, paragraph {number} (“{near}”)", file=self.file, number=self.paragraph, near=self.near)
        if self.paragraph:
            return say("{file}, paragraph {number}", file=self.file, number=self.paragraph)
        if not self.line:
            return self.file
        return f"{self.file}:{self.line}:{self.column}" if self.column else f"{self.file}:{self.line}"


class DistributorError(Exception):
    """Something a person can act on."""

    #: Stable name for `--json` and for tests; never translated.
    code = "error"
    #: The findings it stands for, one by one, when there are several.
    problems: "tuple[Problem, ...]" = ()

    def __init__(self, what: Words, *, do: Words | None = None, place: Place | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.do = do
        self.place = place

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        advice = f" {self.do}" if self.do else ""
        return f"{where}{self.what}{advice}"


class BadInput(DistributorError):
    """A file or an argument cannot be used as it is."""

    code = "bad_input"


class Refused(DistributorError):
    """The input is readable, but the program declines to go on, for safety."""

    code = "refused"


class Unavailable(DistributorError):
    """Something outside the program (database, mail server, disk) does not answer as it must."""

    code = "unavailable"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file: where, what, and what to do. Errors block, warnings need a yes."""

    place: Place
    code: str
    what: Words
    do: Words | None = None
    grade: str = "error"  # error | warning

    def __str__(self) -> str:
        return f"{self.place}: {self.what}" + (f" {self.do}" if self.do else "")


class BadFile(BadInput):
    """A file has one or more problems; all of them are reported at once."""

    code = "bad_file"

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(words("{file} has {count} problem(s).", file=file, count=len(problems)), place=Place(file))
        self.problems = tuple(problems)

    def __str__(self) -> str:
        return "\n".join([str(self.what), *(f"  {problem}" for problem in self.problems)])
