"""A platform of group chats on a loopback socket: it takes what a webhook posts, and answers as a test says."""

import asyncio
import json
import ssl
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from tests.channels.moments import let_pass


@dataclass(frozen=True, slots=True)
class Say:
    """An answer. `taken`: whether the chat shows what was posted."""

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = ()
    taken: bool = True


@dataclass(frozen=True, slots=True)
class HangUp:
    """The chat shows the message, or does not; the connection ends without an answer."""

    taken: bool = True


@dataclass(frozen=True, slots=True)
class Stay:
    """No answer, until the test is over."""


@dataclass(frozen=True, slots=True)
class Drip:
    """An answer that begins and never ends."""


Act = Say | HangUp | Stay | Drip


def said(status: int = 200, *, taken: bool | None = None, **document: Any) -> Say:
    """A JSON answer; what is refused is not shown."""
    return Say(status, json.dumps(document).encode(), taken=status < 300 if taken is None else taken)


@dataclass(slots=True)
class Posted:
    """One whole request. `document` is its JSON body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass
class ChatPlatform:
    """Listens while its block lasts. `usual` is the answer where nothing is scripted for a path."""

    usual: Act = field(default_factory=Say)
    posted: list[Posted] = field(default_factory=list)
    shown: list[Posted] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    #: So many seconds pass for the event loop when an answer does not come, or does not end.
    haste: float = 0
    #: Somebody has opened a line.
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._script: dict[str, deque[Act]] = defaultdict(deque)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def script(self, path: str, acts: Sequence[Act]) -> None:
        """The next requests of a path (decoded) are treated so, in turn."""
        self._script[path].extend(acts)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.called.set()
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        method, target, _ = head.split(" ")
        path = unquote(target)
        request = Posted(method, path, headers, body)
        self.posted.append(request)
        script = self._script[path]
        act = script.popleft() if script else self.usual
        if isinstance(act, Say | HangUp) and act.taken:
            self.shown.append(request)
        match act:
            case Say(status, answer, more, _):
                fields = (("content-length", str(len(answer))), ("connection", "close"), *more)
                lines = [f"HTTP/1.1 {status} said", *(f"{name}: {value}" for name, value in fields)]
                writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
                await writer.drain()
            case Drip():
                writer.write(b"HTTP/1.1 200 said\r\ncontent-length: 1000000\r\n\r\n")
                let_pass(self.haste)
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.02)
            case Stay():
                let_pass(self.haste)
                await reader.read()
