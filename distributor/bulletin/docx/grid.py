"""Tables as Word merges and nests them, taken apart into plain rows of cells."""

from collections.abc import Iterable, Iterator

from distributor.bulletin.docx.reader import Cell, Grid, Words


def unframed(body: Iterable[Words | Grid]) -> Iterator[Words | Grid]:
    """The blocks in order, with those inside a table of one column in place of the table."""
    for block in body:
        if isinstance(block, Grid) and all(len(row) <= 1 for row in block.rows):
            yield from unframed(inner for row in block.rows for cell in row for inner in cell.content)
        else:
            yield block


def words_of(cell: Cell) -> Iterator[Words]:
    """The paragraphs of a cell, those of tables inside it with them."""
    for block in cell.content:
        if isinstance(block, Words):
            yield block
        else:
            yield from (words for row in block.rows for inner in row for words in words_of(inner))


def squared(grid: Grid) -> Iterator[list[Cell]]:
    """The rows with an empty cell for every cell that was merged into another, all of one length."""
    empty = Cell(())
    below: dict[int, int] = {}  # column: how many more rows the cell above covers
    rows: list[list[Cell]] = []
    for cells in grid.rows:
        row: list[Cell] = []
        waiting = list(cells)
        while waiting or below.get(len(row)):
            at = len(row)
            if below.get(at):
                below[at] -= 1
                row.append(empty)
                continue
            cell = waiting.pop(0)
            below |= {at + each: cell.height - 1 for each in range(cell.width)}
            row += [cell, *[empty] * (cell.width - 1)]
        rows.append(row)
    width = max((len(row) for row in rows), default=0)
    for row in rows:
        yield row + [empty] * (width - len(row))
