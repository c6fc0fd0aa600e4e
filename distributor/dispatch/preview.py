"""Writes the gallery of a bulletin: every group's letter, the reader's page, the article and the PDF's first page."""

import datetime as dt
from pathlib import Path

from distributor.dispatch.intake import Prepared
from distributor.errors import BadInput
from distributor.rendering.email import issue_title
from distributor.rendering.gallery import write_gallery
from distributor.rendering.sheets import write_sheets
from distributor.words import words

#: What a gallery is made of; another program's files in the same folder stay.
_OURS = ("[0-9][0-9]-[报送发].html", "[0-9][0-9]-[报送发].txt", "page*.html", "article.html", "bulletin.pdf", "*-1.png")


def write_preview(prepared: Prepared, out: Path, *, made_at: dt.datetime | None = None, live: bool = False) -> Path:
    """Writes the gallery into a folder, in the place of an earlier one, and returns its index. Raises `BadInput`."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for pattern in _OURS:
            for old in out.glob(pattern):
                old.unlink()
        sheets = write_sheets(out, prepared.bulletin, prepared.reading.assets, prepared.templates)
        return write_gallery(
            out,
            [letter.rendition for letter in prepared.letters],
            title=issue_title(prepared.bulletin),
            templates=prepared.templates,
            made_at=made_at,
            sheets=sheets,
            live=live,
        )
    except OSError as error:
        raise BadInput(
            words("Nothing can be written into {path}.", path=out), do=words("Name another folder with --out.")
        ) from error
