"""One open line to a server: commands out, replies in, nothing understood.

It takes over the transport that aiosmtplib has opened. Every wait has an end, every reply a
limit, and what breaks the line is kept as a sentence (RFC 5321 4.5.3; facts of a hostile server).
"""

import asyncio
import re
from collections import deque

from distributor.channels.smtp.replies import decoded, read_reply
from distributor.delivery.outcome import Reply
from distributor.words import Words, words

#: The longest reply that is read. EHLO lists of real servers have about 20 lines.
MOST_LINES = 100
MOST_BYTES = 64 * 1024

#: More replies than commands in flight means that the server has lost count.
MOST_REPLIES = 16

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])(.*))?", re.DOTALL)


class LineBroken(Exception):
    """No usable reply will come on this line any more; `what` is the sentence for the operator."""

    def __init__(self, what: Words) -> None:
        super().__init__(what)
        self.what = what


class Session(asyncio.Protocol):
    """A line with one reader: at most one coroutine waits on it at a time."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport = transport
        self._unread = bytearray()
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._size = 0
        self._paused = False
        self._broken: Words | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        transport.set_protocol(self)
        # Paused means "not all bytes are with the kernel yet", so that drain() can tell.
        transport.set_write_buffer_limits(high=1, low=0)

    @property
    def alive(self) -> bool:
        """Whether the line can still be written to."""
        return self._broken is None and not self._transport.is_closing()

    @property
    def broken(self) -> Words | None:
        """What broke the line, if something did."""
        return self._broken

    @property
    def has_reply(self) -> bool:
        """Whether the server has said something that nobody has read yet."""
        return bool(self._replies)

    def take_reply(self) -> Reply:
        """A reply that `has_reply` has announced."""
        return self._replies.popleft()

    def write(self, octets: bytes | memoryview) -> None:
        """Hands bytes to the transport; `drain` waits until they are with the kernel."""
        self._transport.write(octets)

    async def reply(self, limit: float) -> Reply:
        """The next reply, in order. Raises `LineBroken` when none comes within `limit` seconds or at all."""
        until = self._loop.time() + limit
        while not self._replies:
            if self._broken is not None:
                raise LineBroken(self._broken)
            await self._wait(until, words("The mail server gave no answer within {limit:g} seconds.", limit=limit))
        return self._replies.popleft()

    async def drain(self, limit: float) -> None:
        """Waits until everything is with the kernel, the server speaks, the line breaks, or `limit` seconds pass."""
        until = self._loop.time() + limit
        while self._paused and not self._replies and self._broken is None:
            await self._wait(until, words("The mail server took no bytes for {limit:g} seconds.", limit=limit))

    async def look(self) -> None:
        """Lets the event loop look at the socket once, so that what has arrived is known."""
        await asyncio.sleep(0)
        # The loop runs us before what its first look has found; the second round comes after it.
        await asyncio.sleep(0)

    def abort(self) -> None:
        """Drops the line at once."""
        self._break(words("The line was given up."))

    async def end(self) -> None:
        """Drops the line and waits until the socket is closed."""
        self.abort()
        await asyncio.wait({self._closed}, timeout=1)

    # What the transport calls.

    def data_received(self, data: bytes) -> None:
        self._unread += data
        while self._broken is None and (end := self._unread.find(b"\n")) >= 0:
            line = bytes(self._unread[:end])
            del self._unread[: end + 1]
            self._take(line.removesuffix(b"\r"))
        if self._size + len(self._unread) > MOST_BYTES:
            self._break(words("The mail server's reply has no end."))
        self._wake()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._break(words("The mail server closed the connection."))
        else:
            self._break(words("The connection to the mail server was lost ({reason}).", reason=exc))
        if not self._closed.done():
            self._closed.set_result(None)

    # Inside.

    def _take(self, line: bytes) -> None:
        match = _LINE.fullmatch(line)
        if match is None or (self._lines and self._lines[0][:3] != match[1]):
            self._break(words("The mail server's reply cannot be read: {line}", line=ascii(line[:80])))
            return
        self._lines.append(line)
        self._size += len(line)
        if len(self._lines) > MOST_LINES or self._size > MOST_BYTES:
            self._break(words("The mail server's reply has no end."))
            return
        if match[2] == b"-":
            return
        self._replies.append(read_reply(int(match[1]), (decoded(line[4:]) for line in self._lines)))
        self._lines.clear()
        self._size = 0
        if len(self._replies) > MOST_REPLIES:
            self._break(words("The mail server answers more than it was asked."))

    def _break(self, what: Words) -> None:
        if self._broken is None:
            self._broken = what
        self._transport.abort()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _wait(self, until: float, too_late: Words) -> None:
        self._waiter = self._loop.create_future()
        timer = self._loop.call_at(until, self._break, too_late)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
