"""Personal fields of a letter: who it goes to, and the links that belong to that copy alone.

A rendition is made once per group, so a template may print a personal field and do nothing
else with it. A printed field leaves a mark in the rendition; every other use is refused,
because it would give the whole group one person's answer. The marks are Unicode
noncharacters, which no document may contain.
"""

import re
from typing import NoReturn

START, END = "\ufdd0", "\ufdd1"
_UPLOAD_START, _UPLOAD_END = "\ufdd2", "\ufdd3"

_MARK = re.compile(f"{START}([a-z.]+){END}")
_NONCHARACTER = re.compile("[\ufdd0-\ufdef]")


class FieldMisuse(Exception):
    """A template did something else with a personal field than printing it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Field:
    """One personal field as a template sees it: printable, opaque to everything else."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return f"Field({self._name})"

    def __getattr__(self, name: str) -> NoReturn:
        # Python itself asks for dunder names to learn what an object can do.
        raise AttributeError(name) if name.startswith("__") else FieldMisuse(self._name)

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise FieldMisuse(self._name)

    __str__ = __format__ = __bytes__ = __hash__ = __bool__ = __int__ = __float__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __len__ = __iter__ = __contains__ = __getitem__ = __call__ = _refuse
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = _refuse


class RecipientFields:
    """What a template may print about the person. `role` is empty for people without one."""

    __slots__ = ("name", "role", "unit")

    def __init__(self) -> None:
        self.name = Field("recipient.name")
        self.unit = Field("recipient.unit")
        self.role = Field("recipient.role")


class LinkFields:
    """The links of one copy; templates have them only where the office has a public page."""

    __slots__ = ("acknowledge", "cover", "pixel", "read")

    def __init__(self) -> None:
        self.read = Field("links.read")
        self.acknowledge = Field("links.acknowledge")
        self.pixel = Field("links.pixel")
        self.cover = Field("links.cover")


#: The address of the picture that is counted when a letter is shown.
PIXEL = "links.pixel"


def mark(field: Field) -> str:
    """Returns what stands for a field in a rendition."""
    return f"{START}{field._name}{END}"


def upload_mark(name: str) -> str:
    """Returns what stands for a file until a platform has taken it and given it a name; `name` is ASCII and ours."""
    return f"{_UPLOAD_START}{name}{_UPLOAD_END}"


def split(text: str) -> list[str]:
    """Splits rendered text at its marks: text, field name, text, field name, …, text."""
    return _MARK.split(text)


def is_marked(text: str) -> bool:
    """Whether text from outside holds a character that is reserved for marks."""
    return _NONCHARACTER.search(text) is not None
