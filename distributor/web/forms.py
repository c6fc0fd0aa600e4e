"""Reads the form of the reader's page: a few short texts, and nothing else.

Whatever is larger, of another kind or not text is refused before anything is looked up.
"""

import unicodedata
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

#: The largest form there is: every field as long as it may be, each character as %-escapes.
MOST_BYTES = 64_000

_MOST_FIELDS = 12


class BadForm(Exception):
    """The request is no form of ours. `status` is the answer it gets."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a posted form, the first of each name. Raises `BadForm`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadForm(415)
    octets = bytearray()
    async for chunk in request.stream():
        octets += chunk
        if len(octets) > MOST_BYTES:
            raise BadForm(413)
    try:
        pairs = parse_qsl(octets.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
    except ValueError as error:
        raise BadForm(400) from error
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields


def one_line(text: str, most: int) -> str:
    """A name as it is kept: one line, no control or direction marks, at most `most` characters."""
    return " ".join(_visible(text).split())[:most]


def some_lines(text: str, most: int) -> str:
    """A remark as it is kept: its lines, no other control or direction marks, at most `most` characters."""
    lines = (" ".join(_visible(line).split()) for line in text.splitlines())
    return "\n".join(lines).strip()[:most]


def _visible(text: str) -> str:
    # Cc, Cf: controls and marks that turn text around; Cs, Co, Cn: what is no character.
    return "".join(char if char.isspace() or unicodedata.category(char)[0] != "C" else "" for char in text)
