"""The gallery of `preview --serve` as an application: its own folder and nothing else, for this machine alone.

The pages learn of a new gallery from a stream of server-sent events (WHATWG HTML 9.2) and load themselves again.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

HOST = "127.0.0.1"

#: A browser that went away is noticed when something is written to it, in seconds.
_BEAT = 15

_CHANGED = "event: changed\ndata: \n\n"

_RELOAD = 'new EventSource("changes").addEventListener("changed", () => location.reload());\n'


class Changes:
    """Tells every open page that a new gallery is ready."""

    def __init__(self) -> None:
        self._pages: set[asyncio.Queue[str | None]] = set()

    def announce(self) -> None:
        """A new gallery is ready."""
        for page in self._pages:
            page.put_nowait(_CHANGED)

    def close(self) -> None:
        """Ends every stream, so that the server need not wait for them."""
        for page in self._pages:
            page.put_nowait(None)

    async def events(self) -> AsyncIterator[str]:
        """What one page is told until the end: an event for each gallery, and a comment now and then."""
        page: asyncio.Queue[str | None] = asyncio.Queue()
        self._pages.add(page)
        try:
            told: str | None = ": listening\n\n"
            while told is not None:
                yield told
                told = await _next(page)
        finally:
            self._pages.discard(page)


async def _next(page: asyncio.Queue[str | None]) -> str | None:
    try:
        return await asyncio.wait_for(page.get(), _BEAT)
    except TimeoutError:
        return ": still here\n\n"


def gallery_app(folder: Path, changes: Changes) -> Starlette:
    """The gallery in `folder`, the script that reloads it, and the stream that tells it when."""

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(
            changes.events(), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def script(request: Request) -> Response:
        return Response(_RELOAD, media_type="text/javascript")

    return Starlette(
        routes=[
            Route("/changes", stream),
            Route("/reload.js", script),
            Mount("/", StaticFiles(directory=folder, html=True)),
        ],
        # Another site's page must not read drafts by a name that it lets point at this machine.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])],
    )
