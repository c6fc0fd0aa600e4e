"""What a document's styles say that the model needs: heading levels, bold, hidden text, numbering.

A property not set directly comes from the character style, then the paragraph style, then what that
one is based on (ECMA-376 part 1, 17.7.2). 黑体 counts as bold: that is how offices set words apart.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar
from xml.etree.ElementTree import Element

from distributor.bulletin.docx.names import W, number, switch, value

_HEADING = re.compile(r"(?:heading|标题) ?(?P<level>[1-9])$", re.IGNORECASE)
_TITLES = ("title", "标题")
_CONTENTS = re.compile(r"(?:toc|目录) ?[1-9]$", re.IGNORECASE)
_QUOTES = ("quote", "intense quote", "引用", "明显引用")
_BLACK = re.compile(r"黑体|SimHei|STHeiti|^Hei", re.IGNORECASE)
_DEEPEST = 20
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Style:
    """One style: its name, what it is based on, and its own properties."""

    name: str
    based_on: str
    run: Element | None
    paragraph: Element | None


@dataclass(frozen=True, slots=True)
class Styles:
    """All styles of a document, and the paragraph style of those that name none."""

    by_id: dict[str, Style] = field(default_factory=dict)
    default: str = ""

    def heading(self, properties: Element | None) -> int:
        """The heading level of a paragraph, 0 for text. `Title` is 1."""
        level = _outline(properties)
        if level is not None:
            return level
        for style in self._chain(self.paragraph_style(properties)):
            if style.name.lower() in _TITLES:
                return 1
            if match := _HEADING.match(style.name):
                return int(match["level"])
            if (level := _outline(style.paragraph)) is not None:
                return level
        return 0

    def is_contents(self, properties: Element | None) -> bool:
        """True for an entry of a table of contents."""
        return any(_CONTENTS.match(style.name) for style in self._chain(self.paragraph_style(properties)))

    def is_quote(self, properties: Element | None) -> bool:
        """True for a paragraph that is set apart as a quotation."""
        return any(style.name.lower() in _QUOTES for style in self._chain(self.paragraph_style(properties)))

    def numbering(self, properties: Element | None) -> Element | None:
        """The `numPr` of a paragraph, from itself or its style."""
        own = None if properties is None else properties.find(f"{W}numPr")
        if own is not None:
            return own
        found = (_child(style.paragraph, "numPr") for style in self._chain(self.paragraph_style(properties)))
        return next((each for each in found if each is not None), None)

    def switched(self, name: str, run: Element | None, properties: Element | None) -> bool:
        """Whether an on/off property (`b`, `vanish`, `strike`) holds for a run."""
        return bool(self._first(run, properties, lambda each: switch(each, name)))

    def is_black(self, run: Element | None, properties: Element | None) -> bool:
        """Whether a run's hanzi are set in 黑体."""
        font = self._first(run, properties, _font)
        return font is not None and _BLACK.search(font) is not None

    def paragraph_style(self, properties: Element | None) -> str:
        return value(properties, "pStyle") or self.default

    def _first(
        self, run: Element | None, properties: Element | None, ask: Callable[[Element | None], _T | None]
    ) -> _T | None:
        answers = (ask(each) for each in self._runs(run, properties))
        return next((answer for answer in answers if answer is not None), None)

    def _runs(self, run: Element | None, properties: Element | None) -> Iterator[Element | None]:
        yield run
        for style in (*self._chain(value(run, "rStyle") or ""), *self._chain(self.paragraph_style(properties))):
            yield style.run

    def _chain(self, style_id: str) -> Iterator[Style]:
        for _ in range(_DEEPEST):
            style = self.by_id.get(style_id)
            if style is None:
                return
            yield style
            style_id = style.based_on


def read_styles(root: Element | None) -> Styles:
    """Reads styles.xml; a document without it has none."""
    by_id: dict[str, Style] = {}
    default = ""
    for each in () if root is None else root.iter(f"{W}style"):
        style_id = each.get(f"{W}styleId", "")
        by_id[style_id] = Style(
            (value(each, "name") or "").strip(), value(each, "basedOn") or "", _child(each, "rPr"), _child(each, "pPr")
        )
        if each.get(f"{W}type") == "paragraph" and each.get(f"{W}default") in ("1", "true", "on"):
            default = style_id
    return Styles(by_id, default)


def _outline(properties: Element | None) -> int | None:
    """The level of an outline paragraph from 1; 0 where the text says that it is none (17.3.1.20)."""
    level = number(value(properties, "outlineLvl"))
    return None if level is None else (level + 1 if level < 9 else 0)


def _font(run: Element | None) -> str | None:
    fonts = _child(run, "rFonts")
    return None if fonts is None else fonts.get(f"{W}eastAsia")


def _child(element: Element | None, name: str) -> Element | None:
    return None if element is None else element.find(f"{W}{name}")
