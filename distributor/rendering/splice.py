"""A body encoded once as base64, with gaps into which each copy's personal fields go.

base64 turns three bytes into four characters, so what stands before a static stretch decides
how it is cut. A stretch is therefore encoded in three ways beforehand, one per remainder; only
the few bytes around a gap are encoded for each copy. Lines stay at 76 characters at most
(RFC 2045 6.8); some are shorter, which decoders must accept.
"""

from binascii import b2a_base64
from collections.abc import Mapping
from dataclasses import dataclass

from distributor.rendering import fields

#: Bytes that make a full line, of 76 characters.
LINE = 57


@dataclass(frozen=True, slots=True)
class _Cut:
    """A stretch whose first `skip` bytes go with what stands before it."""

    head: bytes
    encoded: bytes
    tail: bytes


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Static bytes between two gaps. `cuts` is indexed by skip; None when the stretch is shorter than the skip."""

    content: bytes
    cuts: tuple[_Cut | None, _Cut | None, _Cut | None]


class SplicedBody:
    """One text as base64 lines with gaps. Line ends become CRLF, the canonical form of text (RFC 2045 6.8)."""

    def __init__(self, marked_text: str) -> None:
        parts = fields.split(marked_text.replace("\n", "\r\n"))
        self._stretches = tuple(_stretch(part.encode()) for part in parts[0::2])
        self._gaps = tuple(parts[1::2])

    def pieces(self, values: Mapping[str, bytes]) -> list[bytes]:
        """Returns the encoded body for one copy, in pieces to be joined. Every field must have a value."""
        pieces: list[bytes] = []
        waiting = b""
        for number, stretch in enumerate(self._stretches):
            if number:
                waiting += values[self._gaps[number - 1]]
            cut = stretch.cuts[-len(waiting) % 3]
            if cut is None:
                waiting += stretch.content
                continue
            if waiting:
                pieces.append(lines(waiting + cut.head))
            pieces.append(cut.encoded)
            waiting = cut.tail
        pieces.append(lines(waiting))
        return pieces


def _stretch(content: bytes) -> _Stretch:
    first, second, third = (_cut(content, skip) for skip in range(3))
    return _Stretch(content, (first, second, third))


def _cut(content: bytes, skip: int) -> _Cut | None:
    if len(content) < skip:
        return None
    end = len(content) - (len(content) - skip) % 3
    return _Cut(content[:skip], lines(content[skip:end]), content[end:])


def lines(content: bytes) -> bytes:
    """Bytes as lines of base64."""
    cut = range(0, len(content), LINE)
    return b"".join([b2a_base64(content[at : at + LINE], newline=False) + b"\r\n" for at in cut])
