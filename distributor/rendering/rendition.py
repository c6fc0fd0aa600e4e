"""A rendition: the bulletin as one group will get it on one channel, personal fields still open.

It is made once, frozen at finalising and kept by the store as a document, so that what is
sent later is what the office looked at.
"""

import base64
import dataclasses
import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distributor.errors import BadInput, Refused
from distributor.rendering import fields
from distributor.words import words

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class InlinePicture:
    """A picture that travels in the letter; the HTML refers to it as `cid:<cid>`."""

    cid: str
    media_type: str  # image/png, image/jpeg or image/gif
    file_name: str  # ASCII
    content: bytes


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that travels with the letter, the same for the whole group; the letter is complete without it.

    `code` names the personal field that each copy's file says as a QR code (`rendering.own_file`), if there is one.
    """

    file_name: str  # as a reader keeps it, in any language
    media_type: str
    content: bytes
    code: str = ""


@dataclass(frozen=True, slots=True)
class Rendition:
    """One group's letter on one channel. `subject`, `text` and `html` hold marks for personal fields."""

    group: str
    direction: str
    channel: str
    subject: str
    text: str
    html: str
    pictures: tuple[InlinePicture, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the whole letter."""
        return hashlib.sha256(self.to_document().encode()).hexdigest()

    @property
    def fields(self) -> frozenset[str]:
        """The personal fields the letter prints, on paper too."""
        printed = {name for part in (self.subject, self.text, self.html) for name in fields.split(part)[1::2]}
        return frozenset(printed | {file.code for file in self.attachments if file.code})

    def to_document(self) -> str:
        """Writes the rendition as JSON, for the store."""
        content = {"format": _FORMAT, **dataclasses.asdict(self)}
        for enclosed in (*content["pictures"], *content["attachments"]):
            enclosed["content"] = base64.b64encode(enclosed["content"]).decode()
        # As it was written before there were files, and codes in them: the same letter keeps its digest.
        for file in content["attachments"]:
            if not file["code"]:
                del file["code"]
        if not self.attachments:
            del content["attachments"]
        return json.dumps(content, ensure_ascii=False, sort_keys=True)


def from_document(document: str) -> Rendition:
    """Reads back what `to_document` wrote. Raises `BadInput` when it is something else."""
    try:
        content = json.loads(document)
        if content.pop("format") != _FORMAT:
            raise ValueError("unknown format")
        pictures = tuple(InlinePicture(**_decoded(picture)) for picture in content.pop("pictures"))
        attachments = tuple(Attachment(**_decoded(found)) for found in content.pop("attachments", ()))
        return Rendition(**content, pictures=pictures, attachments=attachments)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(
            words("A stored letter cannot be read back."),
            do=words("Was it written by a newer version? Finalise the bulletin again."),
        ) from error


def _decoded(enclosed: Mapping[str, Any]) -> dict[str, Any]:
    return {**enclosed, "content": base64.b64decode(enclosed["content"], validate=True)}


def filled(text: str, values: Mapping[str, str], *, escape: bool = False) -> str:
    """Puts values in the place of marks, HTML-escaped on request.

    Raises `Refused` when the text prints a field that has no value.
    """
    parts = fields.split(text)
    for position in range(1, len(parts), 2):
        value = value_of(parts[position], values)
        parts[position] = html.escape(value) if escape else value
    return "".join(parts)


def value_of(name: str, values: Mapping[str, str]) -> str:
    """Returns the value of a field; raises `Refused` when there is none."""
    try:
        return values[name]
    except KeyError:
        raise Refused(
            words("The letter prints {field}, but this copy has no such thing.", field=name),
            do=words("Set office.base_url as it was when the bulletin was finalised, or finalise it again."),
        ) from None
