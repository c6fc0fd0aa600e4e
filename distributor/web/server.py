"""Runs uvicorn inside the event loop of the service, as one part among others.

The service owns the signals, the loop and the log; uvicorn gets none of them. The socket is bound here, so that a
port in use is an error with advice and not the end of the process.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from distributor.errors import Place, Unavailable
from distributor.web.patience import PatientProtocol
from distributor.words import words

#: How long answers that are under way may take once the service stops, in seconds.
_FAREWELL = 5

#: More connections than this get 503; each takes memory and a file descriptor.
_MOST_CONNECTIONS = 800


class WebServer:
    """A running server. `stop` finishes what is being answered and closes the port."""

    def __init__(self, server: "_Server", running: "asyncio.Task[None]", port: int) -> None:
        self._server = server
        self._running = running
        self.port = port

    async def stop(self) -> None:
        """Ends the server; safe to call again."""
        self._server.leave()
        await self._running


async def serve(app: ASGIApp, host: str, port: int) -> WebServer:
    """Serves `app` until `stop`; port 0 takes a free one. Raises `Unavailable` when the place cannot be listened on."""
    line = _listening(host, port)
    config = uvicorn.Config(
        app,
        loop="none",
        http=PatientProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_graceful_shutdown=_FAREWELL,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[line]), name="web")
    ready = asyncio.create_task(server.answering.wait())
    await asyncio.wait({running, ready}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        ready.cancel()
        await running
    return WebServer(server, running, line.getsockname()[1])


class _Server(uvicorn.Server):
    """uvicorn without its hold on signals; says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()
        self._leaving = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The service handles signals itself: its letters in flight come before the pages."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.answering.set()

    async def main_loop(self) -> None:
        """Keeps the clock of the answers; uvicorn's own loop also asks ten times a second whether it is to stop."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._leaving.wait(), 1)

    def leave(self) -> None:
        """Stops at once."""
        self.should_exit = True
        self._leaving.set()


def _listening(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        line = socket.create_server(address[:2], family=family, backlog=1024)
    except OSError as error:
        raise Unavailable(
            words(
                "The service's pages cannot be served on {place}: {reason}.",
                place=f"{host}:{port}",
                reason=error.strerror or error,
            ),
            do=words("Stop what uses that port, or choose another one in [web] bind."),
            place=Place("[web] bind"),
        ) from error
    # asyncio does so only for sockets that name their protocol; without it each answer waits 40 ms for an ACK.
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setblocking(False)
    return line
