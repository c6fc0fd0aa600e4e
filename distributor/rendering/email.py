"""The letter of one group: subject, complete text and HTML, made from the office's templates.

The bulletin's own part is rendered first and passes an allow-list (nh3) before it enters the
letter, so nothing a bulletin says can act as markup. Every rule goes inline into the elements
(css-inline), because many mail systems drop style sheets. Nothing is fetched from anywhere.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from email.utils import parseaddr

import css_inline
import nh3
from markupsafe import Markup

from distributor.bulletin.model import AddresseeLine, Bulletin, Contact, Direction, Item, Kind, Paragraph
from distributor.errors import BadInput, Refused
from distributor.recipients.model import Acknowledge
from distributor.rendering import fields
from distributor.rendering.pictures import Placed, place_pictures
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.words import words

#: Gmail clips a letter whose HTML is over 102 KB; pictures do not count.
HTML_WARN = 80 * 1024
HTML_LIMIT = 100 * 1024
#: A letter's column is 640 pixels with 32 at each side.
PICTURE_WIDTH = 576

_MASTHEAD_PART = 4

_TAGS = {"table", "tbody", "tr", "td", "b", "i", "a", "br", "img"}
_ATTRIBUTES = {
    "table": {"role", "width", "border", "cellpadding", "cellspacing", "class", "align", "bgcolor"},
    "td": {"class", "align", "valign", "width", "bgcolor"},
    "a": {"href", "class"},
    "b": {"class"},
    "img": {"src", "alt", "width", "class", "border"},
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_DATE_BESIDE = re.compile(r"[（(]?\s*\d{4}\s*[-./年]\s*\d{1,2}\s*[-./月]\s*\d{1,2}\s*日?\s*[）)]?")
_DUE = re.compile(r"(\d+)\s*(working\s+)?(day|hour|week)s?")
_DUE_UNITS = {"day": "天", "hour": "小时", "week": "周"}
_KINDS = {Kind.ORDINARY: "", Kind.SUPPLEMENT: "增刊", Kind.SPECIAL: "专刊", Kind.TRIAL: "试刊"}


class RenditionTooLarge(Refused):
    """The HTML is so large that mail systems would cut it off."""

    code = "rendition_too_large"


@dataclasses.dataclass(frozen=True, slots=True)
class GroupView:
    """What a template sees of a group. `due` is the directory's own phrase, such as "2 working days"."""

    name: str
    direction: Direction
    template: str
    acknowledge: Acknowledge = Acknowledge.NEVER
    due: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class OfficeView:
    """What a template sees of the office. Empty strings where the office has no such thing.

    `reply_address` may carry a name before the address; letters print the address alone.
    """

    name: str
    phone: str = ""
    reply_address: str = ""
    base_url: str = ""


def render_email(
    bulletin: Bulletin,
    *,
    group: GroupView,
    office: OfficeView,
    templates: Templates,
    pictures: Mapping[str, bytes],
) -> Rendition:
    """Renders the bulletin for one group; `pictures` holds their bytes by `Picture.source`.

    Raises `BadInput` (a template, a picture or a character is at fault) or `RenditionTooLarge`.
    """
    templates.require(group.template)
    office = dataclasses.replace(office, reply_address=parseaddr(office.reply_address)[1])
    for value in (bulletin, group, office):
        _refuse_unprintable(value)
    placed = place_pictures(bulletin, pictures, widest=PICTURE_WIDTH)
    values = _values(bulletin, group, office, placed)
    folder = f"email/{group.template}"
    rendition = Rendition(
        group=group.name,
        direction=group.direction.value,
        channel="email",
        subject=" ".join(templates.render(f"{folder}/subject.txt", values).split()),
        text=_text(templates, folder, values),
        html=_html(templates, folder, values),
        pictures=tuple(entry.picture for entry in placed.values()),
    )
    if not rendition.subject:
        raise BadInput(
            words("The letter has no subject."), do=words("Give the bulletin a title, or look at subject.txt.")
        )
    if html_size(rendition) > HTML_LIMIT:
        raise RenditionTooLarge(
            words(
                "The letter has {size} KB of HTML; mail systems cut it off above {limit} KB.",
                size=html_size(rendition) // 1024,
                limit=HTML_LIMIT // 1024,
            ),
            do=words("Shorten the bulletin, or split it into two numbers."),
        )
    return rendition


def html_size(rendition: Rendition) -> int:
    """The size of the HTML in bytes, pictures not counted. Above `HTML_WARN` it deserves a warning."""
    return len(rendition.html.encode())


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


def _values(
    bulletin: Bulletin, group: GroupView, office: OfficeView, placed: Mapping[str, Placed]
) -> dict[str, object]:
    values: dict[str, object] = {
        "bulletin": bulletin,
        "group": group,
        "office": office,
        "recipient": fields.RecipientFields(),
        "title": issue_title(bulletin),
        "number": number_line(bulletin),
        "date": chinese_date(bulletin),
        "masthead": _masthead(bulletin),
        "contact": _contact(bulletin.contact),
        "addressees": _addressees(bulletin),
        "copies": _copies(bulletin),
        "by_unit": _by_unit,
        "headlines": [item.title for section in bulletin.sections for item in section.items if item.title],
        "due": _due(group.due),
        "pictures": {source: {"cid": entry.picture.cid, "width": entry.width} for source, entry in placed.items()},
    }
    if office.base_url:
        values["links"] = fields.LinkFields()
    return values


def _masthead(bulletin: Bulletin) -> tuple[str, ...]:
    """The title's own lines; a one-line title is broken at its blanks when each part can stand alone."""
    lines = bulletin.masthead or (bulletin.title,)
    parts = tuple(lines[0].split())
    if len(lines) == 1 and len(parts) > 1 and min(map(len, parts)) >= _MASTHEAD_PART:
        return parts
    return lines


def _addressees(bulletin: Bulletin) -> list[dict[str, object]]:
    """The 报/送/发 lines as printed: the label, and the lines behind it."""
    return [
        {"label": f"{line.label}：", "lines": _printed_lines(_unlabelled(line)) or ["、".join(line.names)]}
        for line in bulletin.addressees
    ]


def _unlabelled(line: AddresseeLine) -> str:
    label = r"\s*".join(map(re.escape, line.label))
    return re.sub(rf"^\s*{label}\s*[：:]", "", line.raw)


def _contact(contact: Contact) -> list[str]:
    """The contact line's parts as printed; put together from what was recognised when it was not kept."""
    parts = (("电子邮箱：", contact.email), ("电话：", contact.phone))
    kept = [part for part in re.split(r"[\s\u3000]{2,}", contact.raw) if part]
    return kept or [label + value for label, value in parts if value]


def _copies(bulletin: Bulletin) -> str:
    """How many copies were printed; empty when a line of the tail says so itself."""
    tail = " ".join((*bulletin.extra, *(line.raw for line in bulletin.addressees)))
    said = re.search(r"印.{0,12}份", tail) is not None
    return "" if bulletin.copies is None or said else f"共印{bulletin.copies}份"


def _by_unit(item: Item) -> bool:
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


def _text(templates: Templates, folder: str, values: Mapping[str, object]) -> str:
    content = templates.render("email/_base/content.txt", values)
    text = templates.render(f"{folder}/body.txt", {**values, "content": content})
    lines = [line.rstrip(" ") for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


def _html(templates: Templates, folder: str, values: Mapping[str, object]) -> str:
    content = _sanitised(templates.render("email/_base/content.html", values))
    page = templates.render(f"{folder}/body.html", {**values, "content": Markup(content)})  # noqa: S704 - just sanitised
    inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
    return re.sub(r"\s*\n[ \t\n]*", "\n", inliner.inline(page)) + "\n"


def _sanitised(fragment: str) -> str:
    return nh3.clean(
        fragment,
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_only_own_pictures,
        url_schemes={"http", "https", "mailto", "cid"},
        link_rel=None,
    )


def _only_own_pictures(tag: str, attribute: str, value: str) -> str | None:
    """A picture from elsewhere would tell its owner who reads the letter."""
    if attribute == "src" and not value.startswith("cid:"):
        return None
    if attribute == "href" and value.startswith("cid:"):
        return None
    return value


def _refuse_unprintable(value: object) -> None:
    for text in _strings(value):
        found = _CONTROL.search(text)
        if found or fields.is_marked(text):
            char = found[0] if found else next(char for char in text if fields.is_marked(char))
            raise BadInput(
                words(
                    "“{text}” holds the invisible character U+{code}, which a letter cannot carry.",
                    text=text.replace(char, "\N{REPLACEMENT CHARACTER}")[:40],
                    code=f"{ord(char):04X}",
                ),
                do=words("Delete the character in the bulletin and try again."),
            )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _strings(entry)
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _strings(getattr(value, field.name))
