"""Opens a .docx: a zip of XML parts, taken from strangers.

Refused with words about what to do: files of old Word, encrypted ones, macros, other formats under the
name .docx, damaged zips, and whatever unpacks to more than a bulletin can be. XML with a DTD or entities
is refused (defusedxml). Names in the zip are only looked up, never made into paths; nothing is fetched.
"""

import io
import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from distributor.bulletin.docx.names import PACKAGE, TYPES, transitional
from distributor.errors import BadInput, DistributorError, Place, Refused
from distributor.words import words

MOST_BYTES = 30_000_000
MOST_XML = 8_000_000
MOST_PICTURE = 5_000_001  # one more than a picture may have, so that the excess is seen
_MOST_ENTRIES = 3_000
_MOST_ELEMENTS = 200_000
_DEEPEST = 60

ZIP = b"PK\x03\x04"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PDF = b"%PDF-"
RTF = b"{\\rtf"
SIGNATURES = (ZIP, OLE, PDF, RTF)  # files that are surely no text
_ENTRY = b"PK\x01\x02"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError, KeyError)
_SAVE_AS = words("Open it in Word or WPS and save it as a Word document (.docx).")


@dataclass(frozen=True, slots=True)
class Relation:
    """What a relationship id stands for: a part of the zip, or (`external`) an address that is never fetched."""

    kind: str
    target: str
    external: bool


class Package:
    """One opened document. Every method raises `BadInput` or `Refused` with the file's name."""

    def __init__(self, source: bytes, file: str) -> None:
        self.file = file
        _refuse_others(source, file)
        if source.count(_ENTRY) > _MOST_ENTRIES:
            raise self.too_big()
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source))
        except _BROKEN as error:
            raise self.damaged() from error
        names = self._zip.namelist()
        if len(set(names)) != len(names):
            raise self.damaged()
        self._names = frozenset(names)
        self.main = self._find_main()
        self._refuse_macros()
        self.relations = self._relations(self.main)

    def tree(self, name: str) -> Element | None:
        """A part's XML with transitional names; None when there is no such part."""
        if name not in self._names:
            return None
        content = self._read(name, MOST_XML)
        if len(content) > MOST_XML:
            raise self.too_big()
        try:
            return self._parsed(content)
        except DefusedXmlException as error:
            raise Refused(
                words("The file declares XML entities, which no Word document needs."),
                do=_SAVE_AS,
                place=Place(self.file),
            ) from error
        except (ParseError, LookupError, ValueError) as error:
            raise self.damaged() from error

    def part(self, kind: str) -> Element | None:
        """The part that the document names as its `styles`, `numbering`, `comments` …"""
        return next((self.tree(each.target) for each in self.parts(kind)), None)

    def parts(self, kind: str) -> list[Relation]:
        """The parts of a kind, such as every `header`, in the order of their names."""
        found = (each for each in self.relations.values() if each.kind == kind and not each.external)
        return sorted(found, key=lambda each: each.target)

    def picture(self, name: str) -> bytes | None:
        """A picture's bytes, at most `MOST_PICTURE` of them; None when the zip has no such part."""
        return self._read(name, MOST_PICTURE)[:MOST_PICTURE] if name in self._names else None

    def damaged(self) -> DistributorError:
        return BadInput(
            words("The file is damaged: it cannot be opened as a Word document."),
            do=words("Open it in Word or WPS, let it repair the file, and save it again as .docx."),
            place=Place(self.file),
        )

    def too_big(self) -> DistributorError:
        return Refused(
            words("The file unpacks to more than a bulletin can be."),
            do=words("Copy the text into a new document and save that as .docx."),
            place=Place(self.file),
        )

    def _read(self, name: str, most: int) -> bytes:
        """At most `most` + 1 bytes of a part: the size that the zip declares is not believed."""
        try:
            if self._zip.getinfo(name).compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise self.damaged()
            with self._zip.open(name) as stream:
                return stream.read(most + 1)
        except _BROKEN as error:
            raise self.damaged() from error

    def _parsed(self, content: bytes) -> Element:
        depth = count = 0
        root: Element | None = None
        for event, element in _events(content):
            if event == "end":
                depth -= 1
                continue
            depth += 1
            count += 1
            if depth > _DEEPEST or count > _MOST_ELEMENTS:
                raise self.too_big()
            root = element if root is None else root
            element.tag = transitional(element.tag)
        if root is None:
            raise self.damaged()
        for element in root.iter():
            for key in [key for key in element.attrib if key.startswith("{http://purl.oclc.org")]:
                element.set(transitional(key), element.attrib.pop(key))
        return root

    def _find_main(self) -> str:
        for each in self._relations("").values():
            if each.kind == "officeDocument" and each.target in self._names:
                return each.target
        if "word/document.xml" in self._names:
            return "word/document.xml"
        raise _no_document(self.file)

    def _refuse_macros(self) -> None:
        types = self.tree("[Content_Types].xml")
        declared = [] if types is None else [each.get("ContentType", "") for each in types.iter(f"{TYPES}Override")]
        if any("macroEnabled" in each or "vbaProject" in each for each in declared) or any(
            name.lower().endswith("vbaproject.bin") for name in self._names
        ):
            raise Refused(
                words("The file carries macros; a bulletin does not."),
                do=_SAVE_AS,
                place=Place(self.file),
            )

    def _relations(self, owner: str) -> dict[str, Relation]:
        folder, name = posixpath.split(owner)
        root = self.tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        if root is None:
            return {}
        return {
            each.get("Id", ""): self._relation(each, folder)
            for each in root.iter(f"{PACKAGE}Relationship")
            if each.get("Type")
        }

    def _relation(self, element: Element, folder: str) -> Relation:
        target = element.get("Target", "")
        kind = element.get("Type", "").rpartition("/")[2]
        if element.get("TargetMode") == "External":
            return Relation(kind, target, True)
        path = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
        return Relation(kind, path, False)


def _events(content: bytes) -> Iterator[tuple[str, Element]]:
    yield from iterparse(io.BytesIO(content), ("start", "end"), forbid_dtd=True)


def _refuse_others(source: bytes, file: str) -> None:
    """Raises unless the bytes are a zip; says what they are instead."""
    if source.startswith(ZIP):
        return
    head = source[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    what, do = words("This is not a Word document."), _SAVE_AS
    if source.startswith(OLE) and _ENCRYPTED in source:
        what = words("The file is protected with a password.")
        do = words("Open it in Word or WPS, take the password out, and save it again as .docx.")
    elif source.startswith(OLE):
        what = words("This is a document of old Word (.doc) or of WPS (.wps), which cannot be read.")
    elif head.startswith(PDF):
        what = words("This is a PDF, from which the text cannot be read reliably.")
        do = words("Take the Word document (.docx) that it was made from.")
    elif head.startswith(RTF):
        what = words("This is an RTF file, not a Word document.")
    elif head[:1] == b"<":
        what = words("This is a web page or XML, not a Word document.")
    raise BadInput(what, do=do, place=Place(file))


def _no_document(file: str) -> DistributorError:
    what = words("This is a zip file, but not a Word document.")
    return BadInput(what, do=_SAVE_AS, place=Place(file))
