"""Passages of a body: paragraphs within source lines, entries of lists, unit-led digests, a closing date."""

import re
from collections.abc import Iterable, Sequence

from distributor.bulletin.attribution import find_attribution
from distributor.bulletin.markdown import paragraphs
from distributor.bulletin.model import Block, BulletList, Digest, Paragraph, Span
from distributor.bulletin.numbers import find_dates
from distributor.bulletin.parts import Line, Part, PartKind, merge
from distributor.bulletin.shape import HANZI, compact, has_mark, has_numbering, strip_marks
from distributor.bulletin.titles import Title, bold_title, heading_text, run_in_title, section_head

_DIGEST = re.compile(rf"(?:^|(?<=[。！？!?]))\s*(?P<unit>[{HANZI}]{{2,14}})\s*[：:]")


def split_digests(text: str) -> tuple[Digest, ...]:
    """Unit-led short reports in one paragraph: 清水镇：13日，…。潭柘寺镇：14日，…"""
    found = list(_DIGEST.finditer(text))
    if not found or text[: found[0].start()].strip():
        return ()
    ends = [*(match.start() for match in found[1:]), len(text)]
    return tuple(Digest(match["unit"], text[match.end() : end].strip()) for match, end in zip(found, ends, strict=True))


def without_date(parts: Sequence[Part]) -> tuple[list[Part], Line | None]:
    """A date alone on the last line of the text is the bulletin's, not the last report's."""
    kept = list(parts)
    last = max((at for at, part in enumerate(kept) if part.kind is not PartKind.RULE), default=-1)
    if last < 0 or kept[last].kind is not PartKind.TEXT:
        return kept, None
    part = kept[last]
    dates = find_dates(part.lines[-1].text)
    if not dates or len(compact(part.lines[-1].text)) > len(compact(dates[0].raw)) + 2:
        return kept, None
    kept[last : last + 1] = [_shortened(part)] if len(part.lines) > 1 else []
    return kept, part.lines[-1]


def _shortened(part: Part) -> Part:
    return Part(part.kind, part.number, part.lines[:-1], part.level, tuple(paragraphs(part.lines[:-1])))


def entry_words(text: str) -> str:
    return compact(strip_marks(text))


def item_heading(text: str) -> str:
    return heading_text(text) if section_head(text) or has_numbering(text) or has_mark(text) else text


def runs(lines: Sequence[Line]) -> Iterable[Sequence[Line]]:
    """The paragraphs of one Markdown paragraph: heads and sources on lines of their own stand apart."""
    run: list[Line] = []
    for line in lines:
        alone = section_head(line.text) is not None or _is_source_line(line.text)
        if run and (alone or line.indented or (run[-1].all_bold and not line.all_bold and len(run) == 1)):
            yield run
            run = []
        run.append(line)
        if alone:
            yield run
            run = []
    if run:
        yield run


def _is_source_line(text: str) -> bool:
    found = find_attribution(text) if len(text) < 60 else None
    return found is not None and found.start == 0


def joined(lines: Sequence[Line]) -> tuple[Span, ...]:
    blocks = paragraphs(lines)
    spans: list[Span] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            spans += (*([Span("\n")] if spans else []), *block.spans)
    return merge(spans)


def entries_of(part: Part) -> tuple[tuple[Block, ...], ...]:
    block = part.blocks[0] if part.blocks else None
    return block.entries if isinstance(block, BulletList) else tuple((each,) for each in part.blocks)


def entry_title(entry: tuple[Block, ...]) -> Title | None:
    first = entry[0] if entry else None
    return bold_title(first.spans) or run_in_title(first.spans) if isinstance(first, Paragraph) else None


def entry_lines(part: Part, entries: Sequence[tuple[Block, ...]]) -> list[int]:
    """The source line of each entry, by its first words."""
    numbers: list[int] = []
    lines = iter(part.lines)
    for entry in entries:
        head = entry[0].text[:8] if entry and isinstance(entry[0], Paragraph) else ""
        numbers.append(
            next((line.number for line in lines if line.text.startswith(head[: len(line.text)])), part.number)
        )
    return numbers
