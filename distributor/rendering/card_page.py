"""A card, another form or a robot's words as people see them: for looking before sending, where there is no phone.

Drawn from the very document that the platform gets, so that nothing is shown that is not sent.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping

from distributor.rendering.card import Document, filled_document
from distributor.rendering.form_page import NAMES, STYLE, draw_form, tell_form
from distributor.rendering.rendition import Rendition

_STYLE = """
body { margin: 0; padding: 24px 12px; background: #ededed; color: #191919;
  font: 16px/1.6 "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
.card { max-width: 340px; margin: 0 auto; padding: 16px; border-radius: 8px; background: #fff; }
h1 { margin: 0 0 10px; font-size: 18px; line-height: 1.4; }
p { margin: 0 0 10px; white-space: pre-line; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 2px 12px; margin: 0 0 12px; font-size: 14px; }
dt { color: #808080; } dd { margin: 0; }
.buttons { display: flex; gap: 8px; border-top: 1px solid #e5e5e5; padding-top: 12px; }
.buttons span { flex: 1; padding: 6px; border-radius: 6px; background: #f2f2f2; text-align: center; }
.buttons .first { background: #3370ff; color: #fff; }
.more { color: #576b95; font-size: 14px; }
"""

_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def card_page(rendition: Rendition, values: Mapping[str, str]) -> str:
    """The card or the words as a page of their own; `values` are the personal ones of the copy."""
    title = html.escape(rendition.subject)
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}{STYLE}</style></head><body>{_drawn(rendition, values)}</body></html>\n"
    )


def form_name(rendition: Rendition) -> str:
    """What people call the form of a member's message; empty for a card and for a robot's words."""
    return NAMES.get(json.loads(rendition.text)["msgtype"], "")


def _drawn(rendition: Rendition, values: Mapping[str, str]) -> str:
    document = filled_document(rendition, values)
    if document["msgtype"] in NAMES:
        return draw_form(document, rendition)
    content: Document = document[document["msgtype"]]
    drawn = _card(content) if "main_title" in content else _said(content["content"])
    files = "".join(f"<p class=more>附件：{html.escape(file.file_name)}</p>" for file in rendition.attachments)
    return f"<div class=card>{drawn}{files}</div>"


def card_text(rendition: Rendition, values: Mapping[str, str]) -> str:
    """The same in plain lines."""
    document = filled_document(rendition, values)
    if document["msgtype"] in NAMES:
        return "\n".join(line for line in tell_form(document, rendition) if line) + "\n"
    content: Document = document[document["msgtype"]]
    if "main_title" not in content:
        return f"{content['content']}\n"
    return "\n".join(line for line in _lines(content) if line) + "\n"


def _lines(card: Document) -> Iterator[str]:
    yield card["main_title"]["title"]
    yield card["sub_title_text"]
    yield from (f"{row['keyname']}：{row['value']}" for row in card["horizontal_content_list"])
    yield "　".join(f"〔{button['text']}〕" for button in card.get("button_list", ()))


def _card(card: Document) -> str:
    rows = "".join(
        f"<dt>{html.escape(row['keyname'])}</dt><dd>{html.escape(row['value'])}</dd>"
        for row in card["horizontal_content_list"]
    )
    buttons = "".join(
        f"<span{' class=first' if button.get('style') == 1 else ''}>{html.escape(button['text'])}</span>"
        for button in card.get("button_list", ())
    )
    title, lead = (html.escape(text) for text in (card["main_title"]["title"], card["sub_title_text"]))
    foot = f"<div class=buttons>{buttons}</div>" if buttons else "<p class=more>点击卡片查看全文</p>"
    return f"<h1>{title}</h1><p>{lead}</p><dl>{rows}</dl>{foot}"


def _said(words: str) -> str:
    """A robot's markdown_v2, as far as our template uses it: one heading, bold, list, link."""
    head, _, rest = words.removeprefix("# ").partition("\n")
    text = _LINK.sub(r"<span class=more>\1</span>", _BOLD.sub(r"<b>\1</b>", html.escape(rest)))
    return f"<h1>{html.escape(head)}</h1><p>{re.sub('(?m)^- ', '• ', text)}</p>"
