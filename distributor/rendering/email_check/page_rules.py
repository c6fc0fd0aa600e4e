"""The rules for a letter's HTML as a whole: its size, its frame, its pictures, its first words, its red masthead."""

import re
from collections.abc import Iterator, Sequence

from distributor.rendering.email_check.elements import is_pixel
from distributor.rendering.email_check.finding import Finding
from distributor.rendering.email_check.markup import Element
from distributor.rendering.rendition import Rendition
from distributor.words import words

#: Gmail clips at 102 KB; the measured limit moves with the encoding, so a letter stays well below.
LIMIT, WARN = 90 * 1024, 80 * 1024
PICTURE_LIMIT = 200 * 1024
#: What a phone's notification and WeChat's reminder show of a letter, in characters.
NOTIFICATION = 60

_KINDS = ("image/png", "image/jpeg", "image/gif")
#: What holds the column together: as wide as the screen, but never wider than this.
_COLUMN = "max-width:640px"
_GHOST = "<!--[if mso]>"
_REMOTE = re.compile(r"""(?:src|background)\s*=\s*["']?\s*(?:https?:)?//|@import|url\(""", re.IGNORECASE)


def page_findings(rendition: Rendition, elements: Sequence[Element]) -> Iterator[Finding]:
    """Everything that is wrong with the HTML as a whole."""
    yield from _size(len(rendition.html.encode()))
    yield from _frame(rendition.html, elements)
    yield from _pictures(rendition, elements)


def masthead_findings(lines: Sequence[str], number: str, title: str, elements: Sequence[Element]) -> Iterator[Finding]:
    """Whether the masthead is live text in colour, and the first words say which bulletin this is."""
    cells = {_closed(element.text): element for element in elements if element.tag == "td"}
    for line in lines:
        cell = cells.get(_closed(line))
        if cell is None:
            what = words("The masthead “{line}” does not stand in the letter as text.", line=line)
            do = words("Print it in a cell of its own; a picture of it is blocked by many mail programs.")
            yield Finding("masthead", what, do, ("in masthead",))
    body = next((element.text for element in elements if element.tag == "body"), "")
    first = _closed(body)[:NOTIFICATION]
    if _closed(number) not in first and _closed(title)[:NOTIFICATION] not in first:
        what = words("The first words do not say which bulletin this is: “{words}”.", words=" ".join(body.split())[:30])
        do = words("Begin the letter with title and number: notifications show only the first words.")
        yield Finding("first_words", what, do, ('class="preview"', "<body"))


def _size(size: int) -> Iterator[Finding]:
    gaps = {"size": size // 1024, "limit": LIMIT // 1024}
    what = words("The HTML has {size} KB; above {limit} KB some mail programs cut it off.", **gaps)
    do = words("Shorten the bulletin, or split it into two numbers.")
    if size > WARN:
        yield Finding("html_large", what, do, (), "error" if size > LIMIT else "warning")


def _frame(page: str, elements: Sequence[Element]) -> Iterator[Finding]:
    opened = {element.tag for element in elements}
    needed = (
        (page.startswith("<!DOCTYPE html>"), "<!DOCTYPE html>"),
        ('lang="zh-CN"' in page, '<html lang="zh-CN">'),
        ('<meta charset="utf-8">' in page, '<meta charset="utf-8">'),
        ('name="color-scheme"' in page, '<meta name="color-scheme" content="light">'),
        (_COLUMN in page.replace(" ", ""), _COLUMN),
        (page.count(_GHOST) == page.count("<![endif]-->") >= 2, _GHOST),
    )
    for there, what in needed:
        if not there:
            sentence = words("The letter lacks {what}.", what=what)
            yield Finding("frame", sentence, words("Compare it with the built-in letter.html."), ("<html", "<body"))
    if "style" in opened or "link" in opened or "script" in opened:
        what_ = words("A style sheet or script is left in the letter; forwards and many mail programs drop it.")
        yield Finding("style_sheet", what_, words("Put the rules into look.css."), ("<style", "<link", "<script"))
    if found := _REMOTE.search(page):
        what_ = words("The letter loads something from elsewhere: {text}", text=found[0])
        yield Finding("remote", what_, words("Only pictures that travel with the letter are shown."), (found[0],))
    if re.search(r"&#x?[0-9a-fA-F]+;", page):
        what_ = words("The letter has numeric entities, which make it larger.")
        yield Finding("entity", what_, words("Write the characters themselves."), ("&#",), "warning")


def _pictures(rendition: Rendition, elements: Sequence[Element]) -> Iterator[Finding]:
    carried = {picture.cid: picture for picture in rendition.pictures}
    images = [element for element in elements if element.tag == "img"]
    if any(map(is_pixel, images)):
        what = words("The letter loads a picture of one point from the reader's page, as its group says (pixel: true).")
        do = words("Most mail programs block it, or a machine loads it for everybody; remove pixel if in doubt.")
        yield Finding("pixel", what, do, ("links.pixel",), "warning")
    for image in (each for each in images if not is_pixel(each)):
        cid = image.attributes.get("src", "").removeprefix("cid:")
        if cid not in carried:
            what = words("A picture does not travel with the letter, so nobody sees it.")
            yield Finding("picture", what, words("Refer to it as the built-in blocks.html does."), ("<img",))
        if not image.attributes.get("alt", "").strip():
            what = words("A picture has no alt text; where pictures are blocked, nothing says what it shows.")
            yield Finding("alt", what, words('Write alt="…".'), ("<img",))
        if not image.attributes.get("width", "").isdigit():
            what = words("A picture has no width; Outlook shows it as large as it is.")
            yield Finding("picture_width", what, words('Write width="…" in pixels.'), ("<img",))
    for picture in carried.values():
        if len(picture.content) > PICTURE_LIMIT or picture.media_type not in _KINDS:
            gaps = {"name": picture.file_name, "size": len(picture.content) // 1024, "limit": PICTURE_LIMIT // 1024}
            what = words("The picture {name} has {size} KB; letters carry PNG, JPEG or GIF up to {limit} KB.", **gaps)
            yield Finding("picture_large", what, words("Save it smaller."))


def _closed(text: str) -> str:
    return "".join(text.split())
