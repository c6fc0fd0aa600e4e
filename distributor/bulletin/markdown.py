"""Markdown as offices write it, read into parts with markdown-it-py (CommonMark and tables).

It differs from CommonMark where Chinese office text does: `**注意：**请` is bold, HTML is literal
text, four blanks are an indent and not code, `text` over `---` is a line and a rule, and there are
no link references. A list of what cannot be carried (link targets, too deep nesting) comes along.
"""

import unicodedata
from collections.abc import Iterator, MutableMapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_inline.state_inline import Scanned, StateInline
from markdown_it.token import Token

from distributor.bulletin.inline import Inline, Segment, read_inline
from distributor.bulletin.model import Block, BulletList, Paragraph, Picture, Quote, Span, Table
from distributor.bulletin.parts import Line, Mishap, Page, Part, PartKind, merge, numbered
from distributor.bulletin.shape import is_ornament
from distributor.bulletin.source import pipe_tables, split_front_matter, tidy, without_comments

_QUOTES = frozenset("“”‘’…—·")


class _StateInline(StateInline):
    """Finds where emphasis may open and close; Chinese neighbours count as a word's edge.

    CommonMark 0.31 (6.2) asks for blanks or punctuation there, which Chinese does not write.
    """

    def scanDelims(self, start: int, canSplitWord: bool) -> Scanned:
        plain = super().scanDelims(start, canSplitWord)
        end = start + plain.length
        before = self.src[start - 1] if start else " "
        after = self.src[end] if end < self.posMax else " "
        opens = plain.can_open or (_is_wide(before) and not after.isspace())
        closes = plain.can_close or (_is_wide(after) and not before.isspace())
        return Scanned(opens, closes, plain.length)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """Every target is read; what may not be followed or fetched is refused by name further on."""
        return True


class _ParserInline(ParserInline):
    def parse(self, src: str, md: MarkdownIt, env: MutableMapping[str, Any], tokens: list[Token]) -> list[Token]:
        state = _StateInline(src, md, env, tokens)
        self.tokenize(state)
        for rule in self.ruler2.getRules(""):
            rule(state)
        return state.tokens


def read_markdown(text: str) -> Page:
    """Reads source text (line breaks already LF) into parts. Never raises for content."""
    front, body = split_front_matter(without_comments(text))
    body = pipe_tables(tidy(body))
    tokens = _parser().parse(body)
    reader = _Reader(body.split("\n"))
    parts = tuple(reader.parts(tokens))
    if len(parts) == 1 and parts[0].kind is PartKind.LITERAL:
        # The whole bulletin was pasted as one code fence: the fence is packaging.
        inner = "\n" * parts[0].number + "\n".join(line.text for line in parts[0].lines)
        reader = _Reader(inner.split("\n"))
        parts = tuple(reader.parts(_parser().parse(inner)))
    return Page(parts, body, front, tuple(reader.mishaps))


def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable("table").disable(["code", "lheading", "reference"])
    inline = _ParserInline()
    inline.ruler.enableOnly(
        ["text", "newline", "escape", "backticks", "emphasis", "link", "image", "autolink", "entity"]
    )
    inline.ruler2.enableOnly(["balance_pairs", "emphasis", "fragments_join"])
    parser.inline = inline
    return parser


def _is_wide(character: str) -> bool:
    return character in _QUOTES or unicodedata.east_asian_width(character) in "WF"


class _Reader:
    """Walks the tokens of one text once, in order."""

    def __init__(self, source: Sequence[str]) -> None:
        self.source = source
        self.mishaps: list[Mishap] = []

    def parts(self, tokens: Sequence[Token]) -> Iterator[Part]:
        at = 0
        while at < len(tokens):
            token = tokens[at]
            end = _end(tokens, at)
            number = token.map[0] + 1 if token.map else 1
            if token.type in ("heading_open", "paragraph_open"):
                level = int(token.tag[1]) if token.type == "heading_open" else 0
                yield from self._text(self._inline(tokens[at + 1], tokens[at + 1].map), number, level)
            elif token.type == "hr":
                yield Part(PartKind.RULE, number)
            elif token.type in ("fence", "code_block"):
                yield self._literal(token, number)
            else:
                yield self._container(token, tokens[at + 1 : end], number)
            at = end + 1

    def _container(self, token: Token, inner: Sequence[Token], number: int) -> Part:
        if token.type == "table_open":
            table, lines = self._table(inner)
            return Part(PartKind.TABLE, number, lines, 0, (table,))
        children = tuple(self._entries(inner)) if token.type.endswith("list_open") else (tuple(self.parts(inner)),)
        lines = tuple(line for child in children for part in child for line in part.lines)
        entries = tuple(tuple(block for part in child for block in part.blocks) for child in children)
        if token.type == "blockquote_open":
            return Part(PartKind.QUOTE, number, lines, 0, (Quote(entries[0]),) if entries[0] else ())
        start = int(token.attrs.get("start", 1))
        ordered = token.type == "ordered_list_open"
        if ordered and start != 1:
            # The model's lists count from 1; a list that does not is kept as numbered paragraphs.
            entries = tuple(numbered(entry, start + at) for at, entry in enumerate(entries))
            return Part(PartKind.LIST, number, lines, 1, tuple(block for entry in entries for block in entry))
        return Part(PartKind.LIST, number, lines, int(ordered), (BulletList(entries, ordered),))

    def _entries(self, inner: Sequence[Token]) -> Iterator[tuple[Part, ...]]:
        at = 0
        while at < len(inner):
            end = _end(inner, at)
            yield tuple(self.parts(inner[at + 1 : end]))
            at = end + 1

    def _text(self, segments: Sequence[Segment], number: int, level: int) -> Iterator[Part]:
        kind = PartKind.HEADING if level else PartKind.TEXT
        lines: list[Line] = []
        for segment in segments:
            if isinstance(segment, Line) and is_ornament(segment.text) and not level:
                yield from _part(kind, lines, level)
                yield Part(PartKind.RULE, segment.number)
                lines = []
            elif isinstance(segment, Line):
                lines.append(segment)
            else:
                yield from _part(kind, lines, level)
                lines = []
                yield Part(PartKind.PICTURE, number, (), 0, (segment,))
        yield from _part(kind, lines, level)

    def _literal(self, token: Token, number: int) -> Part:
        texts = token.content.rstrip("\n").split("\n")
        lines = tuple(Line((Span(text),), number + 1 + at) for at, text in enumerate(texts) if text.strip())
        if token.info.strip():
            self.mishaps.append(Mishap("fence_label", number, token.info.strip()))
        return Part(PartKind.LITERAL, number, lines, 0, tuple(Paragraph(line.spans) for line in lines))

    def _table(self, inner: Sequence[Token]) -> tuple[Table, tuple[Line, ...]]:
        rows: list[list[tuple[Span, ...]]] = []
        lines: list[Line] = []
        header = sum(token.type == "th_open" for token in inner) > 0
        place = 1
        for token in inner:
            if token.type == "tr_open":
                rows.append([])
                place = token.map[0] + 1 if token.map else place
            elif token.type == "inline":
                segments = self._inline(token, [place - 1, place])
                cell = merge(span for segment in segments if isinstance(segment, Line) for span in segment.spans)
                lines += [segment for segment in segments if isinstance(segment, Line)]
                self.mishaps += [
                    Mishap("picture_in_table", place, segment.source)
                    for segment in segments
                    if isinstance(segment, Picture)
                ]
                rows[-1].append(cell)
        if header and not any(cell for cell in rows[0]):
            rows, header = rows[1:], False
        return Table(tuple(tuple(row) for row in rows), int(header)), tuple(lines)

    def _inline(self, token: Token, place: Sequence[int] | None) -> tuple[Segment, ...]:
        number = place[0] + 1 if place else 1
        inline: Inline = read_inline(token, number, self.source)
        self.mishaps += inline.mishaps
        return inline.segments


def _part(kind: PartKind, lines: Sequence[Line], level: int) -> Iterator[Part]:
    if lines:
        yield Part(kind, lines[0].number, tuple(lines), level, tuple(paragraphs(lines)))


def paragraphs(lines: Sequence[Line]) -> Iterator[Block]:
    """The paragraphs that a run of source lines comes to; a line wrapped by an editor is joined again."""
    spans: list[Span] = []
    for at, line in enumerate(lines):
        if at and _breaks(lines[at - 1], line):
            yield Paragraph(merge(spans))
            spans = []
        elif at and not (_is_wide(lines[at - 1].text[-1]) or _is_wide(line.text[0])):
            spans.append(Span(" "))
        spans += line.spans
    if spans:
        yield Paragraph(merge(spans))


def _breaks(before: Line, after: Line) -> bool:
    return after.indented or before.text[-1] in "。！？!?.：:；;）)】”" or before.all_bold != after.all_bold


def _end(tokens: Sequence[Token], start: int) -> int:
    """The index of the token that closes the one at `start`."""
    depth = 0
    for at in range(start, len(tokens)):
        depth += tokens[at].nesting
        if depth == 0:
            return at
    return len(tokens)
