"""What Typst says when it cannot set a bulletin, in sentences an editor can act on.

Under PDF/A Typst refuses every character that no font has and names it; all other errors are
faults of a template and are told with its file and line.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from distributor.errors import BadInput, Place
from distributor.words import words

#: PDF/A also forbids private characters, whose look only one machine knows (ISO 19005-2, 6.2.11.7).
_NO_GLYPH = re.compile(
    r'(?:the text|the PDF contains the codepoint|contains the disallowed codepoint) `"((?:[^"\\]|\\.)*)"`'
)
_ESCAPED = re.compile(r"\\(?:u\{([0-9a-f]{1,6})\}|(.))")
_WHERE = re.compile(r"┌─ (?:[^\n]*/)?([^/\n:]+):(\d+):(\d+)")
_SAID = re.compile(r"^error: (.+)$", re.MULTILINE)
_AROUND = 8


class MissingGlyph(BadInput):
    """Characters that none of the PDF's fonts can show. `characters` has each once, in the order of the text."""

    code = "missing_glyph"

    def __init__(self, characters: tuple[str, ...], values: object) -> None:
        self.characters = characters
        shown = "、".join(f"“{_visible(text)}”（{_codes(text)}）" for text in characters)
        super().__init__(
            words(
                "The fonts of the PDF have no glyph for {characters}; it stands in “{context}”.",
                characters=shown,
                context=_context(characters[0], values),
            ),
            do=words("Use another form of the character, or put a font that has it into templates/pdf/fonts/."),
        )


def explained(diagnostic: str, values: Mapping[str, object], sources: Mapping[str, Path]) -> BadInput:
    """The error for Typst's own `diagnostic`. `sources` says where each template file came from."""
    # A mark that joins what stands before it is named together with that, a blank of the template included.
    missing = tuple(dict.fromkeys(_unescaped(found).strip() for found in _NO_GLYPH.findall(diagnostic)))
    if missing:
        return MissingGlyph(missing, values)
    said, where = _SAID.search(diagnostic), _WHERE.search(diagnostic)
    file = sources.get(where[1]) if where else None
    place = Place(str(file), int(where[2]), int(where[3]) + 1) if file and where else Place("templates/pdf")
    reason = said[1] if said else diagnostic.strip()[:200]
    return BadInput(
        words("The template of the PDF fails: {reason}", reason=reason),
        do=words("Correct the template at this line."),
        place=place,
    )


def _unescaped(text: str) -> str:
    """Undoes Rust's way of writing a string."""
    named = {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)) if match[1] else named.get(match[2], match[2]), text)


def _visible(text: str) -> str:
    return text if text.isprintable() else "\N{REPLACEMENT CHARACTER}"


def _codes(text: str) -> str:
    return " ".join(f"U+{ord(character):04X}" for character in text)


def _context(character: str, values: object) -> str:
    """The words around the first place where a character stands."""
    for text in _strings(values):
        at = text.find(character)
        if at >= 0:
            around = text[max(at - _AROUND, 0) : at + len(character) + _AROUND]
            return "".join(map(_visible, around)).strip()
    return _visible(character)


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)
