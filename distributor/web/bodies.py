"""The bulletins as pages show them: each body is made once from the stored text and kept for everybody who asks.

Addresses of pictures carry a mark where the reader's own token belongs, so that one body serves every copy.
"""

import hashlib
import secrets
from dataclasses import dataclass

from markupsafe import Markup

from distributor.dispatch.reopen import reopen
from distributor.log import log
from distributor.rendering.page import page_css, render_page_body
from distributor.rendering.pictures import place_pictures
from distributor.rendering.templates import Templates
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Database
from distributor.web.kept import Kept

_log = log("web")

#: Stands for the address of a reader's own page in a body. New in each process, so no bulletin can contain it.
_MARK = f"-{secrets.token_hex(16)}-"

#: Bulletins kept in memory; a body is some tens of kilobytes, its pictures 200 kilobytes each at most.
MOST = 32

#: Bodies that are made at the same time.
AT_ONCE = 4

#: The widest a picture is shown, in CSS pixels.
_WIDEST = 600


@dataclass(frozen=True, slots=True)
class PagePicture:
    """One picture of a page, as it is served."""

    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """One bulletin's body, and its pictures by number."""

    marked: Markup
    pictures: tuple[PagePicture, ...]

    def html(self, address: str) -> Markup:
        """The body for one copy whose page lies at `address`, such as `/b/TOKEN`."""
        return Markup(self.marked.replace(_MARK, Markup.escape(address)))  # noqa: S704 - made by `page`


@dataclass(frozen=True, slots=True)
class Sheet:
    """The style sheet of all pages; `name` changes with its content, so that it may be kept for ever."""

    name: str
    content: str


def style_sheet(templates: Templates) -> Sheet:
    """The sheet of the bulletin's body with that of the page around it."""
    content = page_css(templates) + templates.render("web/reader.css", {}) + "\n"
    return Sheet(f"reader-{hashlib.sha256(content.encode()).hexdigest()[:16]}.css", content)


class Bodies:
    """The bodies in memory."""

    def __init__(self, database: Database, templates: Templates) -> None:
        self._database = database
        self._templates = templates
        self._kept = Kept(self._make, most=MOST, at_once=AT_ONCE)

    async def get(self, bulletin_id: int, digest: str) -> Body:
        """The body of a bulletin with this content. Raises `BadInput` and `Unavailable`."""
        return await self._kept.get((bulletin_id, digest))

    def _make(self, key: tuple[int, str]) -> Body:
        bulletin_id, _ = key
        with self._database.read() as conn:
            reading, edition = reopen(conn, bulletin_id), get_bulletin(conn, bulletin_id).edition
        placed = place_pictures(reading.bulletin, reading.assets, widest=_WIDEST)
        numbers = {source: number for number, source in enumerate(placed)}
        logo = self._templates.theme.logo
        marked = render_page_body(
            reading.bulletin,
            templates=self._templates,
            picture_url=lambda source: f"{_MARK}/p/{numbers[source]}",
            logo_url=f"{_MARK}/p/{len(placed)}" if logo else "",
            edition=edition,
        )
        pictures = [PagePicture(one.picture.media_type, one.picture.content) for one in placed.values()]
        if logo:
            pictures.append(PagePicture(logo.media_type, logo.content))
        _log.info("page.made", bulletin=bulletin_id, size=len(marked), pictures=len(pictures))
        return Body(marked, tuple(pictures))
