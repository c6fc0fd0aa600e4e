"""A reader's own QR code in a PDF that was set once for everybody.

Typst sets the paper with a grey square where the code belongs. A copy is those bytes, unchanged, and behind them a new
version of that one picture, as PDF files are brought up to date (ISO 32000-1 7.5.6; PDF/A-2 allows it). So what the
office looked at is what everybody gets, and a code costs milliseconds where setting a paper costs a tenth of a second.
"""

import hashlib
import io
import re
import zlib
from dataclasses import dataclass
from functools import cache

from distributor.rendering.pdf.qr import qr_modules

_SIDE = 16
#: The square by which the place is found: pale, and no picture of anybody's.
_SQUARE = bytes(0xD4 + (7 * column + 11 * row + column * row) % 13 for row in range(_SIDE) for column in range(_SIDE))

#: Dots of the picture for one module of the code, so that viewers which smooth pictures keep its edges.
_DOTS = 4

# Bounded, because a photo may hold anything, also what takes hours to compare.
_PICTURE = re.compile(rb"(\d{1,9}) 0 obj\s{0,9}<<([^<>]{0,500}?/Subtype\s?/Image[^<>]{0,500})>>\s{0,9}stream\r?\n")
_LENGTH = re.compile(rb"/Length\s+(\d{1,9})\b")
_COLOURS = re.compile(rb"/ColorSpace\s*(/\w+|\d+ 0 R)")
_TRAILER = re.compile(rb"trailer\s*<<(.*)>>\s*startxref\s+(\d+)\s+%%EOF\s*\Z", re.DOTALL)
_TABLE = re.compile(rb"xref\s+0 (\d+)\s*\n")
_ENTRY = 20  # bytes of one line of the table (ISO 32000-1 7.5.4)
_SECOND_ID = re.compile(rb"(/ID\s*\[\s*(?:\([^)]*\)|<[^>]*>)\s*)(?:\([^)]*\)|<[^>]*>)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a paper's code belongs: the picture's number and colours, and what an update must repeat."""

    number: int
    colours: bytes
    trailer: bytes
    table_at: int
    end: int

    def update(self, link: str) -> bytes:
        """What turns the paper into one reader's own when it stands behind it: the same for the same link."""
        width, rows = _drawn(link)
        kind = b"/Type/XObject/Subtype/Image/ColorSpace %s/BitsPerComponent 1" % self.colours
        size = b"/Width %d/Height %d/Length %d" % (width, width, len(rows))
        opened = b"\n%d 0 obj\n<<%s%s>>\nstream\n" % (self.number, kind, size)
        picture = opened + rows + b"\nendstream\nendobj\n"
        table = b"xref\n%d 1\n%010d 00000 n\r\n" % (self.number, self.end + 1)
        # The second identifier is that of this version of the file (ISO 32000-1 14.4).
        version = hashlib.sha256(picture).hexdigest()[:32].encode()
        trailer = _SECOND_ID.sub(rb"\g<1><" + version + b">", self.trailer)
        at = self.end + len(picture)
        return picture + table + b"trailer\n<<%s/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, self.table_at, at)


def place_of(paper: bytes) -> Place | None:
    """Where the code belongs in a paper that Typst has set; None where its template prints none."""
    ending = _TRAILER.search(paper, max(0, len(paper) - 4096))
    if ending is None:
        return None
    table_at = int(ending[2])
    for found in _PICTURE.finditer(paper):
        length, colours = _LENGTH.search(found[2]), _COLOURS.search(found[2])
        # A photo stands in the file as it is, and may hold anything: only the table says what an object is.
        if not length or not colours or _start_of(int(found[1]), paper, table_at) != found.start():
            continue
        if _is_square(paper[found.end() : found.end() + int(length[1])]):
            return Place(int(found[1]), colours[1], ending[1], table_at, len(paper))
    return None


def with_code(paper: bytes, link: str) -> bytes:
    """A paper as one reader's own; one that has no place for a code stays as it is."""
    place = place_of(paper)
    return paper + place.update(link) if place else paper


@cache
def square() -> bytes:
    """The picture (PNG) that keeps the place."""
    from PIL import Image  # only whoever sets a paper needs it

    file = io.BytesIO()
    Image.frombytes("L", (_SIDE, _SIDE), _SQUARE).save(file, "PNG")
    return file.getvalue()


def _start_of(number: int, paper: bytes, table_at: int) -> int | None:
    """Where an object begins by the file's own table; None when it has no such object."""
    opened = _TABLE.match(paper, table_at)
    if opened is None or number >= int(opened[1]):
        return None
    entry = paper[opened.end() + _ENTRY * number :][:_ENTRY]
    return int(entry[:10]) if entry[:10].isdigit() else None


def _is_square(stream: bytes) -> bool:
    try:
        return zlib.decompressobj().decompress(stream, len(_SQUARE) + 1) == _SQUARE
    except zlib.error:
        return False


def _drawn(link: str) -> tuple[int, bytes]:
    """The width of the code in dots, and its rows of dots, eight to a byte, black as 0."""
    rows = []
    for modules in qr_modules(link):
        dots = "".join(("0" if dark else "1") * _DOTS for dark in modules)
        row = int(dots.ljust(-(-len(dots) // 8) * 8, "1"), 2).to_bytes(-(-len(dots) // 8))
        rows += [row] * _DOTS
    return len(rows), b"".join(rows)
