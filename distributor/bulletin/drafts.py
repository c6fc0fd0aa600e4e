"""Sections and reports while a body is read."""

from dataclasses import dataclass, field
from enum import IntEnum

from distributor.bulletin.model import Block, Item, Paragraph, Section
from distributor.bulletin.passages import split_digests


class Mark(IntEnum):
    """What opens a report, from weak to strong."""

    LONE = 1
    RUN_IN = 2
    NUMBER = 3
    BOLD = 4
    HEADING = 5


@dataclass(slots=True)
class ItemDraft:
    """A report that is open: lines go into it until the next title."""

    title: str = ""
    line: int = 0
    mark: Mark | None = None
    attribution: str | None = None
    body: list[Block] = field(default_factory=list)
    run_in: bool = False
    inline: bool = False
    raw_title: str = ""
    raw_attribution: str = ""
    level: int = 0  # of the heading that opened it; 0: no heading did

    def finished(self) -> Item:
        text = "".join(block.text for block in self.body if isinstance(block, Paragraph)) if self.inline else ""
        return Item(
            self.title,
            self.attribution,
            tuple(self.body),
            self.run_in,
            self.inline,
            split_digests(text),
            self.raw_title,
            self.raw_attribution,
            self.line,
        )


@dataclass(slots=True)
class SectionDraft:
    """A section that is open, and the mark by which its reports begin."""

    heading: str | None = None
    raw: str | None = None
    line: int = 0
    note: list[Block] = field(default_factory=list)
    items: list[ItemDraft] = field(default_factory=list)
    mark: Mark | None = None

    def finished(self) -> Section:
        items = tuple(item.finished() for item in self.items)
        return Section(self.heading, items, self.raw, tuple(self.note), self.line)
