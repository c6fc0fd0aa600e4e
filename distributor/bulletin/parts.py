"""The stream of parts that a bulletin's Markdown comes to, each with its lines and their places."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from distributor.bulletin.model import Block, Paragraph, Span


class PartKind(Enum):
    HEADING = auto()
    TEXT = auto()
    RULE = auto()
    TABLE = auto()
    LIST = auto()
    QUOTE = auto()
    LITERAL = auto()  # a code fence: printed as it stands, never structure
    PICTURE = auto()


@dataclass(frozen=True, slots=True)
class Line:
    """One printed line and its line in the source, from 1. `indented`: blanks stood before it."""

    spans: tuple[Span, ...]
    number: int
    indented: bool = False

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)

    @property
    def all_bold(self) -> bool:
        return any(s.bold for s in self.spans) and all(s.bold or not s.text.strip() for s in self.spans)


@dataclass(frozen=True, slots=True)
class Part:
    """A heading, paragraph, list … `lines` is its text line by line, `blocks` what the model keeps of it."""

    kind: PartKind
    number: int
    lines: tuple[Line, ...] = ()
    level: int = 0
    blocks: tuple[Block, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(line.text for line in self.lines)


@dataclass(frozen=True, slots=True)
class Mishap:
    """Something in the Markdown that the model cannot carry: what kind, where, and its text."""

    kind: str
    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A source as parts, its front matter, and what could not be carried. `text` is what was read as Markdown."""

    parts: tuple[Part, ...]
    text: str = ""
    front: dict[str, tuple[str, ...]] = field(default_factory=dict)
    mishaps: tuple[Mishap, ...] = ()


def next_part(parts: Sequence[Part], at: int) -> Part | None:
    """The part after the one at `at`, rules aside."""
    return next(
        (part for part in (parts[each] for each in range(at + 1, len(parts))) if part.kind is not PartKind.RULE), None
    )


def cut(spans: Iterable[Span], start: int, end: int | None = None) -> tuple[Span, ...]:
    """The spans between two positions of their joined text."""
    kept: list[Span] = []
    at = 0
    for span in spans:
        low, high = max(start - at, 0), len(span.text) if end is None else min(end - at, len(span.text))
        if low < high:
            kept.append(Span(span.text[low:high], span.bold, span.italic, span.link))
        at += len(span.text)
    return tuple(kept)


def trim(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The spans without blanks at both ends."""
    kept = tuple(spans)
    text = "".join(span.text for span in kept)
    return cut(kept, len(text) - len(text.lstrip()), len(text.rstrip()))


def merge(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Joins neighbours that look the same, and drops empty ones."""
    texts: list[list[str]] = []
    looks: list[Span] = []
    for span in spans:
        if not span.text:
            continue
        if looks and (looks[-1].bold, looks[-1].italic, looks[-1].link) == (span.bold, span.italic, span.link):
            texts[-1].append(span.text)
        else:
            looks.append(span)
            texts.append([span.text])
    return tuple(Span("".join(t), look.bold, look.italic, look.link) for t, look in zip(texts, looks, strict=True))


def marked_up(spans: Iterable[Span]) -> str:
    """The text with bold shown as Markdown shows it."""
    return "".join(f"**{span.text.strip()}**" if span.bold and span.text.strip() else span.text for span in spans)


def numbered(entry: tuple[Block, ...], number: int) -> tuple[Block, ...]:
    """An entry of a list that does not count from 1, as a paragraph that bears its number."""
    first = Span(f"{number}. ")
    if entry and isinstance(entry[0], Paragraph):
        return (Paragraph(merge((first, *entry[0].spans))), *entry[1:])
    return (Paragraph((first,)), *entry)
