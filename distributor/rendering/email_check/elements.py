"""The rules that each element of a letter must keep, so that Outlook, Gmail, QQ邮箱 and 163 all show it.

Style sheets and classes are lost on the way (Gmail's apps, every forward from Outlook), so only what
stands in an element's own `style` and attributes counts. Sources: caniemail; the advice of Tencent's and
NetEase's mail teams on tables, fixed sizes and shrinking type.
"""

import re
from collections.abc import Iterator

from distributor.rendering import fields
from distributor.rendering.email_check.finding import Finding
from distributor.rendering.email_check.markup import Element
from distributor.rendering.email_check.support import without_element, without_property
from distributor.rendering.tables import COLUMNS, fits
from distributor.words import words

_LAYOUT = frozenset("html head meta title body table tbody thead tr td b i a br img strong em".split())
_ATTRIBUTES = frozenset({"colspan", "rowspan", "background", "height", "nowrap", "id"})
#: Outlook's Word engine shows these on some elements only.
_ONLY_ON = {"max-width": ("table", "img"), "padding": ("td",), "width": ("table", "td")}
#: Shown, but with other sizes or with text that shrinks on phones (网易邮箱大师).
_RIGID = frozenset({"font", "background", "display", "height", "white-space", "min-height", "max-height"})
_VALUES = re.compile(r"url\(|var\(|calc\(|rgba?\(|hsla?\(|!\s*important|expression|\"|\bauto\b", re.IGNORECASE)
_HEX = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)
_CELL = ("font-family", "font-size", "line-height", "color", "background-color")
_SMALLEST = 14
_THICKEST = 8
_SCHEMES = ("https://", "http://", "mailto:")


def element_findings(element: Element, *, mark: str) -> Iterator[Finding]:
    """Everything that is wrong with one element; `mark` is what a personal field begins with."""
    yield from _kind(element)
    yield from _attributes(element)
    for name, value in element.style.items():
        yield from _property(element, name, value)
    if element.tag == "table":
        yield from _table(element)
    if element.tag == "td" and element.text.strip():
        yield from _cell(element)
    if element.tag == "a":
        yield from _link(element, mark)
    if element.tag == "img" and not is_pixel(element) and element.inherited("mso-line-height-rule") == "exactly":
        what = words("Outlook cuts a picture to the exact line height of its cell.")
        yield Finding("picture_cut", what, words("Write mso-line-height-rule: at-least for it."), ("<img",))


def is_pixel(element: Element) -> bool:
    """Whether it is the picture of one point that a group with `pixel: true` has loaded from the reader's page."""
    return element.tag == "img" and fields.split(element.attributes.get("src", "")) == ["", fields.PIXEL, ""]


def _kind(element: Element) -> Iterator[Finding]:
    tag = element.tag
    if tag in _LAYOUT:
        return
    needles = (f"<{tag}",)
    if names := without_element(tag):
        what = words("<{tag}> is not shown by {clients}.", tag=tag, clients="、".join(names))
    else:
        what = words(
            "<{tag}> is not safe in a letter: mail programs lay out tables and cells alike, and little else.", tag=tag
        )
    yield Finding("element", what, words("Use a table cell, <b>, <i>, <a>, <br> or <img>."), needles)


def _attributes(element: Element) -> Iterator[Finding]:
    for name in element.attributes:
        if name in _ATTRIBUTES or name.startswith("on"):
            what = words("The attribute {name} is not safe in a letter.", name=name)
            yield Finding("attribute", what, words("Remove it."), (f" {name}=", name))


def _property(element: Element, name: str, value: str) -> Iterator[Finding]:
    needles = (f"{name}: {value}", f"{name}:{value}", f"{name}:", name)
    missing = without_property(name)
    if missing is None:
        what = words("Nobody has tested whether mail programs know {name}.", name=name)
        yield Finding("property_unknown", what, words("Leave it out."), needles)
    elif missing:
        what = words("{name} is not shown by {clients}.", name=name, clients="、".join(missing))
        yield Finding("property", what, words("Leave it out, or reach the same with a table."), needles)
    elif name in _RIGID:
        what = words("{name} makes letters break on phones or in Outlook.", name=name)
        yield Finding("property", what, words("Leave it out, or reach the same with a table."), needles)
    allowed = _ONLY_ON.get(name.split("-")[0] if name.startswith("padding") else name)
    if allowed and element.tag not in allowed and value.strip("0px ") != "":
        what = words(
            "{name} on <{tag}> is not shown by {clients}.", name=name, tag=element.tag, clients="Outlook (Windows)"
        )
        yield Finding("property_place", what, words("Put it on {tags}.", tags=" / ".join(allowed)), needles)
    yield from _value(name, value, needles)


def _value(name: str, value: str, needles: tuple[str, ...]) -> Iterator[Finding]:
    do = words("Write plain values: pixels, percent, colours as #rrggbb.")
    colours = re.findall(r"#[0-9a-zA-Z]+|\b(?:red|black|white|gr[ae]y|blue|transparent)\b", value)
    if _VALUES.search(value) or any(not _HEX.fullmatch(colour) for colour in colours):
        yield Finding(
            "value", words("{name}: {value} is lost in some mail programs.", name=name, value=value), do, needles
        )
    if name == "color" or name == "background-color":
        if not _HEX.fullmatch(value):
            yield Finding("colour", words("{value} is not a colour of six digits.", value=value), do, needles)
        elif value.lower() in ("#000000", "#ffffff"):
            what = words("{value} is turned into something else by dark modes.", value=value)
            yield Finding(
                "colour_pure", what, words("Use a shade beside it, such as #222222 or #fefefe."), needles, "warning"
            )
    if name.startswith("border") and any(int(width) > _THICKEST for width in re.findall(r"(\d+)px", value)):
        yield Finding(
            "border", words("Outlook makes borders over {limit} pixels thinner.", limit=_THICKEST), None, needles
        )
    if name == "font-size" and not _large_enough(value):
        what = words("Type of {value} is too small for phones.", value=value)
        yield Finding("type_small", what, words("Write at least {limit}px.", limit=_SMALLEST), needles)
    if name == "font-family" and not value.endswith(("serif", "monospace")):
        what = words("The typefaces do not end with serif or sans-serif.")
        yield Finding("font_family", what, words("Outlook would show Times New Roman: add it."), needles)


def _large_enough(value: str) -> bool:
    found = re.fullmatch(r"([0-9.]+)px", value)
    return found is not None and float(found[1]) >= _SMALLEST


def _table(element: Element) -> Iterator[Finding]:
    missing = [name for name in ("border", "cellpadding", "cellspacing") if name not in element.attributes]
    for name in missing:
        what = words("A table without {name} is set with gaps by some mail programs.", name=name)
        yield Finding("table", what, words('Write {name}="0".', name=name), ("<table",))
    ruled = element.attributes.get("border", "0") != "0"
    if not ruled and element.attributes.get("role") != "presentation":
        what = words("Screen readers would announce this layout table as data.")
        yield Finding("table_role", what, words('Write role="presentation".'), ("<table",))
    rows = [[cell.text.strip() for cell in row.children if cell.tag == "td"] for row in _rows(element)]
    if not fits(rows):
        count = max(map(len, rows))
        what = words("A table has {count} columns; a phone has room for {limit}.", count=count, limit=COLUMNS)
        yield Finding(
            "table_wide", what, words("Split it, or let the letter write it out row by row."), ("macro grid", "<table")
        )


def _rows(table: Element) -> Iterator[Element]:
    for child in table.children:
        yield from ([child] if child.tag == "tr" else child.children)


def _cell(element: Element) -> Iterator[Finding]:
    """A forward, and every webmail without style sheets, leaves a cell only what it says itself."""
    held = any(child.tag == "table" for child in element.children)
    name = element.attributes.get("class", "")
    for missing in [] if held else [entry for entry in _CELL if entry not in element.style]:
        what = words("A cell does not say its {name} itself; after a forward it looks different.", name=missing)
        yield Finding("cell", what, words("Give it a class that look.css knows."), (f'class="{name}"', "<td"))
    height = element.style.get("line-height", "")
    if not held and height and not (height.endswith("px") and "mso-line-height-rule" in element.style):
        what = words("Outlook sets lines of {value} too close or too wide.", value=height)
        do = words("Write line-height in pixels, with mso-line-height-rule: exactly beside it.")
        yield Finding("line_height", what, do, (f"line-height: {height}", f'class="{name}"'))
    if element.style.get("background-color", "") != element.attributes.get("bgcolor", ""):
        what = words("bgcolor and background-color of a cell differ: one of them is lost in dark mode.")
        do = words("Write the same colour in both.")
        yield Finding("cell_paper", what, do, (f'class="{name}"', "<td"))


def _link(element: Element, mark: str) -> Iterator[Finding]:
    address = element.attributes.get("href", "")
    if not address.startswith((*_SCHEMES, mark)):
        what = words("A link leads to {address}, which no mail program opens.", address=address[:60] or "“”")
        yield Finding("link", what, words("Write a whole address with https://."), ("<a",))
