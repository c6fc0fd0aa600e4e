"""A real SMTP server on a loopback socket that does what a test tells it, at any stage.

Stages: GREETING EHLO HELO STARTTLS AUTH RSET MAIL RCPT DATA BODY DOT QUIT. Each stage has a queue of
acts, one per occurrence; when the queue is empty the server behaves well. Only a letter whose dot
arrived and was answered with 2xx (or `TakeAndDrop`) counts as delivered.
"""

import asyncio
import base64
import socket
import ssl
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.channels.moments import breathe, let_pass


@dataclass(frozen=True)
class Say:
    """Answers with this line or these lines instead of the usual answer."""

    text: str


@dataclass(frozen=True)
class Drop:
    """Closes the connection without a word."""


@dataclass(frozen=True)
class TakeAndDrop:
    """At DOT: keeps the letter, and closes the connection without a word."""


@dataclass(frozen=True)
class TakeAndSay:
    """At DOT: keeps the letter, and says something else than 250."""

    text: str


@dataclass(frozen=True)
class Stall:
    """Says nothing until the client goes away."""


@dataclass(frozen=True)
class TakeAndStall:
    """At DOT: keeps the letter, and says nothing until the client goes away."""


@dataclass(frozen=True)
class Raw:
    """Writes these bytes, whatever they are, and goes on as if it had answered."""

    octets: bytes


@dataclass(frozen=True)
class Drip:
    """Writes a reply that never ends, byte by byte, as long as the client listens."""

    octets: bytes = b"250-and so on\r\n"


@dataclass(frozen=True)
class Wait:
    """Waits for the test, then behaves well."""

    until: asyncio.Event


@dataclass(frozen=True)
class SayAndDrop:
    """Answers, and closes the connection at once."""

    text: str


Act = Say | Drop | TakeAndDrop | TakeAndSay | TakeAndStall | Stall | Raw | Drip | Wait | SayAndDrop


@dataclass(frozen=True)
class Delivered:
    """A letter that the server has taken, as it came over the wire with the dots undone."""

    sender: str
    recipient: str
    body: bytes
    mail_parameters: str = ""
    rcpt_parameters: str = ""


@dataclass
class ScriptedServer:
    """`async with ScriptedServer() as server:` listens on `server.port`."""

    pipelining: bool = True
    extensions: Sequence[str] = ("SIZE 10000000", "8BITMIME", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    login: tuple[str, str] | None = None
    auth_methods: str = "PLAIN LOGIN"
    port: int = 0
    delivered: list[Delivered] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    chunks: list[str] = field(default_factory=list)  # the verbs of each read, to see what came in one write
    connections: int = 0
    dots: int = 0
    abandoned: int = 0  # bodies whose dot never came
    body_begun: asyncio.Event = field(default_factory=asyncio.Event)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    stalled: asyncio.Event = field(default_factory=asyncio.Event)
    #: So many seconds pass for the event loop when a client is kept waiting: a short limit might end too soon instead.
    haste: float = 0
    taken: asyncio.Event = field(default_factory=asyncio.Event)
    _plans: dict[tuple[str, str], deque[Act]] = field(default_factory=lambda: defaultdict(deque))
    _server: asyncio.Server | None = None
    _lines: dict["_Line", asyncio.Task[None]] = field(default_factory=dict)

    def plan(self, stage: str, *acts: Act, address: str = "") -> None:
        """Queues acts for a stage; with an address only for that recipient (RCPT, DATA, BODY, DOT)."""
        self._plans[stage, address].extend(acts)

    async def deserted(self) -> bool:
        """Waits until every client has hung up; False when one stays."""
        try:
            return await asyncio.wait_for(self.idle.wait(), 60)
        except TimeoutError:
            return False

    async def until(self, condition: Callable[[], bool], *, patience: float = 60) -> None:
        """Waits until a condition holds about what was delivered."""
        async with asyncio.timeout(patience):
            while not condition():
                self.taken.clear()
                await self.taken.wait()

    def act(self, stage: str, address: str = "") -> Act | None:
        """Takes the next act of a stage."""
        for key in ((stage, address), (stage, "")):
            if self._plans[key]:
                return self._plans[key].popleft()
        return None

    async def __aenter__(self) -> Self:
        context = self.tls if self.implicit_tls else None
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._lines.values()):
            task.cancel()
        if self._lines:
            await self.idle.wait()

    def hang_up(self, last_words: str = "") -> None:
        """Says something on every line, or shuts every line when there is nothing to say; at once."""
        for line in self._lines:
            line.say(last_words) if last_words else line.shut()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        line = _Line(self, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._lines[line] = task
        self.idle.clear()
        try:
            await line.talk()
        except (ConnectionError, EOFError, ssl.SSLError, asyncio.CancelledError):
            pass  # the client went away, or the test is over
        finally:
            line.drop()
            del self._lines[line]
            if not self._lines:
                self.idle.set()


class _Gone(EOFError):
    """The conversation is over."""


class _Line:
    """One connection."""

    def __init__(self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._unread = b""
        self._secure = server.implicit_tls
        self._sender: tuple[str, str] | None = None
        self._recipients: list[tuple[str, str]] = []

    def drop(self) -> None:
        self._writer.transport.abort()

    def shut(self) -> None:
        self._writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

    async def talk(self) -> None:
        await self._answer("GREETING", "220 test.invalid ESMTP")
        while True:
            command = (await self._until(b"\r\n")).decode("ascii")
            self._server.commands.append(command)
            verb = command.split(" ")[0].upper()
            await getattr(self, f"_{verb.lower()}", self._unknown)(command)

    async def _until(self, mark: bytes) -> bytes:
        while (end := self._unread.find(mark)) < 0:
            await self._read()
        found, self._unread = self._unread[:end], self._unread[end + len(mark) :]
        return found

    async def _read(self) -> None:
        octets = await self._reader.read(65536)
        if not octets:
            raise _Gone
        self._server.chunks.append(
            " ".join(part.split(b" ")[0].decode() for part in octets.split(b"\r\n") if part)[:80]
        )
        self._unread += octets

    def say(self, text: str) -> None:
        *firsts, last = text.split("\n")
        lines = [f"{line[:3]}-{line[4:]}" for line in firsts] + [last]
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def _answer(self, stage: str, usual: str, address: str = "") -> str:
        """Plays the planned act or says the usual. Returns the first digit of what was said or pretended."""
        act = self._server.act(stage, address)
        match act:
            case Say(text):
                self.say(text)
                if text.startswith("421"):
                    self._close()
                return text[0]
            case SayAndDrop(text):
                self.say(text)
                self._close()
            case Raw(octets):
                self._writer.write(octets)
                return usual[0]
            case Drip(octets):
                await self._drip(octets)
            case Wait(until):
                await self._keep_waiting()
                await until.wait()
            case Stall():
                await self._stall()
            case Drop():
                self._close()
            case _:
                pass
        self.say(usual)
        return usual[0]

    async def _keep_waiting(self) -> None:
        self._server.stalled.set()
        if self._server.haste:
            await breathe()  # until the client has nothing left to do but wait
            let_pass(self._server.haste)

    async def _stall(self) -> None:
        await self._keep_waiting()
        while True:
            await self._read()

    async def _drip(self, octets: bytes) -> None:
        self._writer.write(octets)
        await self._keep_waiting()
        while True:
            for octet in octets:
                self._writer.write(bytes([octet]))
                await self._writer.drain()
                await asyncio.sleep(0.001)

    def _close(self) -> None:
        self._writer.close()
        raise _Gone

    async def _unknown(self, command: str) -> None:
        self.say("500 5.5.2 what?")

    async def _ehlo(self, command: str) -> None:
        offers = list(self._server.extensions)
        if self._server.pipelining:
            offers.append("PIPELINING")
        if self._server.tls and not self._secure:
            offers.append("STARTTLS")
        if self._server.login:
            offers.append(f"AUTH {self._server.auth_methods}")
        await self._answer("EHLO", "\n".join(["250 test.invalid", *(f"250 {offer}" for offer in offers)]))

    async def _helo(self, command: str) -> None:
        await self._answer("HELO", "250 test.invalid")

    async def _starttls(self, command: str) -> None:
        if await self._answer("STARTTLS", "220 2.0.0 go ahead") == "2":
            assert self._server.tls is not None
            await self._writer.start_tls(self._server.tls)
            self._secure = True

    async def _auth(self, command: str) -> None:
        _, method, *rest = command.split(" ")
        if method.upper() == "PLAIN":
            _, name, password = base64.b64decode(rest[0]).decode().split("\0")
        else:
            name = base64.b64decode(rest[0]).decode()
            self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self._until(b"\r\n")).decode()
        good = (name, password) == self._server.login
        await self._answer("AUTH", "235 2.7.0 welcome" if good else "535 5.7.8 authentication failed")

    async def _mail(self, command: str) -> None:
        if self._sender is not None:
            self.say("503 5.5.1 nested MAIL")
        elif await self._answer("MAIL", "250 2.1.0 ok") == "2":
            self._sender = _path(command)
            self._recipients = []

    async def _rcpt(self, command: str) -> None:
        recipient = _path(command)
        if self._sender is None:
            self.say("503 5.5.1 MAIL first")
        elif await self._answer("RCPT", "250 2.1.5 ok", recipient[0]) == "2":
            self._recipients.append(recipient)

    async def _rset(self, command: str) -> None:
        self._sender, self._recipients = None, []
        await self._answer("RSET", "250 2.0.0 ok")

    async def _quit(self, command: str) -> None:
        await self._answer("QUIT", "221 2.0.0 bye")
        self._close()

    async def _data(self, command: str) -> None:
        address = self._recipients[0][0] if self._recipients else ""
        usual = "354 go on" if self._recipients else "554 5.5.1 no valid recipients"
        if await self._answer("DATA", usual, address) == "3":
            await self._body(address)

    async def _body(self, address: str) -> None:
        self._server.abandoned += 1
        while not self._unread:
            await self._read()
        self._server.body_begun.set()
        match self._server.act("BODY", address):
            case Wait(until):
                await self._keep_waiting()
                await until.wait()
            case Stall():
                await self._stall()
            case Drop():
                self._close()
            case Say(text):
                self.say(text)
            case SayAndDrop(text):
                self.say(text)
                self._close()
            case _:
                pass
        self._unread = b"\r\n" + self._unread
        body = (await self._until(b"\r\n.\r\n"))[2:] + b"\r\n"
        self._server.abandoned -= 1
        self._server.dots += 1
        await self._dot(address, body.replace(b"\r\n..", b"\r\n.").removeprefix(b"."))

    async def _dot(self, address: str, body: bytes) -> None:
        act = self._server.act("DOT", address)
        match act:
            case TakeAndDrop():
                self._take(body)
                self._close()
            case TakeAndStall():
                self._take(body)
                await self._stall()
            case TakeAndSay(text):
                self._take(body)
                self.say(text)
            case None:
                self._take(body)
                self.say("250 2.0.0 taken")
            case _:
                self._server.plan("DOT", act, address="\0")
                if await self._answer("DOT", "250 2.0.0 taken", "\0") == "2":
                    self._take(body)
        self._sender, self._recipients = None, []

    def _take(self, body: bytes) -> None:
        assert self._sender is not None
        sender, mail_parameters = self._sender
        for recipient, rcpt_parameters in self._recipients:
            self._server.delivered.append(Delivered(sender, recipient, body, mail_parameters, rcpt_parameters))
        self._server.taken.set()


def _path(command: str) -> tuple[str, str]:
    _, _, rest = command.partition(":<")
    address, _, parameters = rest.partition(">")
    return address, parameters.strip()
