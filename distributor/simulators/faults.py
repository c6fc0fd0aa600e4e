"""What goes wrong, and when: scripted per path and per attempt, so that a test can say which try meets which fault."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Refuse:
    """The platform answers with this `errcode` and does nothing."""

    errcode: int


@dataclass(frozen=True, slots=True)
class Broken:
    """A gateway answers instead: this HTTP status and a page that is no JSON."""

    status: int = 502


@dataclass(frozen=True, slots=True)
class LostBefore:
    """The connection ends and the platform has done nothing."""


@dataclass(frozen=True, slots=True)
class LostAfter:
    """The platform does what was asked; the connection ends before its answer."""


@dataclass(frozen=True, slots=True)
class Garbled:
    """The platform does what was asked; its answer is no JSON."""


@dataclass(frozen=True, slots=True)
class Late:
    """The platform does what was asked and answers only when the event is set; `done` tells that it did it."""

    until: asyncio.Event
    done: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class Held:
    """The platform has the request (`come`) and does nothing with it; the connection ends when the event is set."""

    until: asyncio.Event
    come: asyncio.Event = field(default_factory=asyncio.Event)


Fault = Refuse | Broken | LostBefore | LostAfter | Garbled | Late | Held


class Faults:
    """The script: faults in a queue per path, or per path and reader; without one everything works."""

    def __init__(self) -> None:
        self._queues: dict[tuple[str, str], deque[Fault | None]] = defaultdict(deque)

    def script(self, path: str, *faults: Fault | None, to: str = "") -> None:
        """The next requests of `path`, or of those for one reader, meet these faults in turn; None: it goes well."""
        self._queues[path, to].extend(faults)

    def next(self, path: str, to: str) -> Fault | None:
        """The fault of the request that has just come in."""
        for key in ((path, to), (path, "")):
            if self._queues[key]:
                return self._queues[key].popleft()
        return None


class CutOff(Response):
    """An answer that announces more than it sends: the server closes the connection in the middle of it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": False})


async def meet(
    fault: Fault | None,
    request: Request,
    work: Callable[[Request], Awaitable[Response]],
    refuse: Callable[[int], Response],
) -> Response:
    """Answers one request under its fault."""
    match fault:
        case Refuse(errcode):
            return refuse(errcode)
        case Broken(status):
            return PlainTextResponse("<html>bad gateway</html>", status)
        case LostBefore():
            return CutOff()
        case LostAfter():
            await work(request)
            return CutOff()
        case Garbled():
            await work(request)
            return PlainTextResponse("<html>ok</html>")
        case Late(until, done):
            answer = await work(request)
            done.set()
            await until.wait()
            return answer
        case Held(until, come):
            come.set()
            await until.wait()
            return CutOff()
        case None:
            return await work(request)
