"""The forms without a button as members of 企业微信 see them, drawn from the very document that the platform gets.

Of a textcard the platform reads a few tags; an mpnews is a card with a cover, and behind it the text with its pictures.
"""

import base64
import html
import re
from collections.abc import Iterator

from distributor.rendering import fields
from distributor.rendering.rendition import Rendition
from distributor.rendering.wecom_forms import BREAK, COVER, GRAY, Document

#: The kinds of messages that are drawn here, and what people call them.
NAMES = {"textcard": "文本卡片", "news": "图文", "mpnews": "图文，全文", "file": "文件"}

STYLE = """
.card img { max-width: 100%; }
.card img.cover { display: block; width: calc(100% + 32px); max-width: none; margin: -16px -16px 12px;
  border-radius: 8px 8px 0 0; }
.gray { color: #808080; font-size: 14px; }
.card + .card { max-width: 677px; margin-top: 16px; }
"""

_HEAD, _FOOT = map(re.escape, GRAY.split("{}"))
_DATED = re.compile(f"{_HEAD}(.*?){_FOOT}")
_LINE_END = re.compile(r"</(?:p|h[1-6]|li|tr|blockquote)>|<br>")
_TAG = re.compile(r"<[^>]*>")


def draw_form(document: Document, rendition: Rendition) -> str:
    """One copy's message as HTML: one card, and behind an mpnews its text."""
    content = document[document["msgtype"]]
    match document["msgtype"]:
        case "textcard":
            dated, lines = _described(content)
            body = "<br>".join(map(html.escape, lines))
            foot = f"<p class=more>{html.escape(content['btntxt'])}</p>"
            return _card(_title(content) + f'<p class="gray">{html.escape(dated)}</p><p>{body}</p>{foot}')
        case "news":
            return _card(_with_cover(content["articles"][0], "description", rendition))
        case "mpnews":
            article = content["articles"][0]
            return _card(_with_cover(article, "digest", rendition)) + _card(_kept(article["content"], rendition))
    files = "".join(f"<p>{html.escape(name)}</p><p class=gray>{size}</p>" for name, size in _files(rendition))
    return _card(files)


def tell_form(document: Document, rendition: Rendition) -> Iterator[str]:
    """The same in plain lines."""
    content = document[document["msgtype"]]
    match document["msgtype"]:
        case "textcard":
            dated, lines = _described(content)
            yield from (content["title"], dated, *lines, f"〔{content['btntxt']}〕")
        case "news":
            yield from _told(content["articles"][0], "description")
        case "mpnews":
            article = content["articles"][0]
            yield from _told(article, "digest")
            text = html.unescape(_TAG.sub("", _LINE_END.sub("\n", article["content"])))
            yield from (line.strip() for line in text.split("\n"))
        case _:
            yield from (f"〔{name}　{size}〕" for name, size in _files(rendition))


def _card(body: str) -> str:
    return f"<div class=card>{body}</div>"


def _title(content: Document) -> str:
    return f"<h1>{html.escape(content['title'])}</h1>"


def _described(card: Document) -> tuple[str, list[str]]:
    found = _DATED.match(card["description"])
    assert found is not None, card  # `wecom_forms.fit` made it
    return found[1], card["description"][found.end() :].split(BREAK)


def _with_cover(article: Document, words_name: str, rendition: Rendition) -> str:
    cover = "".join(_data(one.media_type, one.content) for one in rendition.pictures if one.cid == COVER)
    return (
        f'<img class="cover" src="{cover}" alt="">{_title(article)}<p class=gray>{html.escape(article[words_name])}</p>'
    )


def _kept(content: str, rendition: Rendition) -> str:
    """The text of an mpnews, from an allow-list, with its pictures inside."""
    for one in rendition.pictures:
        content = content.replace(fields.upload_mark(one.cid), _data(one.media_type, one.content))
    return content


def _told(article: Document, words_name: str) -> Iterator[str]:
    yield article["title"]
    yield from article[words_name].split("\n")


def _files(rendition: Rendition) -> Iterator[tuple[str, str]]:
    for one in rendition.attachments:
        yield one.file_name, f"{max(len(one.content) / 1024, 1):.0f} KB"


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"
