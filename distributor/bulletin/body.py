"""The body (报核): sections, reports with their titles and sources, notes, the list of contents.

Sections are opened by headings or by lines such as 【X】, ※X※, 一、X. Reports are opened by
headings, bold or marked titles, run-in titles (words, a blank, then the text) or short lines of
their own; within a section a report is not broken by a weaker mark than the one that opened it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from distributor.bulletin.attribution import find_attribution
from distributor.bulletin.drafts import ItemDraft, Mark, SectionDraft
from distributor.bulletin.model import Block, Paragraph, Section, Span
from distributor.bulletin.numbers import FoundDate, find_dates
from distributor.bulletin.outline import section_headings
from distributor.bulletin.parts import Line, Part, PartKind, cut, marked_up, next_part, trim
from distributor.bulletin.passages import (
    entries_of,
    entry_lines,
    entry_title,
    entry_words,
    item_heading,
    joined,
    runs,
    without_date,
)
from distributor.bulletin.shape import compact, has_numbering, has_sentence, squeeze
from distributor.bulletin.titles import (
    Title,
    bold_title,
    counted_head,
    heading_text,
    inline_head,
    is_contents_entry,
    is_contents_head,
    is_note,
    lone_title,
    marked_title,
    run_in_title,
    section_head,
)

_NOT_HEADS = frozenset(("本报讯", "本刊讯", "又讯"))


@dataclass(frozen=True, slots=True)
class Body:
    """The body's sections, the list of contents it printed, and a date at its end."""

    sections: tuple[Section, ...]
    contents: tuple[str, ...] = ()
    signed: FoundDate | None = None
    signed_line: int = 0
    signed_text: str = ""


def read_body(parts: Sequence[Part]) -> Body:
    """Reads the parts between masthead and tail."""
    kept, signed = without_date(parts)
    builder = _Builder(kept)
    for at in range(len(kept)):
        builder.take(at)
    sections = tuple(
        section.finished()
        for section in builder.sections
        if section.heading is not None or section.items or section.note
    )
    found = next(iter(find_dates(signed.text)), None) if signed else None
    return Body(sections, tuple(builder.contents), found, signed.number if signed else 0, signed.text if signed else "")


class _Builder:
    """Takes the parts in order and keeps the section and the report that are open."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.heads = section_headings(parts)
        self.sections: list[SectionDraft] = [SectionDraft()]
        self.contents: list[str] = []
        self.named: set[str] = set()
        self.leaders = False
        self.counted = False
        self.in_contents = False
        self.in_note = False
        heads = (self.parts[at] for at in self.heads)
        self.framed = not self.heads or any(section_head(part.text) for part in heads)

    @property
    def section(self) -> SectionDraft:
        return self.sections[-1]

    @property
    def item(self) -> ItemDraft | None:
        return self.section.items[-1] if self.section.items else None

    def take(self, at: int) -> None:
        part = self.parts[at]
        if part.kind is PartKind.RULE:
            self.in_contents = False
        elif part.kind is PartKind.HEADING:
            self._heading(at, part)
        elif self.in_contents and part.kind in (PartKind.TEXT, PartKind.LIST) and self._is_contents(part):
            for line in part.lines:
                self._name(line.text)
        elif part.kind is PartKind.TEXT:
            for lines in runs(part.lines):
                self._paragraph(at, lines)
        elif part.kind is PartKind.LIST:
            self._list(part)
        elif part.kind is PartKind.QUOTE and (self.item is None or is_note(part.text)):
            self.section.note += part.blocks
        else:
            self._add(part.blocks, part.number)

    def _heading(self, at: int, part: Part) -> None:
        self.in_contents = is_contents_head(part.text)
        self.in_note = not self.in_contents and is_note(part.text)
        if self.in_contents:
            self.contents.append(squeeze(part.text))
        elif self.in_note:
            self.section.note += part.blocks
        elif at in self.heads:
            self._open_section(heading_text(part.text), marked_up(part.lines[0].spans), part.number)
        elif self.item is not None and 0 < self.item.level < part.level:
            self.item.body += part.blocks
        else:
            title = Title(squeeze(item_heading(part.text)), (), True)
            self._open_item(title, Mark.HEADING, marked_up(part.lines[0].spans), part.number)
            self.section.items[-1].level = part.level

    def _name(self, text: str) -> None:
        """Takes one line of the list of contents."""
        self.contents.append(squeeze(text))
        self.named.add(entry_words(text))
        self.leaders = self.leaders or is_contents_entry(text)

    def _is_contents(self, part: Part) -> bool:
        """Entries are short lines; running text, or the first title that the list has named, ends it."""
        if all(is_contents_entry(line.text) for line in part.lines):
            return True
        return not self.leaders and all(
            len(line.text) < 120 and not has_sentence(line.text) and entry_words(line.text) not in self.named
            for line in part.lines
        )

    def _paragraph(self, at: int, lines: Sequence[Line]) -> None:
        spans = joined(lines)
        text = "".join(span.text for span in spans)
        number = lines[0].number
        if len(lines) == 1 and self._takes_head(at, text, spans, number):
            return
        if is_contents_entry(text):
            self._name(text)
        elif is_note(text) and (self.item is None or self.item.mark is not Mark.HEADING):
            self._note(spans)
        elif self._takes_inline_head(text, spans, number):
            self.in_note = False
        elif self.in_note:
            self.section.note.append(Paragraph(spans))
        elif not self._takes_source(text, spans):
            self._text(at, lines, spans, number)

    def _note(self, spans: tuple[Span, ...]) -> None:
        text = "".join(span.text for span in spans)
        self.section.note.append(Paragraph(spans))
        # 编者按 alone on its line: the next paragraphs are the note, up to a heading or title.
        self.in_note = len(compact(text)) <= 6

    def _takes_head(self, at: int, text: str, spans: tuple[Span, ...], number: int) -> bool:
        """【X】 and its like on a line of its own: a section, a list of contents, a source or a title."""
        if is_contents_head(text):
            self.in_contents = True
            self.contents.append(squeeze(text))
            return True
        head = section_head(text)
        if (
            head is None
            and not self.heads
            and (self.item is None or (self.section.line and self.section.raw is not None))
        ):
            head = self._counted(text)
        if head is None or head in _NOT_HEADS or is_note(text):
            return False
        if self.heads and self._is_source(at):
            return False
        self.in_contents = self.in_note = False
        if self.framed:
            self._open_section(head, marked_up(spans), number)
        else:
            self._open_inline(head, marked_up(spans), (), number)
        return True

    def _counted(self, text: str) -> str | None:
        """一、X opens a section when no report of the document began before the first of them."""
        first = len(self.sections) == 1 and not self.section.items
        head = counted_head(text) if self.counted or first else None
        self.counted = self.counted or head is not None
        return head

    def _is_source(self, at: int) -> bool:
        """【X】 below a report and before the next heading or the end names where it comes from."""
        item = self.item
        if item is None or item.attribution or not item.body:
            return False
        after = next_part(self.parts, at)
        return after is None or after.kind is PartKind.HEADING

    def _takes_inline_head(self, text: str, spans: tuple[Span, ...], number: int) -> bool:
        found = inline_head(text)
        if found is None or found[0] in _NOT_HEADS or (self.item is not None and self.item.mark is Mark.HEADING):
            return False
        head, end = found
        raw = marked_up(trim(cut(spans, 0, end)))
        rest = trim(cut(spans, end))
        title = bold_title(rest) or run_in_title(rest)
        if self.heads or (title is None and self.section.heading is not None and self.section.raw != raw):
            self._open_inline(head, raw, rest, number)
            return True
        self._open_section(head, raw, number)
        if title is None:
            self._untitled(rest, number)
        else:
            self._open_item(title, Mark.RUN_IN, title.raw, number)
        return True

    def _open_inline(self, head: str, raw: str, rest: tuple[Span, ...], number: int) -> None:
        self._open_item(Title(head, rest, True), Mark.RUN_IN, raw, number)
        if self.item is not None:
            self.item.inline = True

    def _takes_source(self, text: str, spans: tuple[Span, ...]) -> bool:
        """A paragraph that is nothing but a source belongs to the report above it."""
        if self.item is None or self.item.attribution is not None or len(text) > 120:
            return False
        found = find_attribution(text)
        if found is None or found.start:
            return False
        self.item.attribution, self.item.raw_attribution = found.name, squeeze(found.raw)
        return True

    def _text(self, at: int, lines: Sequence[Line], spans: tuple[Span, ...], number: int) -> None:
        self.in_contents = False
        title, mark = self._title(at, lines, spans)
        if title is not None:
            self._open_item(title, mark, title.raw, number)
        else:
            self._untitled(spans, number)

    def _title(self, at: int, lines: Sequence[Line], spans: tuple[Span, ...]) -> tuple[Title | None, Mark]:
        """The title that opens this paragraph, unless a stronger mark opened the report it stands in."""
        for mark, found in self._candidates(at, lines, spans):
            if found is not None and (self.section.mark is None or mark >= self.section.mark):
                return found, mark
        return None, Mark.LONE

    def _candidates(
        self, at: int, lines: Sequence[Line], spans: tuple[Span, ...]
    ) -> Iterable[tuple[Mark, Title | None]]:
        text = "".join(span.text for span in spans)
        yield Mark.BOLD, bold_title(spans) or marked_title(spans)
        run_in = run_in_title(spans)
        yield (Mark.NUMBER if has_numbering(text) else Mark.RUN_IN), run_in
        if len(lines) > 1 and not lines[0].indented and lone_title(lines[0].text) and has_sentence(text):
            yield Mark.LONE, Title(squeeze(lines[0].text), joined(lines[1:]), False, lines[0].text)
        if len(lines) == 1 and self._may_open(at):
            yield (Mark.NUMBER if has_numbering(text) else Mark.LONE), lone_title(text)

    def _may_open(self, at: int) -> bool:
        """A lone line is a title where a report may begin and running text follows."""
        item = self.item
        if item is not None and not (item.attribution or item.body):
            return False
        after = next_part(self.parts, at)
        return after is not None and after.kind is PartKind.TEXT and has_sentence(after.text)

    def _untitled(self, spans: tuple[Span, ...], number: int) -> None:
        if self.item is not None and self.item.attribution is not None:
            self.section.items.append(ItemDraft(line=number))
        self._add((Paragraph(spans),), number)

    def _list(self, part: Part) -> None:
        """A list is reports when its entries open with titles and no report is open; else it is text."""
        entries = entries_of(part)
        open_report = (
            self.item is not None and self.item.attribution is None and self.item.mark not in (None, Mark.NUMBER)
        )
        titles = [entry_title(entry) for entry in entries]
        if open_report or not titles or titles[0] is None or sum(t is None for t in titles) > len(titles) // 2:
            self._add(part.blocks, part.number)
            return
        numbers = entry_lines(part, entries)
        for entry, title, number in zip(entries, titles, numbers, strict=True):
            if title is None:
                self._add(entry, number)
            else:
                self._open_item(title, Mark.NUMBER, title.raw, number)
                self._add(entry[1:], number)

    def _open_section(self, heading: str, raw: str, number: int) -> None:
        self.sections.append(SectionDraft(heading, squeeze(raw), number))

    def _open_item(self, title: Title, mark: Mark, raw: str, number: int) -> None:
        self.in_note = False
        self.section.mark = self.section.mark or mark
        self.section.items.append(ItemDraft(title.text, number, mark, run_in=bool(title.rest), raw_title=squeeze(raw)))
        if title.rest:
            self._add((Paragraph(title.rest),), number)

    def _add(self, blocks: Iterable[Block], number: int) -> None:
        """Puts blocks into the open report, and takes a source from the end of a paragraph."""
        if self.item is None:
            self.section.items.append(ItemDraft(line=number))
        item = self.section.items[-1]
        for block in blocks:
            found = find_attribution(block.text) if isinstance(block, Paragraph) and item.attribution is None else None
            if found is not None and isinstance(block, Paragraph) and found.start:
                item.attribution, item.raw_attribution = found.name, squeeze(found.raw)
                block = Paragraph(trim(cut(block.spans, 0, found.start)))
            item.body.append(block)
