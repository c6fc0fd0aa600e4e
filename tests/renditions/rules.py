"""The rules of a letter's HTML that mail clients impose, as a checker that reads the finished page."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

_ELEMENTS = frozenset("html head meta title body table tbody tr td b i a br img".split())
_BAD_PROPERTIES = frozenset(
    "float position display flex grid height min-height max-height white-space font background border-radius".split()
)
_BAD_VALUES = re.compile(r"url\(|var\(|rgba?\(|!important|\"|expression")
_HEX = re.compile(r"#[0-9a-f]{6}")
_CELL_PROPERTIES = ("font-family", "font-size", "line-height", "mso-line-height-rule", "color", "background-color")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))


def elements(page: str) -> list[tuple[str, dict[str, str]]]:
    """Every element of a page with its attributes, in order."""
    reader = _Reader()
    reader.feed(page)
    return reader.elements


def style_of(attributes: dict[str, str]) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in attributes.get("style", "").split(";") if part.strip())
    return {name.strip(): value.strip() for name, value in pairs}


def broken_rules(page: str) -> list[str]:
    """Everything in a page that some mail client would break; empty when all is well."""
    found = [*_page_rules(page)]
    for tag, attributes in elements(page):
        found += [f"<{tag} {attributes.get('class', '')}>: {rule}" for rule in _element_rules(tag, attributes)]
    return found


def _page_rules(page: str) -> Iterator[str]:
    if len(page.encode()) > 90 * 1024:
        yield "larger than 90 KB"
    if not page.startswith("<!DOCTYPE html>"):
        yield "no document type"
    if '<html lang="zh-CN">' not in page:
        yield "no language"
    if '<meta name="color-scheme" content="light">' not in page:
        yield "no color scheme"
    if '<meta charset="utf-8">' not in page:
        yield "no character set"
    if page.count("<!--[if mso]>") != 2 or page.count("<![endif]-->") != 2:
        yield "no ghost table for Outlook"
    if re.search(r"&#x?[0-9a-f]+;", page):
        yield "a numeric entity"


def _element_rules(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    if tag not in _ELEMENTS:
        yield "an element that mail clients drop"
    for name in attributes:
        if name in ("colspan", "rowspan", "background", "height", "nowrap", "id") or name.startswith("on"):
            yield f"attribute {name}"
    yield from _style_rules(style_of(attributes))
    if tag == "table":
        yield from (
            f"table without {name}" for name in ("border", "cellpadding", "cellspacing") if name not in attributes
        )
        if attributes.get("class") != "grid" and attributes.get("role") != "presentation":
            yield "a layout table that screen readers announce"
    if tag in ("td", "body"):
        yield from _colour_rules(tag, attributes)
    if tag == "img":
        yield from _picture_rules(attributes)
    if attributes.get("class") == "plate" and style_of(attributes).get("mso-line-height-rule") == "exactly":
        yield "a picture that Outlook cuts to the line height"
    if tag == "a" and not attributes.get("href", "").startswith(("https://", "http://", "mailto:", "\ufdd0links.")):
        yield f"link to {attributes.get('href')}"


def _style_rules(style: dict[str, str]) -> Iterator[str]:
    yield from (f"property {name}" for name in _BAD_PROPERTIES & style.keys())
    for name, value in style.items():
        if _BAD_VALUES.search(value):
            yield f"value {name}: {value}"
        if "color" in name and not _HEX.fullmatch(value):
            yield f"colour {value}"
        if name.startswith("border") and any(int(width) > 8 for width in re.findall(r"(\d+)px", value)):
            yield f"a border that Outlook makes thinner: {value}"
    size = style.get("font-size")
    if size and float(size.removesuffix("px")) < 14:
        yield f"type of {size}"


def _colour_rules(tag: str, attributes: dict[str, str]) -> Iterator[str]:
    style = style_of(attributes)
    if tag == "td":
        yield from (f"cell without {name}" for name in _CELL_PROPERTIES if name not in style)
    ink, paper = style.get("color", ""), style.get("background-color", "")
    if paper != attributes.get("bgcolor"):
        yield f"bgcolor {attributes.get('bgcolor')} beside background-color {paper}"
    if ink and paper and contrast(ink, paper) < 4.5:
        yield f"{ink} on {paper} is hard to read"


def _picture_rules(attributes: dict[str, str]) -> Iterator[str]:
    if not attributes.get("src", "").startswith("cid:"):
        yield "a picture from elsewhere"
    if not attributes.get("alt", "").strip() or not attributes.get("width", "").isdigit():
        yield "a picture without alt or width"


def contrast(one: str, other: str) -> float:
    """The contrast of two colours (WCAG 2.1)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
