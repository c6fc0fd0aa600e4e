"""The PDF of a bulletin as a file: the one that travels with a letter, and the one for a single reader.

A letter's PDF is the same for everybody who gets it and carries no link: a QR code that opens one reader's page
would let whoever holds the paper sign for him (docs/adr/0014). A reader's own may carry his.
"""

import dataclasses

from distributor.bulletin.model import Reading
from distributor.bulletin.source import Undecodable, decode, normal_lines
from distributor.errors import Place
from distributor.rendering.pdf.document import Paper, render_pdf
from distributor.rendering.pdf.faults import MissingGlyph
from distributor.rendering.pdf.paper import paper_name
from distributor.rendering.rendition import Attachment, Rendition
from distributor.rendering.templates import Templates

MEDIA_TYPE = "application/pdf"


def pdf_of(reading: Reading, templates: Templates, *, file: str, edition: int = 1, link: str = "") -> Attachment:
    """The bulletin as a PDF under the name a reader keeps it by. `edition` above 1 is marked 更正.

    `file` is the bulletin's name in errors. `link` makes it one reader's own. Raises `MissingGlyph` with the place of
    the character in the file, `BadInput` for pictures and templates.
    """
    mark = correction_mark(edition)
    paper = Paper(reading.bulletin, reading.assets, correction=mark, link=link)
    try:
        content = render_pdf(paper, templates)
    except MissingGlyph as missing:
        missing.place = _place(missing.characters[0], reading.source, file)
        raise
    return Attachment(paper_name(reading.bulletin, correction=mark), MEDIA_TYPE, content)


def corrected(rendition: Rendition, pdf: Attachment) -> Rendition:
    """A letter with the marked PDF in the place of its own."""
    kept = tuple(file for file in rendition.attachments if file.media_type != MEDIA_TYPE)
    return dataclasses.replace(rendition, attachments=(*kept, pdf)) if rendition.attachments else rendition


def correction_mark(edition: int) -> str:
    """What is printed at the head of an edition: nothing, 更正, 更正2 …"""
    return "" if edition < 2 else "更正" if edition == 2 else f"更正{edition - 1}"


def _place(character: str, source: bytes, file: str) -> Place:
    """The line and column where a character first stands; the whole file when its source is no text."""
    try:
        lines = normal_lines(decode(source)).split("\n")
    except Undecodable:
        return Place(file)
    for number, line in enumerate(lines, 1):
        if (at := line.find(character)) >= 0:
            return Place(file, number, at + 1)
    return Place(file)
