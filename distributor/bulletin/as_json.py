"""The whole model as plain JSON values, for `--json` and for programs.

Text is given for comparing, not for printing: layout blanks are one space, full-width letters
and digits (and the comma, point and hyphen between digits) are ASCII. The text as the office
printed it is under `body`, `masthead`, `addressees` and `contact_line`. A remark without title or
source that stands among titled reports is under `body` only.

Stable keys:
`title`, `issue_no`, `total_no`, `year` (text), `issuer`, `date` (ISO 8601), `supplement`,
`sections` [`heading`, `items` [`title`, `attribution`; `inline_heading`, `subitems` where they apply]],
`editor`, `approver` (names joined by 、), `report_to`, `send_to`, `distribute_to`, `contact` {`email`, `phone`},
`copies`, `roles` [`label`, `names`], `raw_headings`, `raw_labels`; and the rest of the model:
`kind`, `issue_line`, `masthead`, `marking`, `classification`,
`addressees` [`direction`, `label`, `raw`, `names`, `line`],
`contact_line`, `extra`, `contents`, `send_at` (its own send rule),
`body` [`heading`, `note`, `items` [`title`, `run_in`, `attribution`, `blocks`]].
"""

import re
from collections.abc import Sequence

from distributor.bulletin.model import (
    Block,
    Bulletin,
    BulletList,
    Direction,
    Item,
    Kind,
    Paragraph,
    Picture,
    Quote,
    Section,
    Span,
    Table,
)
from distributor.bulletin.shape import fold, squeeze

_WIDE_WORDS = re.compile(r"[０-９Ａ-Ｚａ-ｚ]+(?:[，．－／：][０-９]+)*|(?<=[0-9])[，．－／：](?=[0-9])")


def model_as_json(bulletin: Bulletin) -> dict[str, object]:
    """The bulletin as JSON values; the keys are listed above and do not change."""
    return {
        "title": _plain(bulletin.title),
        "issue_no": bulletin.issue_no,
        "total_no": bulletin.total_no,
        "year": str(bulletin.year) if bulletin.year else None,
        "issuer": _plain(bulletin.issuer),
        "date": bulletin.date.isoformat() if bulletin.date else None,
        "supplement": bulletin.kind is Kind.SUPPLEMENT,
        "sections": [
            _section(section) for section in bulletin.sections if section.heading is not None or section.items
        ],
        "editor": _plain("、".join(bulletin.editors)),
        "approver": _plain("、".join(bulletin.approvers)),
        "report_to": _names(bulletin, Direction.REPORT),
        "send_to": _names(bulletin, Direction.SEND),
        "distribute_to": _names(bulletin, Direction.ISSUE),
        "contact": {"email": bulletin.contact.email, "phone": bulletin.contact.phone},
        "copies": bulletin.copies,
        "roles": [
            {"label": _plain(role.label), "names": [_plain(name) for name in role.names]} for role in bulletin.roles
        ],
        "raw_headings": [raw for section in bulletin.sections for raw in _raw_headings(section)],
        "raw_labels": [line.label for line in bulletin.addressees],
        "kind": bulletin.kind.value,
        "issue_line": bulletin.issue_line,
        "masthead": list(bulletin.masthead),
        "marking": bulletin.marking,
        "classification": bulletin.classification,
        "addressees": [
            {
                "direction": line.direction.value,
                "label": line.label,
                "raw": line.raw,
                "names": list(line.names),
                "line": line.line,
            }
            for line in bulletin.addressees
        ],
        "contact_line": bulletin.contact.raw,
        "extra": list(bulletin.extra),
        "contents": list(bulletin.contents),
        "send_at": str(bulletin.send_at) if bulletin.send_at else None,
        "body": [_body(section) for section in bulletin.sections],
    }


def _plain(text: str | None) -> str | None:
    return _WIDE_WORDS.sub(lambda match: fold(match[0]), squeeze(text)) if text else None


def _names(bulletin: Bulletin, direction: Direction) -> list[str | None]:
    return [_plain(name) for name in bulletin.names_for(direction)]


def _section(section: Section) -> dict[str, object]:
    titled = any(item.title for item in section.items)
    items = [_item(item) for item in section.items if item.title or item.attribution or not titled]
    return {"heading": _plain(section.heading), "items": items}


def _item(item: Item) -> dict[str, object]:
    plain: dict[str, object] = {"title": _plain(item.title), "attribution": _plain(item.attribution)}
    if item.inline_heading:
        plain |= {"inline_heading": True, "subitems": [digest.unit for digest in item.digests]}
    return plain


def _raw_headings(section: Section) -> list[str]:
    heading = [section.raw_heading] if section.raw_heading else []
    return heading + [f"{item.raw_title} (inline)" for item in section.items if item.inline_heading]


def _body(section: Section) -> dict[str, object]:
    return {
        "heading": section.raw_heading,
        "note": _blocks(section.note),
        "items": [
            {"title": item.title, "run_in": item.run_in, "attribution": item.attribution, "blocks": _blocks(item.body)}
            for item in section.items
        ],
    }


def _blocks(blocks: Sequence[Block]) -> list[object]:
    return [_block(block) for block in blocks]


def _block(block: Block) -> dict[str, object]:
    match block:
        case Paragraph():
            return {"type": "paragraph", "spans": _spans(block.spans)}
        case Table():
            rows = [[_spans(cell) for cell in row] for row in block.rows]
            return {"type": "table", "header_rows": block.header_rows, "rows": rows}
        case BulletList():
            return {"type": "list", "ordered": block.ordered, "entries": [_blocks(entry) for entry in block.entries]}
        case Picture():
            return {"type": "picture", "source": block.source, "alt": block.alt}
        case Quote():
            return {"type": "quote", "blocks": _blocks(block.blocks)}


def _spans(spans: Sequence[Span]) -> list[object]:
    return [_span(span) for span in spans]


def _span(span: Span) -> dict[str, object]:
    looks = {name: True for name in ("bold", "italic") if getattr(span, name)}
    return {"text": span.text, **looks, **({"link": span.link} if span.link else {})}
