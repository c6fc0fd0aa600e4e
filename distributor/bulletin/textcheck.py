"""Findings in the source text itself: characters that do not belong, brackets, words of a faulty recognition.

Every finding has the line and column of the character. The text is never changed.
"""

import re
import unicodedata
from collections.abc import Iterator

from distributor.bulletin.shape import HANZI
from distributor.errors import Place, Problem
from distributor.words import Words, words

_PER_CODE = 20
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_BREAKS = frozenset("\u2028\u2029\x0b\x0c\x85\x1c\x1d\x1e")
_PAIRS = {"】": "【", "）": "（", "”": "“", "》": "《"}
_SAME = str.maketrans("()", "（）")
_ENUMERATION = re.compile(r"(?:^|[\s；。，、：])(?:\d{1,3}|[一二三四五六七八九十]{1,3}|[a-zA-Z])$")
_CONJUNCTION = re.compile(rf"[{HANZI}][ ]*\b(?P<word>and|or|the|of|to|in|with|AND|OR|And)\b[ ]*[{HANZI}]")


def check_text(text: str, file: str) -> tuple[Problem, ...]:
    """The findings of the text, at most twenty of each kind. Linear in the length of the text."""
    problems: list[Problem] = []
    for check in (_strange_characters, _conjunctions, _unbalanced):
        counts: dict[str, int] = {}
        for problem in check(text, file):
            counts[problem.code] = counts.get(problem.code, 0) + 1
            if counts[problem.code] <= _PER_CODE:
                problems.append(problem)
            if min(counts.values()) > _PER_CODE and len(counts) > 2:
                break
    return tuple(problems)


def _strange_characters(text: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.isprintable():
            continue
        for column, character in enumerate(line, 1):
            if what := _strange(character):
                name = f"U+{ord(character):04X}"
                yield Problem(
                    Place(file, number, column),
                    what[0],
                    Words(what[1].english, {"character": name}),
                    words("Delete the character; type the line again if it cannot be seen."),
                    what[2],
                )


def _strange(character: str) -> tuple[str, Words, str] | None:
    if character in _BIDI:
        return "bidi", words("The invisible character {character} turns the direction of the text."), "error"
    if character in _BREAKS:
        return "line_separator", words("{character} is a line break that mail programs do not agree on."), "error"
    if unicodedata.category(character) == "Cc" and character != "\t":
        return "control_character", words("{character} is a control character and cannot be mailed."), "error"
    if unicodedata.category(character) in ("Cs", "Cn"):
        return "control_character", words("{character} is not a character and cannot be mailed."), "error"
    if unicodedata.category(character) == "Co":
        return (
            "private_character",
            words("{character} is a private character that readers see as an empty box."),
            "warning",
        )
    return None


def _conjunctions(text: str, file: str) -> Iterator[Problem]:
    for number, line in enumerate(text.split("\n"), 1):
        for match in _CONJUNCTION.finditer(line):
            yield Problem(
                Place(file, number, match.start("word") + 1),
                "latin_conjunction",
                words("“{word}” stands between Chinese words: {context}", word=match["word"], context=match[0]),
                words("It looks like a mistake of text recognition (和, 或); correct it, or leave it if it is meant."),
                "warning",
            )


def _unbalanced(text: str, file: str) -> Iterator[Problem]:
    """Brackets and quotes are balanced paragraph by paragraph; the first that is not is named."""
    stack: list[tuple[str, int, int]] = []
    wrong: tuple[str, int, int] | None = None
    for number, line in enumerate([*text.split("\n"), ""], 1):
        if not line.strip():
            odd = wrong or (stack[0] if stack else None)
            if odd is not None:
                yield _odd(odd, file)
            stack, wrong = [], None
            continue
        for column, raw in enumerate(line, 1):
            character = raw.translate(_SAME) if raw in "()" else raw
            if character in _PAIRS.values():
                stack.append((character, number, column))
            elif character in _PAIRS and wrong is None:
                if stack and stack[-1][0] == _PAIRS[character]:
                    stack.pop()
                elif character != "）" or not _ENUMERATION.search(line[max(column - 8, 0) : column - 1]):
                    wrong = (character, number, column)


def _odd(odd: tuple[str, int, int], file: str) -> Problem:
    return Problem(
        Place(file, odd[1], odd[2]),
        "unbalanced",
        words("“{character}” has no partner in its paragraph.", character=odd[0]),
        words("Add the missing one, or take this one out."),
        "warning",
    )
