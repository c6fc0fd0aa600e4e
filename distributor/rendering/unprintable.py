"""Refuses text that no form of a bulletin can carry, before any template sees it.

Control characters end lines or hide text; direction marks (UAX #9) show another text than is there;
lone surrogates cannot be written as UTF-8; Unicode noncharacters are what marks of personal fields are
made of.
"""

import dataclasses
import re
from collections.abc import Iterator

from distributor.bulletin.model import Picture
from distributor.errors import BadInput
from distributor.rendering import fields
from distributor.words import words

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def refuse_unprintable(value: object) -> None:
    """Looks at every text in a dataclass. Raises `BadInput` that names the character and the words around it."""
    for text in _strings(value):
        found = _CONTROL.search(text)
        if found or fields.is_marked(text):
            char = found[0] if found else next(char for char in text if fields.is_marked(char))
            raise BadInput(
                words(
                    "“{text}” contains the invisible character U+{code}, which a letter cannot carry.",
                    text=text.replace(char, "\N{REPLACEMENT CHARACTER}")[:40],
                    code=f"{ord(char):04X}",
                ),
                do=words("Delete the character in the bulletin and try again."),
            )


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _strings(entry)
    elif isinstance(value, Picture):
        yield value.alt  # its path is never printed; it gets a name of ours
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _strings(getattr(value, field.name))
