"""The PDF on the reader's page: a bulletin is set once from the stored text, and each reader gets his own code on it.

Typst takes a tenth of a second and a processor, and a scanner asks a hundred times: so one paper is set at a time, the
last few are kept, and one that cannot be set is not tried again for a while. A code costs milliseconds.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from distributor.dispatch.paper import pdf_of
from distributor.dispatch.reopen import reopen
from distributor.errors import DistributorError, Unavailable
from distributor.log import log
from distributor.rendering.pdf.own_code import with_code
from distributor.rendering.rendition import Attachment
from distributor.rendering.templates import Templates
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Database
from distributor.web.kept import Kept

_log = log("web")

#: Papers kept in memory; one has 60 to 180 kilobytes, with many pictures some megabytes.
MOST = 8

#: Seconds after which a paper that could not be set is tried again: somebody may have brought the font.
REST = 60.0


@dataclass(frozen=True, slots=True)
class _Key:
    bulletin_id: int
    digest: str
    code: bool


class Papers:
    """The papers of one process."""

    def __init__(self, database: Database, templates: Templates) -> None:
        self._database = database
        self._templates = templates
        self._kept = Kept(self._make, most=MOST, at_once=1, rest=REST)

    async def get(self, bulletin_id: int, digest: str, *, link: str) -> Attachment:
        """The paper of a bulletin with this content and the code of `link`; with none where the office has no pages.

        Raises `BadInput` for what cannot be set, such as a character without a glyph, and `Unavailable`.
        """
        paper = await self._kept.get(_Key(bulletin_id, digest, bool(link)))
        if not paper.code:
            return paper
        own = await asyncio.to_thread(with_code, paper.content, link)
        return Attachment(paper.file_name, paper.media_type, own)

    def _make(self, key: _Key) -> Attachment:
        with self._database.read() as conn:
            record, reading = get_bulletin(conn, key.bulletin_id), reopen(conn, key.bulletin_id)
        file = Path(record.file_name).name
        try:
            paper = pdf_of(reading, self._templates, file=file, edition=record.edition, code=key.code)
        except Unavailable:
            raise
        except DistributorError as error:
            _log.warning("paper.failed", bulletin=key.bulletin_id, code=error.code, what=str(error))
            raise
        _log.info("paper.made", bulletin=key.bulletin_id, size=len(paper.content))
        return paper
