"""The bytes of a YAML file, made into text that is safe to parse.

Accepts UTF-8 with or without a byte order mark and any line ends. Refuses more than 2 MB,
other encodings (an office's Notepad may save GBK), control and invisible characters, and tabs or
full-width spaces in the indentation. Nothing is guessed.
"""

import codecs
import re
import unicodedata
from dataclasses import dataclass

from distributor.errors import BadFile, Place, Problem
from distributor.words import Words, words

#: More than this is not written by people: a directory of 20,000 comes to about 1.2 MB.
LARGEST = 2_000_000

_WRONG_INDENT = re.compile(r"[ -]*([\t\u00a0\u3000])")
#: A line of nothing but spaces of any kind is a blank line, whatever YAML makes of them.
_BLANK = re.compile(r"^[ \t\u00a0\u3000]+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Source:
    """The text to parse and what was wrong with its characters. `usable`: its structure can still be read."""

    text: str
    problems: tuple[Problem, ...] = ()
    usable: bool = True


def read_source(source: bytes, *, file: str) -> Source:
    """Decodes and checks. Raises `BadFile` where nothing further can be said about the file."""
    if len(source) > LARGEST:
        what = words("The file is larger than {limit} bytes.", limit=LARGEST)
        raise _unreadable(file, "too_large", what, words("What people write is far smaller; is it the right file?"))
    text = _decode(source, file).replace("\r\n", "\n")
    text, problems = _without_invisible(text, file)
    text = _BLANK.sub("", text)
    indents = _indents(text, file)
    return Source(text, (*problems, *indents), usable=not indents)


def _decode(source: bytes, file: str) -> str:
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or source[:2].count(0) == 1:
        raise _unreadable(file, "encoding", words("The file is saved as UTF-16."), _SAVE)
    try:
        return source.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        try:
            source.decode("gb18030")
        except UnicodeDecodeError:
            raise _unreadable(file, "encoding", words("The file is not saved as UTF-8."), _SAVE, line) from error
        raise _unreadable(file, "encoding", words("The file is saved as GBK, not as UTF-8."), _SAVE, line) from error


_SAVE = words("Save it as UTF-8 in your editor and try again.")


def _without_invisible(text: str, file: str) -> tuple[str, tuple[Problem, ...]]:
    """Takes out the characters that no entry may hold, so that the rest is still checked."""
    if text.isprintable():
        return text, ()
    lines, problems = text.split("\n"), []
    for number, line in enumerate(lines, 1):
        if line.replace("\t", " ").isprintable():
            continue
        kept = "".join(char for char in line if not _invisible(char))
        if kept != line:
            column = next(index for index, char in enumerate(line, 1) if _invisible(char))
            problems.append(_invisible_at(Place(file, number, column), line[column - 1]))
            lines[number - 1] = kept
    return "\n".join(lines), tuple(problems)


def _invisible(char: str) -> bool:
    return char != "\t" and unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def _invisible_at(place: Place, char: str) -> Problem:
    what = words("The line contains the invisible character U+{code}.", code=f"{ord(char):04X}")
    return Problem(place, "control_character", what, words("Delete it; type the line again when you cannot see it."))


def _indents(text: str, file: str) -> tuple[Problem, ...]:
    """Lines that begin with what looks like spaces and is not: YAML's own complaint would not say so."""
    found = ((number, _WRONG_INDENT.match(line)) for number, line in enumerate(text.split("\n"), 1))
    return tuple(_indent(Place(file, number, match.end()), match[1]) for number, match in found if match)


def _indent(place: Place, char: str) -> Problem:
    what = words("The line is indented with a tab.")
    if char != "\t":
        what = words("The line is indented with a full-width or non-breaking space.")
    return Problem(place, "indent", what, words("Indent with half-width spaces only."))


def _unreadable(file: str, code: str, what: Words, do: Words, line: int = 0) -> BadFile:
    return BadFile(file, [Problem(Place(file, line), code, what, do)])
