"""Inline Markdown as lines of spans and pictures, each line with its place in the source."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from markdown_it.token import Token

from distributor.bulletin.model import Picture, Span
from distributor.bulletin.parts import Line, Mishap, merge, trim

Segment = Line | Picture
#: What a link in a letter may start with.
SCHEMES = ("http://", "https://", "mailto:")


@dataclass(frozen=True, slots=True)
class Inline:
    """The segments of one paragraph or heading, in order, and what they cannot carry."""

    segments: tuple[Segment, ...]
    mishaps: tuple[Mishap, ...]


def read_inline(token: Token, number: int, source: Sequence[str]) -> Inline:
    """Reads one inline token. `number` is the line it starts on; `source` are all lines of the text."""
    reader = _Reader(number, source)
    for child in token.children or ():
        reader.take(child)
    reader.end_line()
    return Inline(tuple(reader.segments), tuple(reader.mishaps))


class _Reader:
    """Keeps the look (bold, italic, link) that is in force while tokens go by."""

    def __init__(self, number: int, source: Sequence[str]) -> None:
        self.number = number
        self.source = source
        self.segments: list[Segment] = []
        self.mishaps: list[Mishap] = []
        self.spans: list[Span] = []
        self.bold = 0
        self.italic = 0
        self.link = ""

    def take(self, token: Token) -> None:
        if token.type in ("strong_open", "strong_close"):
            self.bold += token.nesting
        elif token.type in ("em_open", "em_close"):
            self.italic += token.nesting
        elif token.type == "link_open":
            self._open_link(str(token.attrs.get("href", "")), str(token.attrs.get("title", "")))
        elif token.type == "link_close":
            self.link = ""
        elif token.type in ("softbreak", "hardbreak"):
            self.end_line()
            self.number += 1
        elif token.type == "image":
            self._picture(token)
        else:
            self._text(token.content)

    def end_line(self) -> None:
        spans = trim(merge(self.spans))
        if spans:
            raw = self.source[self.number - 1] if self.number <= len(self.source) else ""
            first = len(self.segments) == 0
            indented = (not first and raw[:1] in "\u3000\xa0") or raw.startswith(("  ", "\t"))
            self.segments.append(Line(spans, self.number, bool(raw) and indented))
        self.spans = []

    def _text(self, text: str) -> None:
        self.spans.append(Span(text, self.bold > 0, self.italic > 0, self.link))

    def _open_link(self, target: str, title: str) -> None:
        if target.lower().startswith(SCHEMES):
            self.link = target
        else:
            self.mishaps.append(Mishap("link_dropped", self.number, target))
        if title:
            self.mishaps.append(Mishap("link_title", self.number, title))

    def _picture(self, token: Token) -> None:
        self.end_line()
        self.segments.append(Picture(unquote(str(token.attrs.get("src", ""))), token.content))
        if title := token.attrs.get("title"):
            self.mishaps.append(Mishap("link_title", self.number, str(title)))
