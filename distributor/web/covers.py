"""The cover of a bulletin beside the reader's pages, for platforms that show one with a link (a `news` of 企业微信).

Drawing takes a tenth of a second, and every copy's address is asked for by itself: so covers are kept.
"""

from distributor.dispatch.reopen import reopen
from distributor.rendering.cover import draw_cover
from distributor.rendering.templates import Templates
from distributor.store.database import Database
from distributor.web.kept import Kept

#: Covers kept in memory; one has some 30 kilobytes.
MOST = 32

#: Seconds after which one that could not be drawn is tried again.
REST = 60.0


class Covers:
    """The covers of one process."""

    def __init__(self, database: Database, templates: Templates) -> None:
        self._database = database
        self._templates = templates
        self._kept = Kept(self._make, most=MOST, at_once=1, rest=REST)

    async def get(self, bulletin_id: int, digest: str) -> bytes:
        """The cover (PNG) of a bulletin with this content.

        Raises `BadInput` for a character that no font has, and `Unavailable`.
        """
        return await self._kept.get((bulletin_id, digest))

    def _make(self, key: tuple[int, str]) -> bytes:
        with self._database.read() as conn:
            reading = reopen(conn, key[0])
        return draw_cover(reading.bulletin, self._templates.theme)
