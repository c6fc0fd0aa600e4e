"""A folder that shows every form of a bulletin at phone and desk width, light and dark, for looking before sending.

Plain files, no script, nothing fetched: it opens in any browser on a machine without a network.
"""

import base64
import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from distributor.rendering.card import CHAT, ROBOT, WECOM
from distributor.rendering.card_page import card_page, card_text, form_name
from distributor.rendering.email import html_size
from distributor.rendering.rendition import Rendition, filled
from distributor.rendering.sheets import Sheet
from distributor.rendering.templates import Templates

#: Who the letters in a gallery are addressed to.
SAMPLE_PERSON: Mapping[str, str] = {
    "recipient.name": "张三",
    "recipient.unit": "样例单位",
    "recipient.role": "主要领导",
    "links.read": "https://example.invalid/r/sample",
    "links.acknowledge": "https://example.invalid/a/sample",
    "links.pixel": "data:,",  # looking at a letter loads nothing
    "links.cover": "data:,",
}


#: How other ways than mail are called on the page.
_CHANNELS: Mapping[str, str] = {WECOM: "企业微信", ROBOT: "企业微信群", CHAT: "其他群聊"}


def write_gallery(
    folder: Path,
    renditions: Sequence[Rendition],
    *,
    title: str,
    templates: Templates | None = None,
    made_at: dt.datetime | None = None,
    sheets: Sequence[Sheet] = (),
    live: bool = False,
) -> Path:
    """Writes one `.html` and one `.txt` per rendition, and an index; returns the index.

    Personal fields show a sample person. `made_at` is printed when given, in its own zone. `sheets` are the
    forms that `write_sheets` put beside it. A `live` index asks its server for news (`web.preview`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    entries = [_write_letter(folder, number, rendition) for number, rendition in enumerate(renditions, start=1)]
    values: dict[str, object] = {"title": title, "letters": entries, "forms": sheets, "live": live}
    values["made_at"] = f"{made_at:%Y-%m-%d %H:%M}" if made_at else ""
    index = folder / "index.html"
    page = (templates or Templates()).render("web/gallery.html", values)
    index.write_text(page + "\n", encoding="utf-8", newline="\n")
    return index


def sample_page(rendition: Rendition) -> str:
    """The letter's HTML as a page of its own: a sample person's, its pictures inside, nothing to be fetched."""
    if rendition.channel in _CHANNELS:
        return card_page(rendition, SAMPLE_PERSON)
    page = filled(rendition.html, SAMPLE_PERSON, escape=True)
    for picture in rendition.pictures:
        content = base64.b64encode(picture.content).decode()
        page = page.replace(f'src="cid:{picture.cid}"', f'src="data:{picture.media_type};base64,{content}"')
    return page


def sample_text(rendition: Rendition) -> str:
    """The letter's plain text, or the words of a card: a sample person's."""
    if rendition.channel in _CHANNELS:
        return card_text(rendition, SAMPLE_PERSON)
    return filled(rendition.text, SAMPLE_PERSON)


def _channel(rendition: Rendition) -> str:
    """How the way is called, and the form where it is not the usual one; empty for mail."""
    way = _CHANNELS.get(rendition.channel, "")
    form = form_name(rendition) if rendition.channel == WECOM else ""
    return f"{way}：{form}" if form else way


def _write_letter(folder: Path, number: int, rendition: Rendition) -> dict[str, object]:
    # A group's name is the admin's free text and must not become a path.
    name = f"{number:02d}-{rendition.direction}"
    text = sample_text(rendition)
    (folder / f"{name}.html").write_text(sample_page(rendition), encoding="utf-8", newline="\n")
    (folder / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
    return {
        "group": rendition.group,
        "channel": _channel(rendition),
        "direction": rendition.direction,
        "subject": filled(rendition.subject, SAMPLE_PERSON),
        "html": f"{name}.html",
        "text": f"{name}.txt",
        "size": f"{html_size(rendition) / 1024:.0f}",
        "pictures": len(rendition.pictures),
        "attachments": [attachment.file_name for attachment in rendition.attachments],
    }
