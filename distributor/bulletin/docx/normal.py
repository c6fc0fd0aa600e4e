"""Takes out of a document's body what mammoth does not read, and remembers it.

Text boxes and WordArt become paragraphs, pictures become markers, hidden and deleted text goes; every
paragraph gets a marker, so that whatever is read from it knows where it stood. Markers are bookmarks
(`p12`, `i3`), the document's own bookmarks having been dropped: mammoth hands bookmarks through in place.
"""

from collections.abc import Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element, SubElement

from distributor.bulletin.docx import findings
from distributor.bulletin.docx.drawings import chosen, read_drawing
from distributor.bulletin.docx.facts import Fact, Facts
from distributor.bulletin.docx.names import MC, M, R, W, number, printed_text, switch, value
from distributor.bulletin.docx.numbering import Numbering
from distributor.bulletin.docx.package import Relation
from distributor.bulletin.docx.styles import Styles
from distributor.bulletin.shape import has_sentence, says_something
from distributor.words import words

_DROPPED = frozenset(
    f"{W}{name}"
    for name in (
        "bookmarkStart bookmarkEnd proofErr commentRangeStart commentRangeEnd permStart permEnd sectPr "
        "lastRenderedPageBreak moveFromRangeStart moveFromRangeEnd moveToRangeStart moveToRangeEnd tblPr tblGrid "
        "annotationRef footnoteRef endnoteRef"
    ).split()
)
_UNWRAPPED = frozenset(f"{W}{name}" for name in ("fldSimple", "bdo", "dir", "smartTag", "customXml", "rubyBase"))
_DRAWINGS = frozenset(f"{W}{name}" for name in ("drawing", "pict", "object"))
_BORDERLESS = ("nil", "none", None)
_MOST_SPAN = 63  # columns of a Word table


class Normaliser:
    """Rewrites one body, in order, once."""

    def __init__(
        self,
        styles: Styles,
        numbering: Numbering,
        relations: dict[str, Relation],
        remarks: dict[str, dict[str, tuple[str, str]]],
    ) -> None:
        """`remarks`: author and text of every `comment`, `footnote` and `endnote`, by kind and id."""
        self.styles = styles
        self.numbering = numbering
        self.relations = relations
        self.remarks = remarks
        self.facts = Facts()
        self.black_is_bold = True
        self._at: int | None = None
        self._lifted: list[Element] = []
        self._running = False  # running text has gone by, so the masthead is over

    def rewrite_body(self, body: Element) -> None:
        """Rewrites the body in place and fills `facts`."""
        self.black_is_bold = not self._mostly_black(body)
        body[:] = self._all(body)
        self._number(body)

    def _all(self, elements: Iterable[Element]) -> list[Element]:
        return [new for element in list(elements) for new in self._one(element)]

    def _one(self, element: Element) -> list[Element]:
        tag = element.tag
        if tag == f"{W}p":
            return self._paragraph(element)
        if tag == f"{W}r":
            return self._run(element)
        if tag in _DROPPED:
            return []
        if tag in _DRAWINGS:
            return self._drawing(element)
        if tag == f"{MC}AlternateContent":
            return self._all(chosen(element))
        if tag in _UNWRAPPED:
            return self._all(element)
        if tag == f"{W}ruby":
            return self._all(element.findall(f"{W}rubyBase"))
        return self._rarer(element)

    def _rarer(self, element: Element) -> list[Element]:
        tag = element.tag
        if tag in (f"{W}ins", f"{W}moveTo", f"{W}del", f"{W}moveFrom"):
            return self._tracked(element)
        if tag in (f"{W}commentReference", f"{W}footnoteReference", f"{W}endnoteReference"):
            self._remark(element)
            return []
        if tag in (f"{M}oMath", f"{M}oMathPara"):
            self._doubt(findings.lost_object(self._at, words("A formula cannot be read.")))
            return []
        if tag in (f"{W}altChunk", f"{W}subDoc"):
            self._doubt(findings.lost_object(self._at, words("An inserted file cannot be read.")))
            return []
        if tag == f"{W}hyperlink" and element.get(f"{R}id", "") not in self.relations:
            element.attrib.pop(f"{R}id", None)
        if tag == f"{W}tbl":
            self._mark_heading_row(element)
        if tag in (f"{W}trPr", f"{W}tcPr"):
            return self._cell_properties(element)
        if tag == f"{W}sym" and number_of_symbol(element) is None:
            return []
        element[:] = self._all(element)
        return [element]

    def _paragraph(self, element: Element) -> list[Element]:
        properties = element.find(f"{W}pPr")
        outer, lifted = self._at, self._lifted
        self._at, self._lifted = len(self.facts.paragraphs), []
        fact = self._fact(properties)
        self.facts.paragraphs.append(fact)
        if properties is not None:
            element.remove(properties)
            mark = properties.find(f"{W}rPr")
            if mark is not None and any(mark.find(f"{W}{kind}") is not None for kind in ("ins", "del")):
                self._doubt(findings.reshaped(self._at))
        element[:] = [_marker(f"p{self._at}"), *self._all(element)]
        fact.words = (fact.label.text if fact.label else "") + printed_text(element)
        boxes = self._lifted
        self._at, self._lifted = outer, lifted
        if outer is None:
            self._running = self._running or has_sentence(fact.words)
        return [*boxes, element]

    def _fact(self, properties: Element | None) -> Fact:
        borders = None if properties is None else properties.find(f"{W}pBdr")
        indent = None if properties is None else properties.find(f"{W}ind")
        left = None if indent is None else indent.get(f"{W}left") or indent.get(f"{W}start")
        return Fact(
            properties,
            level=self.styles.heading(properties),
            label=self.numbering.label(self.styles.numbering(properties)),
            contents=self.styles.is_contents(properties),
            quote=self.styles.is_quote(properties),
            indented=(number(left) or 0) > 0,
            rule_above=value(borders, "top") not in _BORDERLESS,
            rule_below=value(borders, "bottom") not in _BORDERLESS,
        )

    def _run(self, element: Element) -> list[Element]:
        properties = element.find(f"{W}rPr")
        if properties is not None:
            element.remove(properties)
        text = printed_text(element)
        if text.strip():
            self._look_at(properties, text)
        if self._switched("vanish", properties):
            element[:] = [each for each in element if each.tag in (f"{W}fldChar", f"{W}instrText")]
        children = self._all(element)
        element[:] = [self._look(properties), *children]
        return [element]

    def _look_at(self, properties: Element | None, text: str) -> None:
        if self._switched("vanish", properties):
            self._doubt(findings.hidden(self._at, text))
        elif self._switched("strike", properties) or self._switched("dstrike", properties):
            self._doubt(findings.struck(self._at, text))

    def _look(self, properties: Element | None) -> Element:
        """The look of a run with what its styles say written out."""
        look = Element(f"{W}rPr")
        bold = self._switched("b", properties)
        if bold or (self.black_is_bold and self.styles.is_black(properties, self._properties)):
            SubElement(look, f"{W}b")
        if self._switched("i", properties):
            SubElement(look, f"{W}i")
        if (height := value(properties, "vertAlign")) in ("superscript", "subscript"):
            SubElement(look, f"{W}vertAlign", {f"{W}val": height})
        return look

    @property
    def _properties(self) -> Element | None:
        return None if self._at is None else self.facts.paragraphs[self._at].properties

    def _switched(self, name: str, properties: Element | None) -> bool:
        return self.styles.switched(name, properties, self._properties)

    def _drawing(self, element: Element) -> list[Element]:
        drawing = read_drawing(element, self.relations)
        markers: list[Element] = []
        for shown in drawing.pictures:
            markers.append(_marker(f"i{len(self.facts.pictures)}"))
            self.facts.pictures.append(replace(shown, at=self._at))
        if drawing.cropped:
            self._doubt(findings.cropped(self._at))
        for what in drawing.lost:
            self._doubt(findings.lost_object(self._at, what))
        if drawing.line and self._at is not None:
            self.facts.paragraphs[self._at].rule_below = True
        boxes = [box for content in drawing.boxes for box in self._box(list(content))]
        boxes += [box for text in drawing.lettering for box in self._box([_plain(text)])]
        if self._at is None:
            return boxes
        self._lifted += boxes
        return markers

    def _box(self, content: list[Element]) -> list[Element]:
        """A text box as paragraphs before the one that it is anchored to; said aloud once the text has begun."""
        text = " ".join(printed_text(each) for each in content)
        if self._running and says_something(text):
            self._doubt(findings.boxed(self._at, text))
        return self._all(content)

    def _tracked(self, element: Element) -> list[Element]:
        text = "".join(each.text or "" for each in element.iter() if each.tag in (f"{W}t", f"{W}delText"))
        kind = element.tag.rpartition("}")[2]
        gone = kind in ("del", "moveFrom")
        if text.strip():
            say = findings.moved if kind.startswith("move") else findings.deleted if gone else findings.inserted
            self._doubt(say(self._at, text))
        elif kind in ("ins", "del"):
            self._doubt(findings.reshaped(self._at))
        return [] if gone else self._all(element)

    def _remark(self, element: Element) -> None:
        kind = element.tag.rpartition("}")[2].removesuffix("Reference")
        author, text = self.remarks.get(kind, {}).get(element.get(f"{W}id", ""), ("", ""))
        self._doubt(findings.comment(self._at, author, text) if kind == "comment" else findings.note(self._at, text))

    def _mark_heading_row(self, table: Element) -> None:
        """Where no row repeats as a heading, the table's own look says whether its first row is one (17.4.55)."""
        rows = table.findall(f"{W}tr")
        marked = any(switch(row.find(f"{W}trPr"), "tblHeader") for row in rows)
        look = table.find(f"{W}tblPr/{W}tblLook")
        if marked or len(rows) < 2 or look is None:
            return
        first = look.get(f"{W}firstRow")
        if first in ("1", "true", "on") if first is not None else _bit(look.get(f"{W}val")):
            properties = rows[0].find(f"{W}trPr")
            if properties is None:
                properties = Element(f"{W}trPr")
                rows[0].insert(0, properties)
            SubElement(properties, f"{W}tblHeader")

    def _cell_properties(self, element: Element) -> list[Element]:
        if any(element.find(f"{W}{kind}") is not None for kind in ("ins", "del", "cellIns", "cellDel")):
            self._doubt(findings.reshaped(self._at))
        kept = Element(element.tag)
        if switch(element, "tblHeader"):
            SubElement(kept, f"{W}tblHeader")
        span = min(number(value(element, "gridSpan")) or 1, _MOST_SPAN)
        if span > 1:
            SubElement(kept, f"{W}gridSpan", {f"{W}val": str(span)})
        if (merge := value(element, "vMerge")) is not None:
            SubElement(kept, f"{W}vMerge", {f"{W}val": "restart" if merge == "restart" else "continue"})
        return [kept]

    def _mostly_black(self, body: Element) -> bool:
        black = total = 0
        for paragraph in body.iter(f"{W}p"):
            properties = paragraph.find(f"{W}pPr")
            for run in paragraph.findall(f"{W}r"):
                length = len(printed_text(run))
                total += length
                black += length if self.styles.is_black(run.find(f"{W}rPr"), properties) else 0
        return black * 2 > total

    def _number(self, body: Element) -> None:
        """Numbers the printed paragraphs in the order in which they are read."""
        count = 0
        for paragraph in body.iter(f"{W}p"):
            marks = [each.get(f"{W}name", "") for each in paragraph.iter(f"{W}bookmarkStart")]
            fact = self.facts.paragraphs[int(marks[0][1:])]
            if fact.words.strip() or len(marks) > 1:
                count += 1
                fact.number = count

    def _doubt(self, doubt: findings.Doubt) -> None:
        self.facts.doubts.append(doubt)


def number_of_symbol(element: Element) -> int | None:
    """The code of a `w:sym` (17.3.3.30); None when it is no hexadecimal number."""
    try:
        return int(element.get(f"{W}char", ""), 16)
    except ValueError:
        return None


def _bit(look: str | None) -> bool:
    """The first-row bit of the older form of `tblLook`, a hexadecimal number."""
    try:
        return bool(int(look or "0", 16) & 0x20)
    except ValueError:
        return False


def _marker(name: str) -> Element:
    return Element(f"{W}bookmarkStart", {f"{W}name": name})


def _plain(text: str) -> Element:
    paragraph = Element(f"{W}p")
    SubElement(SubElement(paragraph, f"{W}r"), f"{W}t").text = text
    return paragraph
