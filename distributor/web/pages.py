"""All pages of one process behind one port, opened and closed together."""

from collections.abc import Iterable

from starlette.routing import BaseRoute

from distributor.web.app import build_app
from distributor.web.callbacks import WeComCallbacks
from distributor.web.office import OfficePages
from distributor.web.reader import Reader
from distributor.web.server import WebServer, serve


class Pages:
    """Running pages. `stop` finishes what is being answered, then writes what was noted."""

    def __init__(
        self,
        server: WebServer,
        reader: Reader | None,
        office: OfficePages | None,
        callbacks: WeComCallbacks | None = None,
    ) -> None:
        self._server = server
        self._reader = reader
        self._office = office
        self._callbacks = callbacks
        self.port = server.port

    async def stop(self) -> None:
        """Closes the port and ends the pages' own work."""
        if self._office:
            self._office.close()
        await self._server.stop()
        if self._office:
            await self._office.stop()
        if self._reader:
            await self._reader.stop()
        if self._callbacks:
            await self._callbacks.stop()


async def open_pages(
    routes: Iterable[BaseRoute],
    reader: Reader | None,
    host: str,
    port: int,
    *,
    office: OfficePages | None = None,
    callbacks: WeComCallbacks | None = None,
) -> Pages:
    """Serves `routes`, the reader's and the office's pages, and WeCom's callback addresses, when there are any.

    Raises `Unavailable` when the port cannot be had.
    """
    own = [route for part in (reader, office, callbacks) if part for route in part.routes()]
    server = await serve(build_app([*routes, *own]), host, port)
    if reader:
        reader.openings.start()
    return Pages(server, reader, office, callbacks)
