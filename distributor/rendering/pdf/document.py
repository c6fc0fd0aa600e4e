"""Has Typst set the bulletin from `templates/pdf/`, as PDF/A for archives and as a picture for the preview.

The template works in a folder of its own: the bulletin as JSON, its pictures, no other file and no
network. It prints strings and never runs them. The same input gives the same bytes.
"""

import datetime as dt
import json
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from distributor.bulletin.model import Bulletin
from distributor.errors import BadInput, Place
from distributor.rendering.pdf.faults import explained
from distributor.rendering.pdf.fonts import FontCase, font_case
from distributor.rendering.pdf.own_code import square
from distributor.rendering.pdf.paper import paper_values
from distributor.rendering.pdf.press import Form, NotSet
from distributor.rendering.pictures import Placed, place_pictures
from distributor.rendering.templates import Templates
from distributor.rendering.theme import Theme
from distributor.rendering.unprintable import refuse_unprintable
from distributor.words import words

#: The type area is 156 mm wide; pictures are measured in pixels of 1/96 inch.
PICTURE_WIDTH = 589
#: PDF/A must have a date; the beginning of Unix time stands for a bulletin that has none.
_UNDATED = dt.date(1970, 1, 1)
_MAIN = "bulletin.typ"
_QR = "qr.png"
#: Typst would fetch a package from the internet.
_PACKAGE = re.compile(r'"@[\w-]+/')
_LOGOS = {"image/png": "logo.png", "image/jpeg": "logo.jpg"}


@dataclass(frozen=True, slots=True)
class Paper:
    """A bulletin about to be set.

    `correction` is the mark of a later edition (更正), printed at the head. `room` keeps a place for the QR code of
    a reader's own page (`own_code`).
    """

    bulletin: Bulletin
    pictures: Mapping[str, bytes]
    correction: str = ""
    room: bool = False


def render_pdf(paper: Paper, templates: Templates) -> bytes:
    """The bulletin as PDF/A-2a. Raises `MissingGlyph`, or `BadInput` for a picture, a character or a template."""
    return _set(paper, templates, "pdf")


def render_first_page(paper: Paper, templates: Templates) -> bytes:
    """The first page as PNG, for looking at. Raises as `render_pdf` does."""
    return _set(paper, templates, "png")


def _set(paper: Paper, templates: Templates, form: Form) -> bytes:
    refuse_unprintable(paper.bulletin)
    theme = templates.theme
    placed = place_pictures(paper.bulletin, paper.pictures, widest=PICTURE_WIDTH)
    sources = _sources(templates)
    case = font_case(folder / "pdf" / "fonts" for folder in templates.folders)
    values = {
        **paper_values(paper.bulletin, theme=theme, placed=placed, correction=paper.correction),
        "look": _look(theme, case),
        "date_made": _date(paper.bulletin),
        "qr": _QR if paper.room else None,
    }
    with tempfile.TemporaryDirectory(prefix="paper-") as name:
        folder = Path(name)
        _lay_out(folder, sources, values, _pictures(placed, theme, room=paper.room))
        return _compiled(folder, case, form, values, sources)


def _sources(templates: Templates) -> dict[str, Path]:
    """The template's files by their names inside `pdf/`, the office's own before the shipped ones; fonts stay put."""
    found: dict[str, Path] = {}
    for folder in reversed(templates.folders):
        base = folder / "pdf"
        files = (path for path in sorted(base.rglob("*")) if path.is_file())
        named = ((path.relative_to(base).as_posix(), path) for path in files)
        found |= {name: path for name, path in named if not name.startswith("fonts/")}
    return found


def _look(theme: Theme, case: FontCase) -> dict[str, object]:
    titles = case.title(theme.title_fonts)
    logo = theme.logo
    return {
        "colour": theme.colour,
        "title_fonts": titles,
        "head_fonts": case.heading(theme.heading_fonts),
        "text_fonts": case.body(),
        # The wheels have no bold serif; a thin outline makes the regular one heavy enough for a title.
        "outline_titles": titles == case.title(()),
        "logo": {"file": _LOGOS[logo.media_type], "width": logo.width, "alt": logo.alt} if logo else None,
    }


def _pictures(placed: Mapping[str, Placed], theme: Theme, *, room: bool) -> dict[str, bytes]:
    """Every picture of the paper by the name under which the template opens it."""
    pictures = {entry.picture.file_name: entry.picture.content for entry in placed.values()}
    if theme.logo:
        pictures[_LOGOS[theme.logo.media_type]] = theme.logo.content
    if room:
        pictures[_QR] = square()
    return pictures


def _date(bulletin: Bulletin) -> dict[str, int]:
    date = bulletin.date or _UNDATED
    return {"year": date.year, "month": date.month, "day": date.day}


def _lay_out(folder: Path, sources: Mapping[str, Path], values: object, pictures: Mapping[str, bytes]) -> None:
    for name, source in sources.items():
        _refuse_packages(source)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, folder / name)
    # A byte-order mark inside a text is invisible, and PDF/A does not allow it.
    written = json.dumps(values, ensure_ascii=False).replace("\ufeff", "")
    (folder / "bulletin.json").write_text(written, encoding="utf-8")
    for name, content in pictures.items():
        (folder / name).write_bytes(content)


def _refuse_packages(source: Path) -> None:
    if source.suffix != ".typ":
        return
    for number, line in enumerate(source.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if found := _PACKAGE.search(line):
            raise BadInput(
                words("The template fetches a package from the internet, which is not possible here."),
                do=words("Copy what you need from the package into templates/pdf/."),
                place=Place(str(source), number, found.start() + 1),
            )


def _compiled(
    folder: Path, case: FontCase, form: Form, values: Mapping[str, object], sources: Mapping[str, Path]
) -> bytes:
    try:
        return case.press.set_out(folder / _MAIN, form)
    except NotSet as error:
        raise explained(error.diagnostic, values, sources) from error
