"""The one look of all tables on a terminal."""

from rich.table import Table


def plain_table(*columns: str) -> Table:
    """A table without lines, whose cells wrap rather than being cut."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
