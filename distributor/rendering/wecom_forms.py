"""The forms of a bulletin for a member of 企业微信 that have no button: textcard, news, mpnews and file.

Each is the platform's own document, personal fields still open and texts still whole; `fit` makes a copy's short
enough. Pictures and files that the platform has to be given first stand in it as marks. What a form cannot do is
refused before anything is sent. Source: developer.work.weixin.qq.com/document/path/90236.
"""

import html
from collections.abc import Sequence
from typing import Any

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput
from distributor.recipients.model import WeComForm
from distributor.rendering import fields
from distributor.rendering.article import placed_pictures
from distributor.rendering.cover import draw_cover
from distributor.rendering.fitting import cut, cut_title, level, octets
from distributor.rendering.rendition import InlinePicture
from distributor.rendering.templates import Templates
from distributor.words import words

Document = dict[str, Any]

#: What stands in a document for the cover, and for the file that it shows.
COVER, ATTACHED = "cover", "attached"

#: What a message may hold in bytes of UTF-8. Of a textcard one page counts characters (90236), another bytes (90248):
#: fewer bytes than that are right in both.
_TITLE, _DESCRIPTION, _AUTHOR = 128, 512, 64
_DATED = 96  # of the description, for who says it and when
_CONTENT = 666_000

#: What an address of a picture on the platform may take, in bytes, before anybody knows it.
_ADDRESS_ROOM = 300

#: Two of the few tags that the description of a textcard may have.
GRAY, BREAK = '<div class="gray">{}</div>', "<br>"


class FormUnfit(BadInput):
    """The group's form cannot carry what the group is to get."""

    code = "wecom_form"


def require_fit(form: WeComForm, *, signs: bool, page: str) -> None:
    """Raises `FormUnfit` for a form that leads nowhere, or that asks for a 签收 and gives nothing to sign with."""
    if form in (WeComForm.TEXTCARD, WeComForm.NEWS) and not page:
        what = words("{form} leads to the reader's page, and the office has none.", form=form.value)
        raise FormUnfit(what, do=words("Set [office] base_url, or write another wecom_form."))
    if signs and (form is WeComForm.FILE or (form is WeComForm.MPNEWS and not page)):
        what = words("The group is asked for a 签收, and {form} gives it nothing to sign with.", form=form.value)
        raise FormUnfit(what, do=words("Write wecom_form: card, or acknowledge: never."))


def textcard(title: str, lines: str, dated: str, *, page: str, signs: bool) -> Document:
    """A card of words that leads to the reader's page."""
    content = {
        "title": title,
        "description": f"{dated}\n{lines}",
        "url": page,
        "btntxt": "阅读签收" if signs else "查看全文",
    }
    return {"msgtype": "textcard", "textcard": content}


def news(title: str, lines: str, *, page: str, cover: str) -> Document:
    """A card with a cover, which the platform gets from beside the reader's page."""
    article = {"title": title, "description": lines, "url": page, "picurl": cover}
    return {"msgtype": "news", "news": {"articles": [article]}}


def kept_content(body: str, pictures: Sequence[InlinePicture], read_on: str) -> str:
    """The text of an mpnews, made of an article's; `read_on` stands below it.

    Raises `FormUnfit` when it is longer than the platform takes.
    """
    content = placed_pictures(body, pictures, {one.cid: fields.upload_mark(one.cid) for one in pictures})
    if read_on:
        content += f'<p style="margin-top:24px;text-align:center">{html.escape(read_on)}</p>'
    size = octets(content) + _ADDRESS_ROOM * len(pictures)
    if size > _CONTENT:
        gaps = {"size": size, "limit": _CONTENT}
        what = words("The bulletin has {size} bytes as mpnews; the platform takes {limit}.", **gaps)
        raise FormUnfit(what, do=words("Shorten the bulletin, or write another wecom_form."))
    return content


def mpnews(bulletin: Bulletin, title: str, lines: str, content: str, *, page: str) -> Document:
    """The whole text, kept by the platform. A bulletin with a marking (内部资料 …) stays inside the enterprise."""
    article = {
        "title": title,
        "thumb_media_id": fields.upload_mark(COVER),
        "author": cut(bulletin.issuer or "", _AUTHOR),
        "content": content,
        "digest": lines,
    }
    if page:
        article["content_source_url"] = page
    document: Document = {"msgtype": "mpnews", "mpnews": {"articles": [article]}}
    return document | {"safe": 2} if bulletin.marking else document


def shown_file() -> Document:
    """The group's file, and nothing beside it."""
    return {"msgtype": "file", "file": {"media_id": fields.upload_mark(ATTACHED)}}


def with_cover(bulletin: Bulletin, templates: Templates) -> InlinePicture:
    """The cover as a picture of the rendition. Raises `FormUnfit` when it cannot be drawn."""
    try:
        content = draw_cover(bulletin, templates.theme)
    except BadInput as error:
        raise FormUnfit(error.what, do=words("Write another wecom_form.")) from error
    return InlinePicture(COVER, "image/png", "cover.png", content)


def fit(message: Document, prefix: str) -> None:
    """Puts 【更正】 before the title of one copy's message and cuts its texts to what the platform shows."""
    match message["msgtype"]:
        case "textcard":
            _fit_textcard(message["textcard"], prefix)
        case "news":
            _fit_article(message["news"]["articles"][0], "description", prefix)
        case "mpnews":
            _fit_article(message["mpnews"]["articles"][0], "digest", prefix)


def _fit_article(article: Document, words_name: str, prefix: str) -> None:
    article["title"] = cut_title(prefix + article["title"], _TITLE)
    article[words_name] = "\n".join(level(article[words_name].split("\n"), _DESCRIPTION))


def _fit_textcard(card: Document, prefix: str) -> None:
    """The platform reads a few tags in the description, so none of the bulletin's own may stand there."""
    card["title"] = cut_title(prefix + card["title"], _TITLE)
    dated, *lines = (line.replace("<", "＜").replace(">", "＞") for line in card["description"].split("\n"))
    head = GRAY.format(cut(dated, _DATED))
    card["description"] = head + BREAK.join(level(lines, _DESCRIPTION - octets(head), between=octets(BREAK)))
