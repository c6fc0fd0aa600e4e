"""Reads a finished letter's HTML into elements, each with its styles, its text and what it lies in."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "img", "br", "hr", "link", "input", "base", "wbr", "source"})


@dataclass(slots=True)
class Element:
    """One element. `text` is what it holds itself and in its children, without the alt texts of pictures."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: list["Element"] = field(default_factory=list)
    text: str = ""

    @property
    def style(self) -> dict[str, str]:
        """The declarations of the `style` attribute."""
        pairs = (part.split(":", 1) for part in self.attributes.get("style", "").split(";") if ":" in part)
        return {name.strip().lower(): value.strip() for name, value in pairs}

    def inherited(self, name: str) -> str:
        """A property as the element has it, its own or the nearest one around it; empty when nobody says."""
        at: Element | None = self
        while at is not None:
            if found := at.style.get(name):
                return found
            at = at.parent
        return ""


def read_elements(page: str) -> list[Element]:
    """Every element in the order of the page. Outlook's conditional comments are comments here."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.elements


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self._open[-1] if self._open else None
        element = Element(tag, {name: value or "" for name, value in attrs}, parent)
        self.elements.append(element)
        if parent is not None:
            parent.children.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        while any(element.tag == tag for element in self._open):
            if self._open.pop().tag == tag:
                return

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data
