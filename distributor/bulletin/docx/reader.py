"""A normalised document to parts: mammoth reads runs, links, fields, symbols and merged cells.

mammoth's tree is walked directly: no HTML is made, so none has to be cleaned (ADR 0016). It sees only XML
that `normal` has written, never the bytes of the file. The one place that knows mammoth.
"""

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from mammoth import documents
from mammoth.docx import read as read_with_mammoth

from distributor.bulletin.docx import findings
from distributor.bulletin.docx.facts import Fact, Facts
from distributor.bulletin.docx.names import PACKAGE
from distributor.bulletin.docx.package import Relation
from distributor.bulletin.inline import SCHEMES
from distributor.bulletin.model import Picture, Span
from distributor.bulletin.parts import merge, trim
from distributor.bulletin.shape import INVISIBLE

_RAISED = str.maketrans("0123456789+-=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-=()", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎")
_BREAKS = str.maketrans("\r\n", "  ")
_BOXES = "☐☑☒✓✗"  # mammoth reads the state of a box, not its sign
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"


@dataclass(slots=True)
class Words:
    """One paragraph as read: its lines, each a run of spans, with pictures between them."""

    fact: Fact
    index: int
    lines: list[tuple[Span, ...] | Picture] = field(default_factory=list)
    mishaps: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table. `width` and `height` count the cells that were merged into it."""

    content: tuple["Words | Grid", ...]
    width: int = 1
    height: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: its rows of cells, of which the first `header_rows` are the heading."""

    rows: tuple[tuple[Cell, ...], ...]
    header_rows: int


def read_body(root: Element, relations: dict[str, Relation], facts: Facts) -> list[Words | Grid]:
    """Reads the paragraphs and tables of a normalised document, in order. Doubts are added to `facts`."""
    result = read_with_mammoth(io.BytesIO(_zipped(root, relations)))
    reader = _Reader(facts)
    body = list(reader.blocks(result.value.children))
    expected = Counter(
        character
        for each in facts.paragraphs
        for character in each.words[len(each.label.text) if each.label else 0 :]
        if not character.isspace() and character not in _BOXES
    )
    missing = expected - Counter("".join(reader.read))
    if missing:
        facts.doubts.append(findings.unread("".join(missing)[:20], missing.total()))
    symbols = [each.message.rpartition(": ")[2] for each in result.messages if "w:sym" in each.message]
    if symbols:
        facts.doubts.append(findings.unread(", ".join(symbols[:3]), len(symbols)))
    return body


def _zipped(root: Element, relations: dict[str, Relation]) -> bytes:
    """The least document that mammoth reads: the body and the targets of its links."""
    links = Element(f"{PACKAGE}Relationships")
    for by_id, relation in relations.items():
        target = relation.target if relation.kind == "hyperlink" else "#"
        SubElement(links, f"{PACKAGE}Relationship", Id=by_id, Type=_LINK, Target=target, TargetMode="External")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("word/document.xml", tostring(root, encoding="utf-8", xml_declaration=True))
        package.writestr("word/_rels/document.xml.rels", tostring(links, encoding="utf-8", xml_declaration=True))
    return stream.getvalue()


class _Reader:
    """Walks mammoth's tree. `read` collects every text that was seen."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.read: list[str] = []

    def blocks(self, nodes: Sequence[Any]) -> Iterator[Words | Grid]:
        for node in nodes:
            if isinstance(node, documents.Paragraph):
                yield self._paragraph(node)
            elif isinstance(node, documents.Table):
                yield self._grid(node)

    def _paragraph(self, node: Any) -> Words:
        index = next(int(each.name[1:]) for each in node.children if isinstance(each, documents.Bookmark))
        return _Runs(self, Words(self.facts.paragraphs[index], index)).taken(node.children)

    def _grid(self, node: Any) -> Grid:
        rows = [row for row in node.children if isinstance(row, documents.TableRow)]
        headers = next((at for at, row in enumerate(rows) if not row.is_header), 0)
        return Grid(tuple(tuple(self._cells(row)) for row in rows), headers)

    def _cells(self, row: Any) -> Iterator[Cell]:
        for cell in row.children:
            if isinstance(cell, documents.TableCell):
                yield Cell(tuple(self.blocks(cell.children)), cell.colspan, cell.rowspan)


class _Runs:
    """Takes the nodes of one paragraph and keeps the look that is in force."""

    def __init__(self, reader: _Reader, words: Words) -> None:
        self.reader = reader
        self.words = words
        self.spans: list[Span] = []

    def taken(self, nodes: Sequence[Any]) -> Words:
        for node in nodes:
            self._take(node, Span(""), "")
        self._end_line()
        return self.words

    def _take(self, node: Any, look: Span, height: str) -> None:
        match node:
            case documents.Run():
                bold, italic = bool(node.is_bold), bool(node.is_italic)
                for child in node.children:
                    self._take(child, Span("", bold, italic, look.link), node.vertical_alignment or "")
            case documents.Hyperlink():
                link = self._link(node) or look.link
                for child in node.children:
                    self._take(child, Span("", look.bold, look.italic, link), height)
            case documents.Text():
                self._text(node.value, look, height)
            case documents.Tab():
                self._text("\t", look, "")
            case documents.Checkbox():
                self._text("☑" if node.checked else "☐", look, "")
            case documents.Break():
                self._end_line()
            case documents.Bookmark() if node.name.startswith("i"):
                self._end_line()
                shown = self.reader.facts.pictures[int(node.name[1:])]
                self.words.lines.append(Picture(shown.source, shown.alt))

    def _text(self, text: str, look: Span, height: str) -> None:
        self.reader.read.append(text)
        plain = text.translate(INVISIBLE).translate(_BREAKS)
        if height in ("superscript", "subscript") and plain.strip():
            table = _RAISED if height == "superscript" else _LOWERED
            if all(ord(character) in table for character in plain):
                plain = plain.translate(table)
            else:
                self.reader.facts.doubts.append(findings.raised(self.words.index, plain))
        self.spans.append(Span(plain, look.bold, look.italic, look.link))

    def _link(self, node: Any) -> str:
        target = str(node.href or "")
        if not target:
            return ""  # a link within the document
        if target.lower().startswith(SCHEMES):
            return target
        self.words.mishaps.append(("link_dropped", target))
        return ""

    def _end_line(self) -> None:
        spans = trim(merge(self.spans))
        if spans:
            self.words.lines.append(spans)
        self.spans = []
