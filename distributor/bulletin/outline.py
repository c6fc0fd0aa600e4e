"""Which Markdown headings of a body are sections and which are titles of single reports.

Offices use one level for either. A heading in 【】 or with 一、 is a section; of two plain levels
the higher one is; a single plain level is sections only when titles stand below it.
"""

from collections.abc import Sequence

from distributor.bulletin.model import BulletList, Paragraph, Span
from distributor.bulletin.parts import Part, PartKind, next_part
from distributor.bulletin.titles import (
    bold_title,
    counted_head,
    is_contents_head,
    is_note,
    lone_title,
    marked_title,
    run_in_title,
    section_head,
)


def section_headings(parts: Sequence[Part]) -> frozenset[int]:
    """The indices of the headings that open sections."""
    heads = [at for at, part in enumerate(parts) if part.kind is PartKind.HEADING and not _is_aside(part)]
    if not heads:
        return frozenset()
    top = min(parts[at].level for at in heads)
    framed = {at for at in heads if section_head(parts[at].text) or counted_head(parts[at].text)}
    plain_levels = {parts[at].level for at in heads if at not in framed}
    if framed:
        highest = min(parts[at].level for at in framed)
        return frozenset(
            at
            for at in heads
            if (at in framed and not any(level < parts[at].level for level in plain_levels if level < highest))
            or (at not in framed and parts[at].level <= highest)
        )
    if len(plain_levels) > 1 or any(_has_title_below(parts, at) for at in heads):
        return frozenset(at for at in heads if parts[at].level == top)
    return frozenset()


def _is_aside(part: Part) -> bool:
    return is_contents_head(part.text) or is_note(part.text)


def _has_title_below(parts: Sequence[Part], at: int) -> bool:
    """True when the first thing under a heading is a title of its own."""
    below = next_part(parts, at)
    if below is None or below.kind not in (PartKind.TEXT, PartKind.LIST):
        return False
    spans = below.lines[0].spans if below.kind is PartKind.TEXT else _first_entry(below)
    if not spans:
        return False
    found = bold_title(spans) or marked_title(spans) or run_in_title(spans)
    if found is None and below.kind is PartKind.TEXT and len(below.lines) == 1 and not counted_head(below.text):
        after = parts[at + 2] if at + 2 < len(parts) else None
        found = lone_title(below.text) if after is not None and after.kind is PartKind.TEXT else None
    return found is not None


def _first_entry(part: Part) -> tuple[Span, ...]:
    block = part.blocks[0] if part.blocks else None
    if isinstance(block, BulletList) and block.entries and block.entries[0]:
        block = block.entries[0][0]
    return block.spans if isinstance(block, Paragraph) else ()
