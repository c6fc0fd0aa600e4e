"""Which tables a phone can show as they are: those of four columns, and wider ones whose cells are short."""

from collections.abc import Sequence

from distributor.bulletin.model import Table
from distributor.rendering.plain import width

#: Every phone has room for four columns, whose cells may break.
COLUMNS = 4

#: A letter's column on a phone 375 pixels wide; a cell's type, and the padding and rule around it.
_ROOM, _TYPE, _AROUND = 335, 15, 13


def fits_phone(table: Table) -> bool:
    """Whether a letter can print the table; another is written out row by row."""
    return fits([["".join(span.text for span in cell) for cell in row] for row in table.rows])


def fits(rows: Sequence[Sequence[str]]) -> bool:
    """The same for texts. Where there are more than four columns, no cell may have to break."""
    count = max(map(len, rows), default=0)
    widest = [max(width(row[column]) for row in rows if column < len(row)) for column in range(count)]
    return count <= COLUMNS or sum(columns * _TYPE / 2 + _AROUND for columns in widest) <= _ROOM
