"""What is known of each paragraph and picture of a document before its words are read."""

from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from distributor.bulletin.docx.findings import Doubt
from distributor.bulletin.docx.numbering import Label


@dataclass(slots=True)
class Fact:
    """One paragraph. `number` counts the printed paragraphs from 1; 0: nothing is printed in it."""

    properties: Element | None
    level: int = 0
    label: Label | None = None
    contents: bool = False
    quote: bool = False
    indented: bool = False
    rule_above: bool = False
    rule_below: bool = False
    words: str = ""
    number: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture: the part of the zip (or the address) it comes from, its words, and its paragraph by index."""

    source: str
    alt: str
    at: int | None = None


@dataclass(slots=True)
class Facts:
    """Everything of one document, in order; `doubts` point to `paragraphs` by index."""

    paragraphs: list[Fact] = field(default_factory=list)
    pictures: list[Shown] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)
