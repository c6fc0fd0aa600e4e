"""Short texts made to fit where a platform counts bytes of UTF-8 and would cut in the middle of what is asked.

Nothing is cut within a character that people see as one: not within its bytes, nor before an accent or a joined
picture (UAX #29, as far as titles need it).
"""

import unicodedata
from collections.abc import Sequence

_MORE = "…"
_JOINER = "\N{ZERO WIDTH JOINER}"

#: A line is not worth showing with fewer bytes than these: eleven characters and the sign that there is more.
_SHORTEST = 36

#: The number of a bulletin stands after the last blank of its title and is at most so long.
_LONGEST_NUMBER = 64


def octets(text: str) -> int:
    """The length of a text in bytes of UTF-8."""
    return len(text.encode())


def cut(text: str, most: int) -> str:
    """The text in at most `most` bytes; one that is cut ends in “…”."""
    if octets(text) <= most:
        return text
    end = len(text.encode()[: max(most - octets(_MORE), 0)].decode(errors="ignore"))
    while end and _belongs_to_the_one_before(text, end):
        end -= 1
    return text[:end].rstrip() + _MORE if end else ""


def cut_title(text: str, most: int) -> str:
    """A title in at most `most` bytes that keeps its number: what stands after the last blank is not cut."""
    head, blank, number = text.rpartition(" ")
    if octets(text) <= most or not blank or octets(number) > _LONGEST_NUMBER:
        return cut(text, most)
    return f"{cut(head, most - octets(number) - 1)} {number}"


def level(lines: Sequence[str], most: int, *, between: int = 1) -> list[str]:
    """Lines that together have at most `most` bytes, with `between` bytes from each to the next.

    The longest are cut first, all to the same length, so that a short last line, which says what is asked, stays
    whole. Where no readable length is left, the lines before the last are dropped, the latest first.
    """
    kept = list(lines)
    while len(kept) > 1 and _length(kept, most, between) < min(_SHORTEST, max(map(octets, kept))):
        del kept[-2]
    length = _length(kept, most, between)
    return [cut(line, length) for line in kept]


def _length(lines: Sequence[str], most: int, between: int) -> int:
    """The greatest length to which all longer lines can be cut so that the whole fits; below 0 when none is."""
    room = most - between * (len(lines) - 1)
    for left, size in zip(range(len(lines), 0, -1), sorted(map(octets, lines)), strict=True):
        if size * left > room:
            return room // left
        room -= size
    return most


def _belongs_to_the_one_before(text: str, at: int) -> bool:
    char, before = text[at], text[at - 1]
    return _JOINER in (char, before) or unicodedata.category(char) in ("Mn", "Me", "Mc") or "🏻" <= char <= "🏿"
