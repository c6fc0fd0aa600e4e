"""What a template sees: the bulletin in the words a letter prints, the group, the office.

The bulletin's own text is never changed here; numbers, dates and lines of the tail are only put
into the form in which letters print them.
"""

import dataclasses
import re
from collections.abc import Mapping
from email.utils import parseaddr

from distributor.bulletin.model import AddresseeLine, Bulletin, Contact, Direction, Item, Kind, Paragraph
from distributor.recipients.model import Acknowledge
from distributor.rendering import fields
from distributor.rendering.edition import correction_mark, correction_note
from distributor.rendering.pictures import Placed
from distributor.rendering.theme import Theme

_DATE_BESIDE = re.compile(r"[（(]?\s*\d{4}\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d{1,2}\s*日?\s*[）)]?")
_DUE = re.compile(r"(\d+)\s*(working\s+)?(day|hour|week)s?")
_DUE_UNITS = {"day": "天", "hour": "小时", "week": "周"}
_KINDS = {Kind.ORDINARY: "", Kind.SUPPLEMENT: "增刊", Kind.SPECIAL: "专刊", Kind.TRIAL: "试刊"}


@dataclasses.dataclass(frozen=True, slots=True)
class GroupView:
    """What a template sees of a group. `due` is the directory's own phrase, such as "2 working days"."""

    name: str
    direction: Direction
    template: str
    acknowledge: Acknowledge = Acknowledge.NEVER
    due: str | None = None
    pixel: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class OfficeView:
    """What a template sees of the office. Empty strings where the office has no such thing.

    `reply_address` may carry a name before the address; letters print the address alone.
    """

    name: str
    phone: str = ""
    reply_address: str = ""
    base_url: str = ""


def number_line(bulletin: Bulletin) -> str:
    """The number as printed, without brackets or a date beside it: 第350期, 增刊第2期; empty when there is none."""
    line = " ".join(_DATE_BESIDE.sub(" ", bulletin.issue_line).split())
    if line:
        return line[1:-1] if line[0] in "（(" and line[-1] in "）)" else line
    number = f"第{bulletin.issue_no}期" if bulletin.issue_no is not None else ""
    return _KINDS[bulletin.kind] + number


def issue_title(bulletin: Bulletin) -> str:
    """Title and number, as subjects and notes name the bulletin: 云岭河长制工作简报 第12期."""
    return f"{bulletin.title} {number_line(bulletin)}".strip()


def chinese_date(bulletin: Bulletin) -> str:
    """The date in the form of GB/T 9704: 2020年1月17日; empty when there is none."""
    return f"{bulletin.date.year}年{bulletin.date.month}月{bulletin.date.day}日" if bulletin.date else ""


def bulletin_values(bulletin: Bulletin, theme: Theme, *, edition: int = 1) -> dict[str, object]:
    """What every form of a bulletin prints of it, by the names that templates use: letter, page and article.

    `edition` above 1 is a correction and says so.
    """
    return {
        "bulletin": bulletin,
        "title": issue_title(bulletin),
        "number": number_line(bulletin),
        "date": chinese_date(bulletin),
        "masthead": theme.title_lines(bulletin),
        "contact": printed_contact(bulletin.contact),
        "addressees": printed_addressees(bulletin),
        "copies": printed_copies(bulletin),
        "correction": correction_mark(edition),
        "correction_note": correction_note(edition),
        "by_unit": told_by_unit,
        "headlines": [item.title for section in bulletin.sections for item in section.items if item.title],
    }


def template_values(
    bulletin: Bulletin,
    group: GroupView,
    office: OfficeView,
    placed: Mapping[str, Placed],
    *,
    theme: Theme,
    edition: int = 1,
) -> dict[str, object]:
    """Everything a letter's template may use, by name; `links` only where the office has a public page."""
    values = bulletin_values(bulletin, theme, edition=edition) | {
        "group": group,
        "office": dataclasses.replace(office, reply_address=parseaddr(office.reply_address)[1]),
        "recipient": fields.RecipientFields(),
        "due": _due(group.due),
        "pictures": {source: {"cid": entry.picture.cid, "width": entry.width} for source, entry in placed.items()},
        "attachments": (),
    }
    if office.base_url:
        values["links"] = fields.LinkFields()
    return values


def printed_addressees(bulletin: Bulletin) -> list[dict[str, object]]:
    """The 报/送/发 lines as printed: the label, and the lines behind it."""
    return [
        {"label": f"{line.label}：", "lines": _printed_lines(_unlabelled(line)) or ["、".join(line.names)]}
        for line in bulletin.addressees
    ]


def _unlabelled(line: AddresseeLine) -> str:
    label = r"\s*".join(map(re.escape, line.label))
    return re.sub(rf"^\s*{label}\s*[：:]", "", line.raw)


def printed_contact(contact: Contact) -> list[str]:
    """The contact line's parts as printed; put together from what was recognised when it was not kept."""
    parts = (("电子邮箱：", contact.email), ("电话：", contact.phone))
    kept = [part for part in re.split(r"[\s\u3000]{2,}", contact.raw) if part]
    return kept or [label + value for label, value in parts if value]


def printed_copies(bulletin: Bulletin) -> str:
    """How many copies were printed; empty when a line of the tail says so itself."""
    tail = " ".join((*bulletin.extra, *(line.raw for line in bulletin.addressees)))
    said = re.search(r"印.{0,12}份", tail) is not None
    return "" if bulletin.copies is None or said else f"共印{bulletin.copies}份"


def told_by_unit(item: Item) -> bool:
    """Whether an item may be set unit by unit: its short reports are the whole body, in one plain look."""
    paragraphs = [block for block in item.body if isinstance(block, Paragraph)]
    plain = all(not (span.bold or span.italic or span.link) for block in paragraphs for span in block.spans)
    told = "".join(f"{digest.unit}：{digest.text}" for digest in item.digests)
    same = "".join(told.split()) == "".join("".join(block.text for block in paragraphs).split())
    return bool(item.digests) and (not item.body or (plain and same and len(paragraphs) == len(item.body)))


def _printed_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]


def _due(due: str | None) -> str:
    """The directory's "2 working days" in Chinese; any other phrase stays as the admin wrote it."""
    match = _DUE.fullmatch((due or "").strip())
    if match is None:
        return due or ""
    unit = "个工作日" if match[2] else _DUE_UNITS[match[3]]
    return f"收到之日起{match[1]}{unit}内"
