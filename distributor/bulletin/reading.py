"""A bulletin's file to a reading: bytes, parts, model, findings, pictures, digest.

What is wrong in the content is a finding and never an exception; only a file that cannot be read
at all raises. Nothing is fetched and nothing outside the bulletin's folder is opened.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

from distributor.bulletin.account import check_account
from distributor.bulletin.assemble import assemble, take_apart, take_page_apart
from distributor.bulletin.check import check_bulletin
from distributor.bulletin.docx import package as docx
from distributor.bulletin.model import Bulletin, Picture, Reading
from distributor.bulletin.pictures import load_pictures
from distributor.bulletin.source import Undecodable, decode, normal_lines
from distributor.bulletin.textcheck import check_text
from distributor.errors import BadInput, Place, Problem
from distributor.words import words

MOST_BYTES = 2_000_000

#: More than a hundred printed pages. Reading takes time in proportion, and markup costs the most of it: 100,000
#: characters of nothing else take about two seconds.
MOST_CHARACTERS = 100_000

#: The endings of files that may be bulletins, in lower case. Whoever looks for bulletins asks here.
READABLE = frozenset({".md", ".markdown", ".docx"})

#: Endings of word processors' files that cannot be read. Reading one raises and says how to save it instead.
UNREADABLE = frozenset({".doc", ".docm", ".dot", ".dotx", ".dotm", ".wps", ".wpt", ".odt", ".rtf", ".pdf", ".ofd"})


def read_bulletin(path: Path) -> Reading:
    """Reads a bulletin and its pictures. Findings name `path` as it was given.

    A Word document is known by its bytes and by the endings above, anything else is text. Raises BadInput when
    the file is missing, unreadable, larger than `MOST_BYTES` (a document: `docx.MOST_BYTES`) or a document
    that cannot be read, and Refused for a document that must not be.
    """
    source = _bytes(path)
    file = str(path)
    if _is_document(path, source):
        return _read_document(source, file)
    try:
        text = decode(source)
    except Undecodable as error:
        return Reading(Bulletin(""), (_undecodable(error, file),), source, {}, _digest(source, {}))
    reading = parse_bulletin(text, file)
    # The pictures lie beside the text itself, wherever a link to it may be.
    folder = path.resolve().parent
    assets, problems = load_pictures(_placed(reading.bulletin, normal_lines(text), file), folder)
    return Reading(reading.bulletin, (*reading.findings, *problems), source, assets, _digest(source, assets))


def _is_document(path: Path, source: bytes) -> bool:
    ending = path.suffix.lower()
    return ending == ".docx" or ending in UNREADABLE or source.startswith(docx.SIGNATURES)


def _read_document(source: bytes, file: str) -> Reading:
    # The library for documents is slow to load, and most bulletins are Markdown.
    from distributor.bulletin.docx.document import read_document

    document = read_document(source, file)
    if len(document.page.text) > MOST_CHARACTERS:
        return Reading(Bulletin(""), (_too_long(document.page.text, Place(file)),), source, {}, _digest(source, {}))
    pieces = take_page_apart(document.page)
    bulletin = assemble(pieces)
    text = document.page.text
    checked = (*check_bulletin(pieces, bulletin, text, file), *check_account(pieces, bulletin, file))
    placed = (*document.problems, *(document.placed(each) for each in (*checked, *check_text(text, file))))
    pictures = ((picture, document.shown.get(picture.source, Place(file))) for picture in bulletin.pictures())
    assets, problems = load_pictures(pictures, document.media)
    paragraphs = {place.paragraph: place for place in document.places if place.paragraph}
    bulletin = document.numbered(bulletin)
    findings = sorted((*placed, *problems), key=lambda each: (not each.place.paragraph, each.place.paragraph))
    return Reading(bulletin, tuple(findings), source, assets, _digest(source, assets), paragraphs)


def parse_bulletin(text: str, file: str) -> Reading:
    """Reads a bulletin from text alone: no file is opened, so pictures are not looked at."""
    text = normal_lines(text)
    source = text.encode("utf-8", "surrogatepass")
    if len(text) > MOST_CHARACTERS:
        line = text.count("\n", 0, MOST_CHARACTERS) + 1
        return Reading(Bulletin(""), (_too_long(text, Place(file, line)),), source, {}, _digest(source, {}))
    pieces = take_apart(text)
    bulletin = assemble(pieces)
    checked = (*check_bulletin(pieces, bulletin, text, file), *check_account(pieces, bulletin, file))
    lines = text.split("\n")
    findings = (*(_with_column(problem, lines) for problem in checked), *check_text(text, file))
    return Reading(bulletin, findings, source, {}, _digest(source, {}))


def _bytes(path: Path) -> bytes:
    try:
        if path.exists() and not path.is_file():
            raise BadInput(
                words("{file} is not a file.", file=str(path)),
                do=words("Give the path of the bulletin, such as examples/river-12.md."),
            )
        with path.open("rb") as file:
            source = file.read(docx.MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise BadInput(
            words(
                "{file} cannot be read: {reason}.",
                file=str(path),
                reason=getattr(error, "strerror", None) or str(error),
            ),
            do=words("Check the path and the permissions."),
        ) from error
    limit = docx.MOST_BYTES if _is_document(path, source) else MOST_BYTES
    if len(source) > limit:
        raise BadInput(
            words("{file} is larger than {limit} bytes.", file=str(path), limit=limit),
            do=words("In Word: Compress Pictures; then save.")
            if limit != MOST_BYTES
            else words("A bulletin is text; keep its pictures in files beside it."),
        )
    return source


def _too_long(text: str, place: Place) -> Problem:
    return Problem(
        place,
        "too_long",
        words("The text has {count} characters; {limit} are allowed.", count=len(text), limit=MOST_CHARACTERS),
        words("Cut it into several numbers, and take long tables out."),
    )


def _undecodable(error: Undecodable, file: str) -> Problem:
    return Problem(
        Place(file, error.line),
        "undecodable",
        words("Byte {offset} is neither UTF-8 nor GB18030 text.", offset=error.offset),
        words("Save the file as UTF-8 text, or as a Word document (.docx)."),
    )


def _with_column(problem: Problem, lines: Sequence[str]) -> Problem:
    """The column of what the finding quotes; where that is not found, the first printed character of the line."""
    place = problem.place
    if not place.line or place.column or place.line > len(lines):
        return problem
    line = lines[place.line - 1]
    quoted = (line.find(str(value)) for value in problem.what.gaps.values() if str(value))
    column = next((at for at in quoted if at >= 0), len(line) - len(line.lstrip()))
    return replace(problem, place=Place(place.file, place.line, column + 1))


def _placed(bulletin: Bulletin, text: str, file: str) -> Iterator[tuple[Picture, Place]]:
    """Each picture with the place where its name stands in the text."""
    lines = text.split("\n")
    start = 0
    for picture in bulletin.pictures():
        found = next((at for at in range(start, len(lines)) if _names(lines[at], picture.source)), None)
        start = start if found is None else found
        number = 0 if found is None else found + 1
        column = 0 if found is None else max(lines[found].find(picture.source), lines[found].find("![")) + 1
        yield picture, Place(file, number, column)


def _names(line: str, source: str) -> bool:
    """True when a line of Markdown names this picture, as written or with escapes (%20, \\\\)."""
    if "![" not in line:
        return False
    return source in line or source in unquote(line) or source in line.replace("\\\\", "\\")


def _digest(source: bytes, assets: Mapping[str, bytes]) -> str:
    """SHA-256 over the source and over each picture's name and bytes, each with its length before it."""
    digest = hashlib.sha256()
    for part in (
        source,
        *(part for name in sorted(assets) for part in (name.encode("utf-8", "surrogatepass"), assets[name])),
    ):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()
