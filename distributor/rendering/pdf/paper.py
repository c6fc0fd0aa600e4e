"""What the PDF's template sees: the bulletin as plain values, ready to be written as JSON.

Strings stay strings: Typst prints what it reads from JSON and never runs it. The bulletin's own
words are not changed; only their arrangement (what is joined, what stands alone) is decided here.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from distributor.bulletin.model import (
    Block,
    Bulletin,
    BulletList,
    Item,
    Paragraph,
    Picture,
    Quote,
    Section,
    Span,
    Table,
)
from distributor.rendering.pictures import Placed
from distributor.rendering.theme import Theme
from distributor.rendering.views import (
    chinese_date,
    issue_title,
    number_line,
    printed_addressees,
    printed_contact,
    printed_copies,
    told_by_unit,
)

#: Lists and notes inside each other: Typst gives up on layouts nested deeper, and so does a reader.
DEEPEST = 6
#: With three bytes each, two of these and an ending stay below the 255 bytes of a file name.
_LONGEST_TITLE = 36
_TOTAL = re.compile(r"\s*[（(]\s*总.*")
_PATH_MARKS = frozenset('\\/:*?"<>|')
#: What a reader may press in a PDF; the model holds nothing else, and a viewer would run the rest.
_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
#: 目录, 本期导读, 本期主要内容: a longer line is an entry.
_CONTENTS_HEAD = 6


def paper_name(bulletin: Bulletin, *, correction: str = "") -> str:
    """The file's name as a reader keeps it: 云岭河长制工作简报第12期.pdf, or …第12期（更正）.pdf.

    Nothing in it can be a path, turn the direction of reading, or be refused by Windows.
    """
    text = unicodedata.normalize(
        "NFC", bulletin.title[:_LONGEST_TITLE] + _TOTAL.sub("", number_line(bulletin))[:_LONGEST_TITLE]
    )
    kept = "".join(char for char in text if char not in _PATH_MARKS and char.isprintable() and not char.isspace())
    stem = kept.strip(".") or "简报"
    return f"{stem}（{correction}）.pdf" if correction else f"{stem}.pdf"


def paper_values(
    bulletin: Bulletin, *, theme: Theme, placed: Mapping[str, Placed], correction: str = ""
) -> dict[str, object]:
    """Everything the template prints of the bulletin, by the names that templates/README.md lists.

    `placed` has every picture of the bulletin; the template opens it by the name of its file.
    """
    alone = sum(len(section.items) for section in bulletin.sections) == 1
    return {
        "title": issue_title(bulletin),
        "author": bulletin.issuer or bulletin.title,
        "keywords": _keywords(bulletin),
        "above": theme.above,
        "masthead": [line for line in theme.title_lines(bulletin) if line.strip()],
        "number": number_line(bulletin),
        "issuer": bulletin.issuer or "",
        "date": chinese_date(bulletin),
        "classification": bulletin.classification or "",
        "marking": bulletin.marking or "",
        "correction": correction,
        "contents": _contents(bulletin.contents),
        "sections": [_section(section, placed, alone=alone) for section in bulletin.sections],
        "roles": [{"label": role.label, "names": list(role.names)} for role in bulletin.roles],
        "addressees": printed_addressees(bulletin),
        "contact": printed_contact(bulletin.contact),
        "copies": printed_copies(bulletin),
        "extra": list(bulletin.extra),
    }


def _keywords(bulletin: Bulletin) -> list[str]:
    """The publication and its sections, for a search among many files."""
    found = (bulletin.title, *(section.heading or "" for section in bulletin.sections))
    return list(dict.fromkeys(word for word in found if word.strip()))


def _contents(lines: Sequence[str]) -> dict[str, object]:
    """The printed list of contents, and the line over it (目录, 本期导读) where there is one."""
    headed = (
        bool(lines) and len("".join(lines[0].split())) <= _CONTENTS_HEAD and not lines[0].endswith(tuple("0123456789"))
    )
    return {"heading": lines[0] if headed else "", "entries": list(lines[1:] if headed else lines)}


def _section(section: Section, placed: Mapping[str, Placed], *, alone: bool) -> dict[str, object]:
    return {
        "heading": section.heading or "",
        "note": _blocks(section.note, placed),
        "items": [_item(item, placed, in_section=bool(section.heading), alone=alone) for item in section.items],
    }


def _item(item: Item, placed: Mapping[str, Placed], *, in_section: bool, alone: bool) -> dict[str, object]:
    by_unit = told_by_unit(item)
    run_in = item.run_in and not by_unit and bool(item.body) and isinstance(item.body[0], Paragraph)
    return {
        "heading": f"【{item.title}】" if item.inline_heading and item.title else item.title,
        "inline_heading": item.inline_heading,
        "run_in": run_in and bool(item.title),
        "alone": alone and not item.inline_heading,
        "in_section": in_section,
        "attribution": item.attribution or "",
        # A run-in report ends as it began, within its paragraph.
        "source_joined": run_in and isinstance(item.body[-1], Paragraph),
        "digests": [{"unit": digest.unit, "text": digest.text} for digest in item.digests] if by_unit else [],
        "blocks": [] if by_unit else _blocks(item.body, placed),
    }


def _blocks(blocks: Iterable[Block], placed: Mapping[str, Placed], depth: int = 0) -> list[dict[str, object]]:
    return [value for block in blocks for value in _block(block, placed, depth)]


def _block(block: Block, placed: Mapping[str, Placed], depth: int) -> list[dict[str, object]]:
    match block:
        case Paragraph(spans):
            return [{"kind": "paragraph", "spans": _spans(spans)}]
        case Table(rows, header_rows):
            cells = [[_spans(cell) for cell in row] for row in rows if row]
            return [{"kind": "table", "rows": cells, "header_rows": min(header_rows, len(cells))}] if cells else []
        case Picture(source, alt):
            shown = placed[source]
            file, width = shown.picture.file_name, shown.width
            return [{"kind": "picture", "file": file, "width": width, "alt": alt or "图", "caption": alt}]
        case BulletList(entries, ordered):
            inner = [_blocks(entry, placed, depth + 1) for entry in entries]
            if depth >= DEEPEST:
                return [value for entry in inner for value in entry]
            return [{"kind": "list", "ordered": ordered, "entries": inner}] if inner else []
        case Quote(quoted):
            inside = _blocks(quoted, placed, depth + 1)
            return [{"kind": "quote", "blocks": inside}] if depth < DEEPEST and inside else inside


def _spans(spans: Sequence[Span]) -> list[dict[str, object]]:
    return [
        {
            "text": span.text,
            "bold": span.bold,
            "italic": span.italic,
            "link": span.link if _LINK.match(span.link) else "",
        }
        for span in spans
    ]
