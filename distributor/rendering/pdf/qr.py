"""A QR code (ISO/IEC 18004) of an address: as a picture without pixels for pages, as modules for paper.

Level M survives a fold or a stamp over a corner; four modules of white surround it.
"""

import io
from collections.abc import Iterator

import segno

_BORDER = 4


def qr_svg(address: str) -> bytes:
    """The code as SVG."""
    file = io.BytesIO()
    _made(address).save(file, kind="svg", border=_BORDER, xmldecl=False, nl=False)
    return file.getvalue()


def qr_modules(address: str) -> Iterator[tuple[bool, ...]]:
    """The code row by row, with the white around it; True is dark."""
    for row in _made(address).matrix_iter(border=_BORDER):
        yield tuple(map(bool, row))


def _made(address: str) -> segno.QRCode:
    return segno.make(address, error="m", micro=False)
