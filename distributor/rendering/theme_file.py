"""Reads `theme.yaml`, the office's own look, or says everything that is wrong at once.

Every value ends up in style sheets and attributes, so nothing passes that could leave them: colours
are `#rrggbb`, typefaces are plain names. A red that cannot be read on paper is refused (WCAG 2.1).
"""

import io
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from PIL import Image
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from distributor.errors import Place, Problem
from distributor.header_text import unsafe
from distributor.misfit import Misfit, Unquoted, shortened
from distributor.rendering.colours import HEX, READABLE, contrast
from distributor.rendering.theme import DEFAULT_THEME, PAPER, Logo, Theme
from distributor.words import words
from distributor.yaml.document import Kind, bad_file, read_document, validated
from distributor.yaml.source import LARGEST

FILE_NAME = "theme.yaml"

_LARGEST_LOGO = 200 * 1024
_LONGEST_LINE = 40
_FAMILY = re.compile(r"[\w .-]{1,60}")
_LOGOS = {"PNG": "image/png", "JPEG": "image/jpeg"}


def _colour(value: str) -> str:
    if not HEX.fullmatch(value):
        what = words("{value} is not a colour.", value=shortened(value))
        raise Misfit("colour", what, words('Write it in quotes with six digits: "#c7000b".'))
    if contrast(value, PAPER) < READABLE:
        what = words("{value} is too pale to be read on white paper.", value=value)
        raise Misfit("colour_pale", what, words('Choose a darker one, such as "#c7000b".'))
    return value.lower()


def _family(value: str) -> str:
    if not _FAMILY.fullmatch(value):
        what = words("{value} is not the name of a typeface.", value=shortened(value))
        raise Misfit("font", what, words("Write the plain name, such as SimHei or PingFang SC."))
    return value


def _line(value: str) -> str:
    text = value.strip()
    if not text or len(text) > _LONGEST_LINE:
        what = words("{text} is too long.", text=shortened(text)) if text else words("The text is empty.")
        raise Misfit("text_long", what, words("At most {limit} characters are possible.", limit=_LONGEST_LINE))
    if found := unsafe(text):
        what = words("{text} contains {character}, which cannot be printed.", text=shortened(text), character=found)
        raise Misfit("unprintable", what, words("Delete it and try again."))
    return text


def _beside(value: str) -> str:
    """A name in the theme's own folder: a theme must not open files from elsewhere."""
    if value in ("", ".", "..") or "/" in value or "\\" in value:
        what = words("{value} is not the name of a file beside the theme.", value=shortened(value))
        raise Misfit("logo_path", what, words("Put the picture into the same folder and write its name alone."))
    return value


def _number(value: object) -> object:
    """A number is meant to stand without quotes."""
    return int(value.text) if isinstance(value, Unquoted) and re.fullmatch(r"\d{1,4}", value.text) else value


Families = Annotated[tuple[Annotated[str, AfterValidator(_family)], ...], Field(min_length=1)]
Line = Annotated[str, AfterValidator(_line)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FontsEntry(_Entry):
    """`fonts`: typefaces on screens, in the order in which they are tried."""

    body: Families = Field(DEFAULT_THEME.body_fonts, description="Of the text.")
    heading: Families = Field(DEFAULT_THEME.heading_fonts, description="Of sections and titles of items.")
    title: Families = Field(DEFAULT_THEME.title_fonts, description="Of the masthead.")


class LogoEntry(_Entry):
    """`logo`: a picture above the masthead."""

    file: Annotated[str, AfterValidator(_beside)] = Field(description="PNG or JPEG in the theme's own folder.")
    alt: Line = Field(description="What it shows, for those who do not see it.")
    width: Annotated[int, Field(ge=24, le=560), BeforeValidator(_number)] = Field(96, description="In pixels.")


class ThemeEntry(_Entry):
    """The whole of `theme.yaml`; every key may be left out."""

    colour: Annotated[str, AfterValidator(_colour)] = Field(DEFAULT_THEME.colour, description="The red, as #rrggbb.")
    masthead: tuple[Line, ...] = Field((), max_length=4, description="How the title is broken into lines.")
    above: Line | None = Field(None, description="A line over the title.")
    fonts: FontsEntry = Field(FontsEntry(), description="Typefaces on screens; see below.")
    logo: LogoEntry | None = Field(None, description="A picture above the masthead; see below.")


_KIND = Kind(
    ThemeEntry,
    empty=words("The file is empty: it says nothing about the look."),
    empty_do=words("Delete it, or copy theme.yaml from the built-in templates again."),
    other=words("The file is not a theme."),
    other_do=words("Begin it with a key such as colour:."),
)


def load_theme(folders: Sequence[Path]) -> Theme:
    """The theme of the first folder that has a `theme.yaml`; the built-in one when none has.

    Raises `BadFile` with every problem, each with its line and column.
    """
    file = next((folder / FILE_NAME for folder in folders if (folder / FILE_NAME).is_file()), None)
    if file is None:
        return DEFAULT_THEME
    try:
        with file.open("rb") as stream:
            source = stream.read(LARGEST + 1)
    except OSError as error:
        what = words("The theme cannot be read: {reason}.", reason=error.strerror or error)
        raise bad_file(str(file), [Problem(Place(str(file)), "unreadable", what)]) from error
    return parse_theme(source, file=file)


def parse_theme(source: bytes, *, file: Path) -> Theme:
    """Reads a theme; the logo lies beside `file`. Raises `BadFile`."""
    layout, problems = read_document(source, _KIND, file=str(file))
    entry, faults = validated(layout, _KIND)
    problems += faults
    if entry is None:
        raise bad_file(str(file), problems)
    logo = None
    if entry.logo:
        try:
            logo = _logo(entry.logo, file.parent)
        except Misfit as misfit:
            problems.append(Problem(layout.place(("logo", "file")), misfit.code, misfit.what, misfit.do))
    if problems:
        raise bad_file(str(file), problems)
    return _theme(entry, logo)


def _theme(entry: ThemeEntry, logo: Logo | None) -> Theme:
    return Theme(
        colour=entry.colour,
        masthead=entry.masthead,
        above=entry.above or "",
        body_fonts=entry.fonts.body,
        heading_fonts=entry.fonts.heading,
        title_fonts=entry.fonts.title,
        logo=logo,
    )


def _logo(entry: LogoEntry, folder: Path) -> Logo:
    """Reads the picture. Raises `Misfit` when it is missing, too large or no picture that mail can show."""
    path = folder / entry.file
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST_LOGO + 1)
    except OSError as error:
        what = words("The logo {file} cannot be read: {reason}.", file=entry.file, reason=error.strerror or error)
        raise Misfit("logo_missing", what, words("Put the picture beside theme.yaml.")) from error
    if len(content) > _LARGEST_LOGO:
        what = words("The logo is larger than {limit} KB.", limit=_LARGEST_LOGO // 1024)
        raise Misfit("logo_large", what, words("Save it smaller; twice the width that is shown is enough."))
    return Logo(content, _media_type(content), entry.width, entry.alt)


def _media_type(content: bytes) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with Image.open(io.BytesIO(content), formats=tuple(_LOGOS)) as image:
                image.verify()
                return _LOGOS[str(image.format)]
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError) as error:
        what = words("The logo is not a picture that mail programs show.")
        raise Misfit("logo_kind", what, words("Save it as PNG or JPEG.")) from error
