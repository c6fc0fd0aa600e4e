"""The PDF of a bulletin as a file: the one that travels with a letter, and the one on the reader's page.

It is set once for everybody. Where it has room for a code, each reader's copy gets his own when it is handed over
(docs/adr/0031); without room it is the same for all.
"""

from distributor.bulletin.model import Reading
from distributor.bulletin.source import Undecodable, decode, normal_lines
from distributor.errors import Place
from distributor.rendering.edition import correction_mark
from distributor.rendering.pdf.document import Paper, render_pdf
from distributor.rendering.pdf.faults import MissingGlyph
from distributor.rendering.pdf.own_code import place_of
from distributor.rendering.pdf.paper import paper_name
from distributor.rendering.rendition import Attachment
from distributor.rendering.templates import Templates

MEDIA_TYPE = "application/pdf"

#: The personal field that a code on paper says.
LINK = "links.read"


def pdf_of(reading: Reading, templates: Templates, *, file: str, edition: int = 1, code: bool = False) -> Attachment:
    """The bulletin as a PDF under the name a reader keeps it by. `edition` above 1 is marked 更正.

    `file` is the bulletin's name in errors. `code` keeps room for the code of each reader's page, if the template
    prints one. Raises `MissingGlyph` with the place of the character in the file, `BadInput` for pictures and
    templates.
    """
    mark = correction_mark(edition)
    paper = Paper(reading.bulletin, reading.assets, correction=mark, room=code)
    try:
        content = render_pdf(paper, templates)
    except MissingGlyph as missing:
        missing.place = _place(missing.characters[0], reading.source, file)
        raise
    says = LINK if code and place_of(content) else ""
    return Attachment(paper_name(reading.bulletin, correction=mark), MEDIA_TYPE, content, says)


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
