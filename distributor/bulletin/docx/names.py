"""The names of WordprocessingML's elements, and short ways to ask for them (ECMA-376 part 1)."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
V = "{urn:schemas-microsoft-com:vml}"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
TYPES = "{http://schemas.openxmlformats.org/package/2006/content-types}"

#: The names of the strict form (ISO/IEC 29500-1) and what Word itself writes for them.
STRICT = {
    "http://purl.oclc.org/ooxml/wordprocessingml/main": W[1:-1],
    "http://purl.oclc.org/ooxml/officeDocument/relationships": R[1:-1],
    "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing": WP[1:-1],
    "http://purl.oclc.org/ooxml/drawingml/main": A[1:-1],
    "http://purl.oclc.org/ooxml/officeDocument/math": M[1:-1],
}

_OFF = ("0", "false", "off", "none")


def transitional(name: str) -> str:
    """A strict name as the transitional one that means the same; any other name as it is."""
    space, brace, local = name[1:].partition("}")
    return f"{{{STRICT[space]}}}{local}" if brace and space in STRICT else name


def value(element: Element | None, path: str) -> str | None:
    """The `w:val` of a child, such as `pStyle`; None when it is not there."""
    found = None if element is None else element.find(f"{W}{path}")
    return None if found is None else found.get(f"{W}val", "")


def switch(element: Element | None, path: str) -> bool | None:
    """What an on/off property says (17.17.4): present without a value is on. None: it says nothing."""
    found = value(element, path)
    return None if found is None else found.lower() not in _OFF


def number(text: str | None) -> int | None:
    """A decimal number of at most six digits; None for anything else."""
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 7 else None


def printed_text(element: Element) -> str:
    """The words below an element as Word prints them: no deleted text, no codes of fields, no second versions."""
    return "".join(_words(element))


def _words(element: Element) -> Iterator[str]:
    if element.tag in (f"{W}t", f"{M}t"):
        yield element.text or ""
    elif element.tag in (f"{W}tab", f"{W}br", f"{W}cr"):
        yield " "
    elif element.tag not in (f"{MC}Fallback", f"{W}pPr", f"{W}rPr"):
        for child in element:
            yield from _words(child)
