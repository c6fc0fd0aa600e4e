"""A Word document's bytes to a page of parts, its pictures, and findings with their paragraphs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from distributor.bulletin.docx import findings
from distributor.bulletin.docx.facts import Fact, Facts
from distributor.bulletin.docx.names import W, printed_text
from distributor.bulletin.docx.normal import Normaliser
from distributor.bulletin.docx.numbering import read_numbering
from distributor.bulletin.docx.package import Package
from distributor.bulletin.docx.page import Builder
from distributor.bulletin.docx.reader import read_body
from distributor.bulletin.docx.styles import read_styles
from distributor.bulletin.head_shapes import classification_of
from distributor.bulletin.model import Bulletin
from distributor.bulletin.parts import Page
from distributor.bulletin.shape import compact, says_something
from distributor.errors import Place, Problem

_NEAR = 12
_FURNITURE = "-—–－·第页共/PAGEpage "  # what a page number is printed with


@dataclass(frozen=True, slots=True)
class Document:
    """What a .docx gave. `media`: the bytes of its pictures by their source, cut off where they are too many."""

    page: Page
    media: Mapping[str, bytes]
    problems: tuple[Problem, ...]
    places: tuple[Place, ...]  # of each line of `page.text`
    shown: Mapping[str, Place]  # where each picture stands

    def placed(self, problem: Problem) -> Problem:
        """A finding on a line of the page's text as one on a paragraph of the document."""
        line = problem.place.line
        if not 0 < line <= len(self.places):
            return replace(problem, place=Place(problem.place.file))
        return replace(problem, place=self.places[line - 1])

    def numbered(self, bulletin: Bulletin) -> Bulletin:
        """The bulletin with paragraphs where it names lines of the page's text."""
        sections = tuple(
            replace(
                section,
                line=self._paragraph(section.line),
                items=tuple(replace(item, line=self._paragraph(item.line)) for item in section.items),
            )
            for section in bulletin.sections
        )
        addressees = tuple(replace(each, line=self._paragraph(each.line)) for each in bulletin.addressees)
        return replace(bulletin, sections=sections, addressees=addressees)

    def _paragraph(self, line: int) -> int:
        return self.places[line - 1].paragraph if 0 < line <= len(self.places) else 0


def read_document(source: bytes, file: str) -> Document:
    """Reads the bytes of a .docx. What is wrong in its content is a finding.

    Raises `BadInput` for what is no Word document or is damaged, `Refused` for macros, entities and bombs.
    """
    package = Package(source, file)
    root = package.tree(package.main)
    body = None if root is None else root.find(f"{W}body")
    if root is None or body is None:
        raise package.damaged()
    remarks = {kind: dict(_remarks(package.part(f"{kind}s"), kind)) for kind in ("comment", "footnote", "endnote")}
    normaliser = Normaliser(
        read_styles(package.part("styles")), read_numbering(package.part("numbering")), package.relations, remarks
    )
    normaliser.rewrite_body(body)
    facts = normaliser.facts
    builder = Builder(facts)
    page = builder.page(read_body(root, package.relations, facts))
    facts.doubts += _margins(package, page.text)
    return Document(
        page,
        _media(package, facts),
        findings.within_limits([_problem(doubt, facts, file) for doubt in facts.doubts]),
        tuple(_place(file, facts.paragraphs[index]) for index in builder.where),
        {shown.source: _place(file, _at(facts, shown.at)) for shown in reversed(facts.pictures)},
    )


def _place(file: str, fact: Fact | None) -> Place:
    if fact is None or not fact.number:
        return Place(file)
    words = " ".join(fact.words.split())
    return Place(file, paragraph=fact.number, near=words[:_NEAR] + ("…" if len(words) > _NEAR else ""))


def _at(facts: Facts, index: int | None) -> Fact | None:
    return None if index is None else facts.paragraphs[index]


def _problem(doubt: findings.Doubt, facts: Facts, file: str) -> Problem:
    return Problem(_place(file, _at(facts, doubt.at)), doubt.code, doubt.what, doubt.do, doubt.grade)


def _remarks(root: Element | None, kind: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """The id, author and text of every comment or note."""
    for each in () if root is None else root.iter(f"{W}{kind}"):
        yield each.get(f"{W}id", ""), (each.get(f"{W}author", ""), printed_text(each))


def _margins(package: Package, text: str) -> Iterator[findings.Doubt]:
    """Words in headers and footers that the text does not have, page numbers aside; 密级 always counts."""
    body = compact(text)
    seen: set[str] = set()
    for part in (*package.parts("header"), *package.parts("footer")):
        root = package.tree(part.target)
        for paragraph in () if root is None else root.iter(f"{W}p"):
            words = printed_text(paragraph).strip()
            if grade := classification_of(words):
                yield findings.classified(grade)
                continue
            bare = compact(words)
            if not says_something("".join(c for c in bare if c not in _FURNITURE and not c.isdigit())):
                continue
            if bare not in body and bare not in seen:
                seen.add(bare)
                yield findings.margin(words)


def _media(package: Package, facts: Facts) -> dict[str, bytes]:
    found = {shown.source: package.picture(shown.source) for shown in facts.pictures}
    return {source: content for source, content in found.items() if content is not None}
