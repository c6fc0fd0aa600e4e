"""What a drawing holds: pictures, text boxes, WordArt, lines; and what cannot be read from one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from distributor.bulletin.docx.facts import Shown
from distributor.bulletin.docx.names import MC, WP, A, M, R, V, W
from distributor.bulletin.docx.package import Relation
from distributor.words import Words, words

_OFFICE = "{urn:schemas-microsoft-com:office:office}"
_LINES = frozenset(("line", "straightConnector1"))
_CROPS = ("l", "t", "r", "b")
_VML_CROPS = ("cropleft", "croptop", "cropright", "cropbottom")
_USEFUL = (f"{W}t", f"{A}blip", f"{A}prstGeom", f"{W}p")


@dataclass(slots=True)
class Drawing:
    """The contents of one drawing in the order of the file."""

    pictures: list[Shown] = field(default_factory=list)
    boxes: list[Element] = field(default_factory=list)  # txbxContent, not yet rewritten
    lettering: list[str] = field(default_factory=list)  # WordArt
    cropped: bool = False
    line: bool = False
    lost: list[Words] = field(default_factory=list)


def chosen(element: Element) -> list[Element]:
    """The version of an `mc:AlternateContent` to read: the new one where it has words or pictures, else the old."""
    choice, fallback = element.find(f"{MC}Choice"), element.find(f"{MC}Fallback")
    if choice is not None and (fallback is None or any(each.tag in _USEFUL for each in choice.iter())):
        return list(choice)
    return [] if fallback is None else list(fallback)


def read_drawing(element: Element, relations: dict[str, Relation]) -> Drawing:
    """Reads a `w:drawing`, `w:pict` or `w:object`. Pictures outside the file are named by their address."""
    drawing = Drawing()
    for each in _inside(element):
        if each.tag == f"{W}txbxContent":
            drawing.boxes.append(each)
        elif each.tag == f"{V}textpath" and each.get("string", "").strip():
            drawing.lettering.append(each.get("string", ""))
        elif each.tag in (f"{A}blip", f"{V}imagedata"):
            drawing.pictures += _shown(each, element, relations)
            drawing.cropped |= any(each.get(side) for side in _VML_CROPS)
        else:
            _take_other(drawing, each)
    return drawing


def _inside(element: Element) -> Iterator[Element]:
    """Every element of a drawing once: of two versions the chosen one; text boxes are not entered."""
    children = chosen(element) if element.tag == f"{MC}AlternateContent" else element
    for child in children:
        if child.tag != f"{MC}AlternateContent":
            yield child
        if child.tag != f"{W}txbxContent":
            yield from _inside(child)


def _take_other(drawing: Drawing, element: Element) -> None:
    local = element.tag.rpartition("}")[2]
    attributes = element.attrib
    if local == "srcRect":
        drawing.cropped |= any(attributes.get(side, "0") not in ("0", "0%") for side in _CROPS)
    elif local == "prstGeom":
        drawing.line |= attributes.get("prst") in _LINES
    elif element.tag == f"{V}line" or attributes.get(f"{_OFFICE}hr") in ("t", "true"):
        drawing.line = True
    elif local == "chart":
        drawing.lost.append(words("A chart cannot be read."))
    elif local == "relIds":
        drawing.lost.append(words("A SmartArt diagram cannot be read."))
    elif local == "OLEObject" and not drawing.pictures:
        drawing.lost.append(words("An embedded object cannot be read."))
    elif element.tag == f"{M}oMath":
        drawing.lost.append(words("A formula cannot be read."))


def _shown(blip: Element, drawing: Element, relations: dict[str, Relation]) -> Iterator[Shown]:
    by_id = blip.get(f"{R}embed") or blip.get(f"{R}id") or blip.get(f"{R}link") or ""
    relation = relations.get(by_id)
    if by_id:
        yield Shown(relation.target if relation else by_id, _alt(blip, drawing))


def _alt(blip: Element, drawing: Element) -> str:
    """The words for those who do not see the picture, as the writer gave them."""
    described = next(drawing.iter(f"{WP}docPr"), None)
    if described is not None:
        return (described.get("descr") or described.get("title") or "").strip()
    shape = next((each.get("alt", "") for each in drawing.iter(f"{V}shape") if each.get("alt")), "")
    return (shape or blip.get(f"{_OFFICE}title", "")).strip()
