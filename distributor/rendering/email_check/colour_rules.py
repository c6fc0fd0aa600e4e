"""Whether everybody can read a letter: on its own paper, in a dark mode nobody asked for, and after a forward.

Gmail and Outlook on Windows recolour letters by themselves, and a letter cannot stop them. What it can do is
to state ink and paper together, and to choose pairs that stay readable when both are turned around.
"""

from collections.abc import Iterable, Iterator

from distributor.rendering.colours import HEX, READABLE, contrast, inverted
from distributor.rendering.email_check.finding import Finding
from distributor.rendering.email_check.markup import Element
from distributor.words import words

#: Their text is that of what lies in them, or is not shown.
_NOT_SHOWN = ("html", "head", "title", "style")


def colour_findings(elements: Iterable[Element]) -> Iterator[Finding]:
    """Ink without paper, pairs that are hard to read, and pairs that a forced dark mode makes so."""
    seen: set[tuple[str, str]] = set()
    for element in elements:
        yield from _paired(element)
        pair = element.inherited("color").lower(), element.inherited("background-color").lower()
        if not element.text.strip() or element.tag in _NOT_SHOWN or pair in seen:
            continue
        seen.add(pair)
        yield from _readable(*pair)


def _paired(element: Element) -> Iterator[Finding]:
    ink, paper = element.style.get("color"), element.style.get("background-color")
    # A link or a bold word lies on the paper of its cell; a cell must not lie on the mail program's.
    if element.tag in ("td", "table", "body") and ink and not paper:
        what = words("A cell sets the colour of its text ({ink}) and no background.", ink=ink)
        yield Finding("colour_alone", what, words("Set both, or neither."), (f"color: {ink}", ink))


def _readable(ink: str, paper: str) -> Iterator[Finding]:
    if not (HEX.fullmatch(ink) and HEX.fullmatch(paper)):
        what = words("A text has no colour or no background of its own; dark modes choose for it.")
        yield Finding("colour_missing", what, words("Set both on the cell around it."))
        return
    needles = (f"color: {ink}", ink)
    if contrast(ink, paper) < READABLE:
        what = words("{ink} on {paper} is hard to read ({ratio}:1).", ink=ink, paper=paper, ratio=_ratio(ink, paper))
        yield Finding("contrast", what, words("Text needs {limit}:1.", limit=READABLE), needles)
    elif contrast(inverted(ink), inverted(paper)) < READABLE:
        turned = _ratio(inverted(ink), inverted(paper))
        what = words(
            "{ink} on {paper} is hard to read in a forced dark mode ({ratio}:1).", ink=ink, paper=paper, ratio=turned
        )
        yield Finding("contrast_dark", what, words("Text needs {limit}:1.", limit=READABLE), needles)


def _ratio(one: str, other: str) -> str:
    return f"{contrast(one, other):.1f}"
