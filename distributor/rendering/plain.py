"""Layout of the text part: lines of at most 76 columns (38 hanzi), set by Chinese rules.

A hanzi takes two columns. No line begins with a closing mark (，。！”）) or ends with an opening
one (（《“), and a run of Latin letters or digits stays whole. Many readers set the text part
in a proportional face, so nothing here depends on exact alignment to be understood.
"""

import re
from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from wcwidth import wcswidth

from distributor.bulletin.model import Span, Table

WIDTH = 76
INDENT = "\u3000\u3000"

_CLOSING = frozenset("，。；：、！？）》”】』」’〉〕］…,.;:!?)]}%％℃·—～")
_OPENING = frozenset("（《“【『「‘〈〔［([{")
_TOKEN = re.compile(r"[!-~]+|.", re.DOTALL)
_NARROWEST = 4


def width(text: str) -> int:
    """The columns a line takes in a Chinese face."""
    return max(wcswidth(text), 0) + sum(map(_is_wide_here, text))


def _is_wide_here(char: str) -> bool:
    """Marks such as “ … ※ Ⅱ are "ambiguous" (UAX 11), one column for wcwidth; Chinese faces set them full width."""
    return char >= "\u2000" and east_asian_width(char) == "A"


def wrapped(text: str, first: str = INDENT, rest: str = "", columns: int = WIDTH) -> str:
    """Breaks text into lines; `first` opens the first line, `rest` every other."""
    return "\n".join(_lines(text, first, rest, columns))


def centred(text: str, columns: int = WIDTH) -> str:
    """Sets a short text in the middle; a long one is broken and each line centred."""
    lines = _lines(text, "", "", columns)
    return "\n".join(" " * ((columns - width(line)) // 2) + line for line in lines)


def justified(left: str, right: str, columns: int = WIDTH) -> str:
    """Sets one text at the left and one at the right edge; on two lines when they do not fit on one."""
    gap = columns - width(left) - width(right)
    return f"{left}{' ' * gap}{right}".rstrip() if gap >= 2 else f"{wrapped(left, '')}\n{flush_right(right, columns)}"


def flush_right(text: str, columns: int = WIDTH) -> str:
    """Sets a text at the right edge."""
    return " " * max(columns - width(text), 0) + text


def indented(text: str, by: str, mark: str = "") -> str:
    """Puts `by` before each line; the first line carries a list mark in that place."""
    first = mark + " " * max(width(by) - width(mark), 1) if mark else by
    return "\n".join((by if number else first) + line for number, line in enumerate(text.split("\n")))


def drawn(table: Table, columns: int = WIDTH) -> str:
    """Draws a table with rules. One too wide to draw is written out row by row."""
    rows = [[_text(cell) for cell in row] for row in table.rows]
    count = max(map(len, rows), default=0)
    rows = [row + [""] * (count - len(row)) for row in rows]
    if not count:
        return ""
    if count * (_NARROWEST + 3) + 1 > columns:
        return _written_out(rows, table.header_rows)
    widths = _widths(rows, columns - 3 * count - 1)
    rule = "+" + "+".join("-" * (size + 2) for size in widths) + "+"
    drawing = [rule]
    for row in rows:
        drawing += [*_row_lines(row, widths), rule]
    return "\n".join(drawing)


def _text(spans: Sequence[Span]) -> str:
    return "".join(span.text for span in spans).replace("\n", " ").strip()


def _widths(rows: list[list[str]], room: int) -> list[int]:
    """Natural widths where they fit; else the wide columns share what the narrow ones leave."""
    natural = [max(_NARROWEST, *map(width, column)) for column in zip(*rows, strict=True)]
    widths = [0] * len(natural)
    waiting = sorted(range(len(natural)), key=natural.__getitem__)
    while waiting:
        fair = max(room // len(waiting), _NARROWEST)
        column = waiting.pop(0)
        widths[column] = min(natural[column], fair)
        room -= widths[column]
    return widths


def _row_lines(row: list[str], widths: list[int]) -> Iterator[str]:
    cells = [_lines(cell, "", "", size) for cell, size in zip(row, widths, strict=True)]
    for number in range(max(map(len, cells))):
        parts = [cell[number] if number < len(cell) else "" for cell in cells]
        padded = (part + " " * (size - width(part)) for part, size in zip(parts, widths, strict=True))
        yield f"| {' | '.join(padded)} |"


def _written_out(rows: list[list[str]], header_rows: int) -> str:
    heads = rows[header_rows - 1] if header_rows else [""] * len(rows[0])
    entries = []
    for row in rows[header_rows:]:
        cells = (f"{head}：{cell}" if head else cell for head, cell in zip(heads, row, strict=True))
        entries.append(wrapped("；".join(cells), "- ", "  "))
    return "\n".join(entries)


def _lines(text: str, first: str, rest: str, columns: int) -> list[str]:
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line, used, empty = first, width(first), True
        for piece in _pieces(paragraph, columns - width(rest)):
            size = width(piece)
            if not empty and used + width(piece.rstrip()) > columns:
                lines.append(line.rstrip())
                line, used, piece = rest, width(rest), piece.lstrip(" ")
                size = width(piece)
            line, used, empty = line + piece, used + size, False
        lines.append(line.rstrip())
        first = rest
    return lines


def _pieces(text: str, columns: int) -> Iterator[str]:
    """Cuts text into what must stay on one line: Latin runs, and marks with the character they belong to."""
    piece = ""
    for token in _TOKEN.findall(text):
        if piece and not _belongs(piece, token):
            yield from _chopped(piece, columns)
            piece = ""
        piece += token
    if piece:
        yield from _chopped(piece, columns)


def _belongs(piece: str, token: str) -> bool:
    # A zero-width character (a joiner, a variation mark) is part of what stands before it.
    joined = wcswidth(token) == 0 or piece.endswith("\u200d")
    # A blank stays at the end of what it follows, so that none begins a line.
    return joined or token.isspace() or token[0] in _CLOSING or piece[-1] in _OPENING


def _chopped(piece: str, columns: int) -> Iterator[str]:
    """A run longer than a line is cut, except an address, which must stay clickable."""
    if width(piece) <= columns or "://" in piece:
        yield piece
        return
    part = ""
    for char in piece:
        if part and width(part + char) > columns:
            yield part
            part = ""
        part += char
    yield part
