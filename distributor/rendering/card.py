"""The short forms of a bulletin for WeCom (企业微信): a card for one member, a few lines for a group chat.

A card is the platform's own document with the bulletin's words in it, personal fields still open. Where a 签收 is
asked for it has a button; without a public page and without a 签收 there is nothing to press, and the words go as
plain text. Sources: developer.work.weixin.qq.com/document/path/90236 (apps) and 91770 (robots).
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.recipients.model import Acknowledge
from distributor.rendering import fields
from distributor.rendering.personal import Personal
from distributor.rendering.rendition import Rendition, filled
from distributor.rendering.templates import Templates
from distributor.rendering.unprintable import refuse_unprintable
from distributor.rendering.views import GroupView, OfficeView, template_values
from distributor.words import words

WECOM, ROBOT, CHAT = "wecom", "wecom_robot", "apprise"

#: The key of the 签收 button, as its event names it.
ACKNOWLEDGE = "acknowledge"

#: What one message may hold in bytes of UTF-8: a robot is refused above it, and an app's text would be cut.
_ROBOT_MOST, _TEXT_MOST = 4096, 2048

#: What fills a link until each copy has its own; as long as a real one.
_LINK_ROOM = 120

Document = dict[str, Any]


def render_card(
    bulletin: Bulletin, *, group: GroupView, office: OfficeView, templates: Templates, channel: str, edition: int = 1
) -> Rendition:
    """Renders the bulletin for one group on `wecom`, `wecom_robot` or `apprise`.

    `edition` above 1 is a correction and says so.

    Raises `BadInput` when a template or a character is at fault, or the words are more than the platform takes.
    """
    for value in (bulletin, group, office):
        refuse_unprintable(value)
    values = template_values(bulletin, group, office, {}, theme=templates.theme, edition=edition)
    title = " ".join(templates.render("wecom/title.txt", values).split())
    if channel == ROBOT:
        message = _said("markdown_v2", _lines(templates.render("wecom/robot.md", values)), _ROBOT_MOST)
    elif channel == CHAT:  # the platform says itself how much it takes
        content = _lines(templates.render("chat/message.md", values))
        message = {"msgtype": "markdown_v2", "markdown_v2": {"content": content}}
    else:
        lead = _lines(templates.render("wecom/lead.txt", values))
        message = _card(title, lead, values, may_sign=group.acknowledge is not Acknowledge.NEVER)
    text = json.dumps(message, ensure_ascii=False)
    return Rendition(group.name, group.direction.value, channel, subject=title, text=text, html="")


def _card(title: str, lead: str, values: Mapping[str, Any], *, may_sign: bool) -> Document:
    bulletin: Bulletin = values["bulletin"]
    page = _printed(values, "read")
    if not may_sign and not page:
        return _said("text", f"{title}\n{lead}", _TEXT_MOST)
    rows = [("印发", bulletin.issuer or values["office"].name), ("日期", values["date"])]
    card: Document = {
        "card_type": "button_interaction" if may_sign else "text_notice",
        "main_title": {"title": title},
        "sub_title_text": lead,
        "horizontal_content_list": [{"keyname": name, "value": value} for name, value in rows if value],
    }
    if page:
        card["card_action"] = {"type": 1, "url": page}
    if may_sign:
        card["button_list"] = [{"text": "签收", "style": 1, "key": ACKNOWLEDGE}]
        if page:
            card["button_list"].append({"type": 1, "text": "查看全文", "style": 2, "url": page})
    return {"msgtype": "template_card", "template_card": card}


def _printed(values: Mapping[str, Any], link: str) -> str:
    """The mark of a link; empty where the office has no public page."""
    return fields.mark(getattr(values["links"], link)) if "links" in values else ""


def _said(kind: str, content: str, most: int) -> Document:
    size = len(("x" * _LINK_ROOM).join(fields.split(content)[0::2]).encode())
    if size > most:
        raise BadInput(
            words("The short form for WeCom has {size} bytes; the platform takes {limit}.", size=size, limit=most),
            do=words("Shorten the headlines, or say less in templates/wecom."),
        )
    return {"msgtype": kind, kind: {"content": content}}


def _lines(text: str) -> str:
    """The lines of a rendered template, without the blank ones that its statements leave at the ends."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip(" ") for line in text.splitlines())).strip("\n")


def fill_card(rendition: Rendition, personal: Personal, *, address: Document, task: str = "") -> bytes:
    """The bytes of one copy: the same on every attempt. `address` is what says whom it is for.

    `task` names the copy on a card with buttons, for the event of a pressed one.

    Raises `BadInput` when a personal value cannot stand in it.
    """
    message = filled_document(rendition, personal.values())
    _mark(message, personal.subject_prefix)
    if "button_list" in message.get("template_card", ()):
        message["template_card"]["task_id"] = task
    return json.dumps({**address, **message}, ensure_ascii=False).encode()


def filled_document(rendition: Rendition, values: Mapping[str, str]) -> Document:
    """The platform's document with these personal values."""
    document: Document = _filled(json.loads(rendition.text), values)
    return document


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, list):
        return [_filled(each, values) for each in value]
    return {name: _filled(each, values) for name, each in value.items()} if isinstance(value, dict) else value


def _mark(message: Document, prefix: str) -> None:
    """Puts 【更正】 or 【测试】 before the title, wherever this form has it."""
    content = message[message["msgtype"]]
    if "main_title" in content:
        content["main_title"]["title"] = prefix + content["main_title"]["title"]
    else:
        content["content"] = re.sub(r"^(# )?", lambda found: found[0] + prefix, content["content"], count=1)
