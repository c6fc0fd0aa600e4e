"""A reminder (催办) as people see it: a letter as text and HTML, a card for one member, a few lines for a group chat.

Made for each person from `templates/reminder/`, where a template may therefore decide by whom it is for, unlike the
letters of a bulletin. The look is that of the letters.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distributor.bulletin.model import Bulletin
from distributor.rendering import headers
from distributor.rendering.email import inlined, set_as_text
from distributor.rendering.rendition import Rendition
from distributor.rendering.templates import Templates
from distributor.rendering.theme import Theme
from distributor.rendering.unprintable import refuse_unprintable
from distributor.rendering.views import OfficeView, bulletin_values
from distributor.words import words

#: The folder that a reminder's templates lie in.
FOLDER = "reminder"


@dataclass(frozen=True, slots=True)
class ReminderView:
    """What a template sees of one reminder. Empty strings where there is no such thing.

    `deadline` is a day as letters print it; `link` leads to the person's own page; `has_card`: a card with the button
    of this bulletin lies before them in 企业微信.
    """

    unit: str
    name: str
    deadline: str = ""
    overdue: bool = False
    link: str = ""
    has_card: bool = False


def reminder_values(bulletin: Bulletin, view: ReminderView, office: OfficeView, *, theme: Theme) -> dict[str, Any]:
    """Everything a template of a reminder may use, by name.

    Raises `BadInput` for a title or name that cannot stand in a header, and for characters that cannot be printed.
    """
    for value in (view, office):
        refuse_unprintable(value)
    values = bulletin_values(bulletin, theme)
    headers.checked(str(values["title"]), words("The bulletin's title"))
    return {
        **values,
        "unit": view.unit,
        "name": headers.checked(view.name, words("The recipient's name")),
        "deadline": view.deadline,
        "overdue": view.overdue,
        "link": view.link,
        "has_card": view.has_card,
        "office": office.name,
        "phone": office.phone,
    }


def reminder_letter(values: Mapping[str, object], templates: Templates) -> Rendition:
    """The letter, with no personal field left open. Raises `BadInput` when a template is at fault."""
    return Rendition(
        group="",
        direction="",
        channel="email",
        subject=" ".join(templates.render(f"{FOLDER}/subject.txt", values).split()),
        text=set_as_text(templates.render(f"{FOLDER}/body.txt", values)),
        html=inlined(templates.render(f"{FOLDER}/body.html", values)),
    )


def reminder_card(values: Mapping[str, Any], templates: Templates) -> dict[str, Any]:
    """The platform's document for one member: a card that leads to the page, or plain words where there is none.

    It has no button: the one of the first card still works, and a task id serves one card only
    (developer.work.weixin.qq.com/document/path/90236). Raises `BadInput` when a template is at fault.
    """
    title = " ".join(templates.render(f"{FOLDER}/title.txt", values).split())
    lead = set_as_text(templates.render(f"{FOLDER}/card.txt", values)).strip("\n")
    if not values["link"]:
        return {"msgtype": "text", "text": {"content": f"{title}\n{lead}"}}
    rows = (("期限", values["deadline"]), ("印发", values["office"]))
    card = {
        "card_type": "text_notice",
        "main_title": {"title": title},
        "sub_title_text": lead,
        "horizontal_content_list": [{"keyname": name, "value": value} for name, value in rows if value],
        "card_action": {"type": 1, "url": values["link"]},
    }
    return {"msgtype": "template_card", "template_card": card}


def reminder_words(values: Mapping[str, object], templates: Templates) -> dict[str, Any]:
    """The platform's document for a group chat. Raises `BadInput` when a template is at fault."""
    said = set_as_text(templates.render(f"{FOLDER}/chat.md", values)).strip("\n")
    return {"msgtype": "markdown_v2", "markdown_v2": {"content": said}}


def wired(document: Mapping[str, Any], address: Mapping[str, Any]) -> bytes:
    """The bytes of a card or of words; `address` is what says whom it is for."""
    return json.dumps({**address, **document}, ensure_ascii=False).encode()
