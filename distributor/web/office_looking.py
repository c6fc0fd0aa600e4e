"""The office's pages that are looked at: each reads its rows in one transaction and changes nothing."""

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from distributor.rendering.gallery import sample_page
from distributor.rendering.rendition import from_document
from distributor.settings import Settings
from distributor.store.database import Connection, Database
from distributor.web.office_bulletin import bulletin_values
from distributor.web.office_copy import copies_values, copy_values, letter_of, letter_values, receipts_values
from distributor.web.office_frame import HEADERS, LETTER_HEADERS, Frame
from distributor.web.office_here import Here
from distributor.web.office_list import list_values
from distributor.web.office_live import Live
from distributor.words import Words

Look = Callable[[Connection], Mapping[str, object]]


class Said:
    """What came of a decision, until the page that follows it has said so."""

    _MOST = 200

    #: Seconds after which nobody wants to hear it any more.
    _FRESH = 60.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[Words, float]] = OrderedDict()

    def keep(self, session: str, what: Words) -> None:
        """Remembers it for a session."""
        self._kept[session] = (what, self._clock())
        while len(self._kept) > self._MOST:
            self._kept.popitem(last=False)

    def take(self, session: str) -> Words | str:
        """What is to be said now, once; empty when there is nothing."""
        what, at = self._kept.pop(session, ("", 0.0))
        return what if what and self._clock() - at < self._FRESH else ""


class Looking:
    """The views of one process."""

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        frame: Frame,
        live: Live,
        said: Said,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._frame = frame
        self._live = live
        self._said = said
        self._clock = clock

    async def bulletins(self, request: Request, here: Here) -> Response:
        """The bulletins, and what waits for a person."""
        before = _number(request, "before")
        return await self._shown(request, here, "list", lambda conn: list_values(conn, self._frame, before=before))

    async def receipts(self, request: Request, here: Here) -> Response:
        """The receipts that fit nobody."""
        return await self._shown(request, here, "receipts", lambda conn: receipts_values(conn, self._frame))

    async def bulletin(self, request: Request, here: Here) -> Response:
        """One bulletin."""
        number, settings, now = request.path_params["bulletin"], self._settings(), self._clock()
        return await self._shown(
            request, here, "bulletin", lambda conn: bulletin_values(conn, number, settings, self._frame, now=now)
        )

    async def copies(self, request: Request, here: Here) -> Response:
        """All its copies."""
        number, page = request.path_params["bulletin"], _number(request, "page") or 1
        return await self._shown(request, here, "copies", lambda conn: copies_values(conn, number, page))

    async def copy(self, request: Request, here: Here) -> Response:
        """One copy's story."""
        copy = request.path_params["copy"]
        return await self._shown(request, here, "copy", lambda conn: copy_values(conn, copy, self._frame))

    async def letter(self, request: Request, here: Here) -> Response:
        """One letter, with its page in a frame."""
        number, letter = request.path_params["bulletin"], request.path_params["letter"]
        return await self._shown(request, here, "letter", lambda conn: letter_values(conn, number, letter))

    async def letter_page(self, request: Request, here: Here) -> Response:
        """The letter itself, as a made-up reader gets it: no link in it leads to anybody's page."""
        number, letter = request.path_params["bulletin"], request.path_params["letter"]
        values = await self._read(lambda conn: {"document": letter_of(conn, number, letter).rendition})
        page = await asyncio.to_thread(lambda: sample_page(from_document(str(values["document"]))))
        return Response(page, media_type="text/html", headers=LETTER_HEADERS)

    async def events(self, request: Request, here: Here) -> Response:
        """The figures of a bulletin as they change."""
        if not self._live.has_room(here.session):
            return Response(status_code=503, headers=HEADERS)
        stream = self._live.events(request.path_params["bulletin"], here.session)
        return StreamingResponse(stream, media_type="text/event-stream", headers={**HEADERS, "x-accel-buffering": "no"})

    async def _shown(self, request: Request, here: Here, name: str, look: Look) -> Response:
        values = await self._read(look)
        return self._frame.page(request, name, here, {**values, "said": self._said.take(here.session)})

    async def _read(self, look: Look) -> Mapping[str, object]:
        def read() -> Mapping[str, object]:
            with self._database.read() as conn:
                return look(conn)

        return await asyncio.to_thread(read)


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text[:9]) and len(text) < 10 else None
