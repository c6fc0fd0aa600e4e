"""What was read of a document as parts, line by line, each line knowing its paragraph.

A paragraph is a part of its own; Word's line breaks begin new lines. A table of one column is a frame and
its paragraphs are read as such. What Word counts by itself is printed as it counts: 一、 before its paragraph,
`1.` and `•` as lists. Merged cells are taken apart again: the words in the first, the others empty.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from distributor.bulletin.docx import findings
from distributor.bulletin.docx.facts import Facts
from distributor.bulletin.docx.grid import squared, unframed, words_of
from distributor.bulletin.docx.reader import Cell, Grid, Words
from distributor.bulletin.markdown import paragraphs
from distributor.bulletin.model import Block, BulletList, Picture, Quote, Span, Table
from distributor.bulletin.parts import Line, Mishap, Page, Part, PartKind, merge, numbered
from distributor.bulletin.shape import is_ornament

_PAGE_NUMBER = re.compile(r"\t\s*(?P<number>\d{1,3})$")
_BLANKS = ("\u3000\u3000", "  ")
_CLOSE = "、）)．】：:。"
_LAYOUT_ROWS = 2  # a table of so few rows with merged cells is a masthead or a frame


@dataclass(slots=True)
class Builder:
    """Collects parts and the text lines they stand on. `where`: the paragraph of each text line, by index."""

    facts: Facts
    parts: list[Part] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    where: list[int] = field(default_factory=list)
    mishaps: list[Mishap] = field(default_factory=list)

    def page(self, body: Iterable[Words | Grid]) -> Page:
        """The page that the blocks come to."""
        listed: list[Words] = []
        for block in unframed(body):
            if isinstance(block, Words) and _is_entry(block):
                listed.append(block)
                continue
            self._lists(listed)
            listed = []
            if isinstance(block, Grid):
                self._table(block)
            else:
                self._paragraph(block)
        self._lists(listed)
        return Page(tuple(self.parts), "\n".join(self.texts), {}, tuple(self.mishaps))

    def _paragraph(self, words: Words) -> None:
        fact = words.fact
        if fact.rule_above:
            self._rule(words)
        lines: list[Line] = []
        for each in self._labelled(words):
            if isinstance(each, Picture):
                self._text(lines, words)
                self._print(words, "")
                self.parts.append(Part(PartKind.PICTURE, len(self.texts), (), 0, (each,)))
                lines = []
            elif fact.level == 0 and is_ornament("".join(span.text for span in each)):
                self._text(lines, words)
                self._rule(words)
                lines = []
            else:
                indented = fact.indented or bool(lines) or fact.words.startswith(_BLANKS)
                lines.append(self._line(words, each, indented=indented))
        self._text(lines, words)
        self._mishaps(words, len(self.texts))
        if fact.rule_below:
            self._rule(words)
        self._print(words, "")

    def _text(self, lines: list[Line], words: Words) -> None:
        level = words.fact.level
        if not lines:
            return
        if words.fact.quote and not level:
            quote = Quote(tuple(paragraphs(lines)))
            self.parts.append(Part(PartKind.QUOTE, lines[0].number, tuple(lines), 0, (quote,)))
            return
        if level:
            spans = merge(Span(span.text, False, span.italic, span.link) for span in _in_one(lines))
            lines = [Line(spans, lines[0].number)]
        kind = PartKind.HEADING if level else PartKind.TEXT
        self.parts.append(Part(kind, lines[0].number, tuple(lines), min(level, 6), tuple(paragraphs(lines))))

    def _rule(self, words: Words) -> None:
        self._print(words, "")
        self.parts.append(Part(PartKind.RULE, len(self.texts)))

    def _labelled(self, words: Words) -> list[tuple[Span, ...] | Picture]:
        """The lines with the label that Word prints before the first."""
        lines = list(words.lines)
        label = words.fact.label
        first = next((at for at, line in enumerate(lines) if not isinstance(line, Picture)), None)
        if words.fact.contents and lines and not isinstance(lines[-1], Picture):
            lines[-1] = _with_leader(lines[-1])
        if label is None or first is None:
            return lines
        text = label.text if label.text[-1] in _CLOSE else f"{label.text} "
        line = lines[first]
        if not isinstance(line, Picture):
            lines[first] = merge((Span(text, line[0].bold), *line))
        return lines

    def _lists(self, entries: Sequence[Words]) -> None:
        """A run of listed paragraphs as one part for each of its outermost lists."""
        at = 0
        while at < len(entries):
            end = _list_end(entries, at)
            self._list(entries[at:end])
            at = end

    def _list(self, entries: Sequence[Words]) -> None:
        lines: list[Line] = []
        block = self._nested(entries, lines)
        first = entries[0].fact.label
        ordered = first is not None and first.plain
        number = lines[0].number if lines else len(self.texts)
        self._print(entries[-1], "")
        if ordered and first is not None and first.count != 1:
            # The model's lists count from 1; a list that does not is kept as numbered paragraphs.
            blocks = tuple(each for at, entry in enumerate(block.entries) for each in numbered(entry, first.count + at))
            self.parts.append(Part(PartKind.LIST, number, tuple(lines), 1, blocks))
        elif block.entries:
            self.parts.append(Part(PartKind.LIST, number, tuple(lines), int(ordered), (block,)))

    def _nested(self, entries: Sequence[Words], lines: list[Line]) -> BulletList:
        """The entries of one level, each with the lists below it; their lines are added to `lines`."""
        read: list[tuple[Block, ...]] = []
        at = 0
        while at < len(entries):
            end = next(
                (i for i in range(at + 1, len(entries)) if _depth(entries[i]) <= _depth(entries[at])), len(entries)
            )
            blocks = self._entry(entries[at], lines)
            below = at + 1
            while below < end:
                after = min(_list_end(entries[:end], below), end)
                blocks += (self._nested(entries[below:after], lines),)
                below = after
            read.append(blocks)
            at = end
        label = entries[0].fact.label
        return BulletList(tuple(read), label is not None and label.plain)

    def _entry(self, words: Words, lines: list[Line]) -> tuple[Block, ...]:
        blocks: list[Block] = []
        own: list[Line] = []
        for each in words.lines:
            if isinstance(each, Picture):
                blocks += (*paragraphs(own), each)
                own = []
            else:
                own.append(self._line(words, each, indented=bool(own)))
                lines.append(own[-1])
        self._mishaps(words, len(self.texts))
        return (*blocks, *paragraphs(own))

    def _table(self, grid: Grid) -> None:
        rows: list[list[tuple[Span, ...]]] = []
        lines: list[Line] = []
        pictures: list[Picture] = []
        start = len(self.texts) + 1
        first = next((words for row in grid.rows for cell in row for words in words_of(cell)), None)
        for cells in squared(grid):
            inside = [words for cell in cells for words in words_of(cell)]
            owner = next((words for words in inside if words.lines), None) or first
            if owner is None:
                continue
            self._row(owner, cells, rows, lines, pictures)
            for words in inside:
                self._mishaps(words, len(self.texts))
        if first is None or not lines:
            self._pictures(pictures, first)
            return
        self._doubts(grid, first.index, pictures)
        header = min(grid.header_rows, len(rows) - 1)
        self.parts.append(Part(PartKind.TABLE, start, tuple(lines), 0, (Table(tuple(map(tuple, rows)), header),)))
        self._print(first, "")
        self._pictures(pictures, first)

    def _row(
        self,
        owner: Words,
        cells: Sequence[Cell],
        rows: list[list[tuple[Span, ...]]],
        lines: list[Line],
        pictures: list[Picture],
    ) -> None:
        number = len(self.texts) + 1
        row: list[tuple[Span, ...]] = []
        for cell in cells:
            spans: list[Span] = []
            for words in words_of(cell):
                for each in self._labelled(words):
                    if isinstance(each, Picture):
                        pictures.append(each)
                        continue
                    lines.append(Line(each, number))
                    spans += (*([Span("\n")] if spans else []), *each)
            row.append(merge(spans))
        rows.append(row)
        self._print(owner, "\t".join("".join(span.text for span in cell).replace("\n", " ") for cell in row))

    def _doubts(self, grid: Grid, index: int, pictures: Sequence[Picture]) -> None:
        cells = [cell for row in grid.rows for cell in row]
        if len(grid.rows) > _LAYOUT_ROWS and any(cell.width > 1 or cell.height > 1 for cell in cells):
            self.facts.doubts.append(findings.merged(index))
        if any(isinstance(block, Grid) for cell in cells for block in cell.content):
            self.facts.doubts.append(findings.nested(index))
        if pictures:
            self.facts.doubts.append(findings.tabled_picture(index))

    def _pictures(self, pictures: Iterable[Picture], words: Words | None) -> None:
        for picture in pictures:
            if words is not None:
                self._print(words, "")
                self.parts.append(Part(PartKind.PICTURE, len(self.texts), (), 0, (picture,)))

    def _line(self, words: Words, spans: tuple[Span, ...], *, indented: bool) -> Line:
        self._print(words, "".join(span.text for span in spans))
        return Line(spans, len(self.texts), indented)

    def _print(self, words: Words, text: str) -> None:
        self.texts.append(text)
        self.where.append(words.index)

    def _mishaps(self, words: Words, number: int) -> None:
        self.mishaps += [Mishap(kind, number, text) for kind, text in words.mishaps]


def _is_entry(words: Words) -> bool:
    label = words.fact.label
    return label is not None and (label.bullet or label.plain) and not words.fact.level and bool(words.lines)


def _depth(words: Words) -> int:
    return words.fact.label.depth if words.fact.label else 0


def _list_end(entries: Sequence[Words], at: int) -> int:
    """Where the list that begins here ends: at an entry of its level that is marked otherwise or counts anew."""
    first, last = entries[at].fact.label, entries[at].fact.label
    for end in range(at + 1, len(entries)):
        label = entries[end].fact.label
        if first is None or last is None or label is None or label.depth > first.depth:
            continue
        if label.depth < first.depth or label.plain != first.plain or (label.plain and label.count != last.count + 1):
            return end
        last = label
    return len(entries)


def _in_one(lines: Sequence[Line]) -> Iterator[Span]:
    """A heading is one line however it is broken."""
    for at, line in enumerate(lines):
        if at and lines[at - 1].text[-1].isascii() and line.text[0].isascii():
            yield Span(" ")
        yield from line.spans


def _with_leader(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    """An entry of the list of contents with the dots that Word draws up to its page number."""
    last = spans[-1]
    return (*spans[:-1], Span(_PAGE_NUMBER.sub(r"……\g<number>", last.text), last.bold, last.italic, last.link))
