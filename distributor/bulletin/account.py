"""The reader's account of itself: every hanzi of the page is in the model, or a finding says which are not.

This is the net below all recognition by shape: whatever a page looks like, no text is lost silently.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import unquote

from distributor.bulletin.assemble import Pieces
from distributor.bulletin.model import Block, Bulletin, BulletList, Paragraph, Picture, Quote, Span, Table
from distributor.bulletin.shape import HANZI
from distributor.errors import Place, Problem
from distributor.words import words

_HANZI = re.compile(rf"[{HANZI}]")


def check_account(pieces: Pieces, bulletin: Bulletin, file: str) -> tuple[Problem, ...]:
    """A finding when hanzi of the page are not in the model; it shows some of them."""
    missing = _count((pieces.page.text,)) - _count(printed(bulletin, pieces))
    if not missing:
        return ()
    return (
        Problem(
            Place(file, _last_line(pieces.page.text, missing)),
            "text_lost",
            words(
                "Characters that cannot be read into the bulletin ({count}): {sample}",
                count=missing.total(),
                sample="".join(missing)[:20],
            ),
            words("Write the page more simply: lists and quotes nested less deeply, fewer marks."),
        ),
    )


def _last_line(text: str, missing: Iterable[str]) -> int:
    """The last line that holds one of the missing characters."""
    at = max(text.rfind(character) for character in missing)
    return text.count("\n", 0, at) + 1


def printed(bulletin: Bulletin, pieces: Pieces) -> Iterator[str]:
    """Every text that the model carries, for counting."""
    yield from (
        bulletin.title,
        bulletin.issue_line,
        bulletin.issuer or "",
        bulletin.marking or "",
        bulletin.classification or "",
    )
    yield from (*bulletin.extra, *bulletin.contents, *pieces.masthead.printed)
    yield from (unquote(mishap.text) for mishap in pieces.page.mishaps)
    for section in bulletin.sections:
        yield section.raw_heading or ""
        yield from _texts(section.note)
        for item in section.items:
            yield from (item.raw_title or item.title, item.raw_attribution, *_texts(item.body))
    for each in pieces.tail.fields:
        yield from (each.label, each.value)
    yield bulletin.contact.raw


def _texts(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        match block:
            case Paragraph():
                yield from _spans(block.spans)
            case Table():
                yield from chain.from_iterable(_spans(cell) for row in block.rows for cell in row)
            case BulletList():
                yield from chain.from_iterable(_texts(entry) for entry in block.entries)
            case Quote():
                yield from _texts(block.blocks)
            case Picture():
                yield f"{block.alt} {block.source}"


def _spans(spans: Iterable[Span]) -> Iterator[str]:
    for span in spans:
        yield span.text
        yield unquote(span.link)


def _count(texts: Iterable[str]) -> Counter[str]:
    counter: Counter[str] = Counter()
    for text in texts:
        counter.update(_HANZI.findall(text))
    return counter
