"""What no header of a letter may carry: the one definition for names that people write and for what is sent.

A line end would begin another header, `=?` opens an encoded word that may decode into one (CVE-2024-6923), a
bidirectional control lets a name pose as another, and what nobody can see nobody can check.
"""

import unicodedata

#: Control and format characters, half surrogates, line and paragraph separators.
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})

ENCODED_WORD = "=?"  # RFC 2047 2

#: They join what they stand between, emoji among them, and can neither end a line nor turn it.
_JOINERS = "\u200c\u200d"


def unsafe(text: str) -> str | None:
    """The first thing in a text that may not stand in a header, as people are shown it (U+202E); None if all may."""
    if not text.isprintable() and (found := next(filter(_is_unsafe, text), None)):
        return f"U+{ord(found):04X}"
    return ENCODED_WORD if ENCODED_WORD in text else None


def _is_unsafe(char: str) -> bool:
    number = ord(char)
    noncharacter = 0xFDD0 <= number <= 0xFDEF or number & 0xFFFE == 0xFFFE  # Unicode 23.7
    return noncharacter or (unicodedata.category(char) in INVISIBLE and char not in _JOINERS)
