"""The forms of a bulletin for WeCom (企业微信): a card or another form for one member, a few lines for a group chat.

A card is the platform's own document with the bulletin's words in it, personal fields still open. Where a 签收 is
asked for it has a button; without a public page and without a 签收 there is nothing to press, and the words go as
plain text. `wecom_forms` has the forms without a button. Sources: developer.work.weixin.qq.com/document/path/90236
(apps) and 91770 (robots).
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.recipients.model import Acknowledge, WeComForm
from distributor.rendering import fields, wecom_forms
from distributor.rendering.article import article_body
from distributor.rendering.personal import Personal
from distributor.rendering.rendition import InlinePicture, Rendition, filled
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
    bulletin: Bulletin,
    *,
    group: GroupView,
    office: OfficeView,
    templates: Templates,
    channel: str,
    edition: int = 1,
    form: WeComForm = WeComForm.CARD,
    pictures: Mapping[str, bytes] | None = None,
) -> Rendition:
    """Renders the bulletin for one group on `wecom`, in one of its forms, on `wecom_robot`, or for
    a chat of another platform (`apprise`).

    `edition` above 1 is a correction and says so. `pictures` holds the bytes of the bulletin's own by
    `Picture.source`; only an mpnews shows them. Raises `FormUnfit` for a form that cannot carry what the group is to
    get, `BadInput` when a template or a character is at fault, or the words are more than the platform takes.
    """
    for value in (bulletin, group, office):
        refuse_unprintable(value)
    values = template_values(bulletin, group, office, {}, theme=templates.theme, edition=edition)
    title = " ".join(templates.render("wecom/title.txt", values).split())
    shown: tuple[InlinePicture, ...] = ()
    if channel == ROBOT:
        message = _said("markdown_v2", _lines(templates.render("wecom/robot.md", values)), _ROBOT_MOST)
    elif channel == CHAT:  # the platform says itself how much it takes
        content = _lines(templates.render("chat/message.md", values))
        message = {"msgtype": "markdown_v2", "markdown_v2": {"content": content}}
    else:
        article = partial(article_body, bulletin, templates=templates, pictures=pictures or {}, edition=edition)
        message, shown = _for_member(title, values, templates, form, article)
    text = json.dumps(message, ensure_ascii=False)
    return Rendition(group.name, group.direction.value, channel, subject=title, text=text, html="", pictures=shown)


def _for_member(
    title: str,
    values: Mapping[str, Any],
    templates: Templates,
    form: WeComForm,
    article: Callable[[], tuple[str, tuple[InlinePicture, ...]]],
) -> tuple[Document, tuple[InlinePicture, ...]]:
    """One member's message in the form of the group, and the pictures that it shows. `article` makes the text."""
    bulletin: Bulletin = values["bulletin"]
    signs = values["group"].acknowledge is not Acknowledge.NEVER
    page = _printed(values, "read")
    wecom_forms.require_fit(form, signs=signs, page=page)
    lead = _lines(templates.render("wecom/lead.txt", values))
    match form:
        case WeComForm.TEXTCARD:
            dated = "　".join(value for _, value in _rows(values))
            return wecom_forms.textcard(title, lead, dated, page=page, signs=signs), ()
        case WeComForm.NEWS:
            document = wecom_forms.news(title, lead, page=page, cover=_printed(values, "cover"))
            return document, (wecom_forms.with_cover(bulletin, templates),)
        case WeComForm.MPNEWS:
            body, own = article()
            content = wecom_forms.kept_content(body, own, _lines(templates.render("wecom/read_on.txt", values)))
            message = wecom_forms.mpnews(bulletin, title, lead, content, page=page)
            return message, (wecom_forms.with_cover(bulletin, templates), *own)
        case WeComForm.FILE:
            return wecom_forms.shown_file(), ()
        case WeComForm.CARD | WeComForm.CARD_AND_FILE:
            return _card(title, lead, values, may_sign=signs), ()


def _rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who says it and when, as far as that is known."""
    rows = [("印发", values["bulletin"].issuer or values["office"].name), ("日期", values["date"])]
    return [(name, value) for name, value in rows if value]


def _card(title: str, lead: str, values: Mapping[str, Any], *, may_sign: bool) -> Document:
    page = _printed(values, "read")
    if not may_sign and not page:
        return _said("text", f"{title}\n{lead}", _TEXT_MOST)
    card: Document = {
        "card_type": "button_interaction" if may_sign else "text_notice",
        "main_title": {"title": title},
        "sub_title_text": lead,
        "horizontal_content_list": [{"keyname": name, "value": value} for name, value in _rows(values)],
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
    message = filled_document(rendition, personal.values(), prefix=personal.subject_prefix)
    if "button_list" in message.get("template_card", ()):
        message["template_card"]["task_id"] = task
    return json.dumps({**address, **message}, ensure_ascii=False).encode()


def filled_document(rendition: Rendition, values: Mapping[str, str], *, prefix: str = "") -> Document:
    """The platform's document with these personal values, `prefix` before its title, in lengths the platform shows."""
    document: Document = _filled(json.loads(rendition.text), values)
    if document["msgtype"] in ("template_card", "text", "markdown_v2"):
        _mark(document, prefix)
    else:
        wecom_forms.fit(document, prefix)
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
