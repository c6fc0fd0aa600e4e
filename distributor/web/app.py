"""Puts pages together into one application; every page comes as a list of routes from the module that knows it.

An error never shows more than a person may act on: what the database says becomes 503, a bug becomes 500 without
a word of its inside, and the log has the traceback.
"""

from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from distributor.errors import DistributorError, Unavailable
from distributor.log import log
from distributor.words import say

_log = log("web")

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def build_app(routes: Iterable[BaseRoute]) -> Starlette:
    """An application of these routes, with careful headers and errors in JSON."""
    return Starlette(
        routes=list(routes),
        middleware=[Middleware(_CarefulHeaders)],
        exception_handlers={HTTPException: _http_error, DistributorError: _known_error, Exception: _bug},
    )


class _CarefulHeaders:
    """Adds headers that keep an answer from being stored, framed or taken for something else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def careful(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name for name, _ in message["headers"]}
                message["headers"] += [(name, value) for name, value in _HEADERS if name not in present]
            await send(message)

        await self._app(scope, receive, careful)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": {"code": str(error.status_code)}}, error.status_code, headers=error.headers)


async def _known_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DistributorError)
    status = 503 if isinstance(error, Unavailable) else 500
    _log.warning("web.unavailable", code=error.code, what=str(error.what))
    document = {"code": error.code, "what": str(error.what), "do": str(error.do) if error.do else None}
    return JSONResponse({"error": document}, status)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    # What follows in the path may be the token of somebody's link.
    _log.error("web.crashed", page=request.url.path.partition("/")[2].partition("/")[0], exc_info=error)
    document = {"code": "crashed", "what": say("A fault of the program; its log has the details."), "do": None}
    return JSONResponse({"error": document}, 500)
