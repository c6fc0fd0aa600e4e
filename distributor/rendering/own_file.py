"""A file of a letter that every copy completes with its reader's own code; the rest of it is encoded once for all."""

from collections.abc import Mapping
from dataclasses import dataclass

from distributor.rendering.pdf.own_code import Place, place_of, with_code
from distributor.rendering.rendition import Attachment, value_of
from distributor.rendering.splice import LINE, lines


@dataclass(frozen=True, slots=True)
class OwnFile:
    """What is encoded already, what stands open behind it, and the personal field that the code says."""

    field: str
    place: Place
    encoded: bytes
    open_end: bytes

    def pieces(self, values: Mapping[str, str]) -> tuple[bytes, bytes]:
        """The encoded file of one copy; the first piece is the same object in each."""
        return self.encoded, lines(self.open_end + self.place.update(value_of(self.field, values)))


def own_file(file: Attachment) -> OwnFile | None:
    """The file ready for any number of copies; None when all of them carry the same."""
    place = place_of(file.content) if file.code else None
    if place is None:
        return None
    whole = len(file.content) - len(file.content) % LINE
    return OwnFile(file.code, place, lines(file.content[:whole]), file.content[whole:])


def own_content(file: Attachment, values: Mapping[str, str]) -> bytes:
    """The file as one reader gets it. Raises `Refused` when this copy has no such link."""
    return with_code(file.content, value_of(file.code, values)) if file.code else file.content
