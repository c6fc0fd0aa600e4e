"""A mail server that only counts: one line in a file for every letter whose last dot has come, before it answers.

It runs as a process of its own, so nothing that happens to a sender happens to it: `python -m tests.lab.sink FILE`
prints the port it listens on. It offers what a relay offers (PIPELINING, 8BITMIME, DSN, SIZE) and refuses nothing.
"""

import asyncio
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: How long the answer to the last dot takes, in seconds: as long as a relay needs for its own fsync.
THINKING = 0.02

_ROOT = Path(__file__).resolve().parents[2]
_RECIPIENT = re.compile(rb"<([^>]*)>")
_END = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    """One connection."""

    def __init__(self, book: int) -> None:
        self._book = book
        self._buffer = b""
        self._recipient = b""
        self._in_body = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(b"220 sink.example.test ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Takes one command or one body from what has come; False when more must come first."""
        before, found, after = self._buffer.partition(_END if self._in_body else b"\r\n")
        if not found:
            return False
        self._buffer = after
        if self._in_body:
            self._in_body = False
            os.write(self._book, self._recipient + b"\n")
            asyncio.get_running_loop().call_later(THINKING, self._say, b"250 2.0.0 taken")
        else:
            self._command(before)
        return True

    def _command(self, line: bytes) -> None:
        match line[:4].upper():
            case b"EHLO":
                self._say(b"250-sink.example.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-DSN\r\n250 SIZE 52428800")
            case b"RCPT":
                found = _RECIPIENT.search(line)
                self._recipient = found[1] if found else b"?"
                self._say(b"250 2.1.5 ok")
            case b"DATA":
                self._in_body = True
                self._say(b"354 go on")
            case b"QUIT":
                self._say(b"221 2.0.0 bye")
                if self._transport:
                    self._transport.close()
            case _:
                self._say(b"250 2.0.0 ok")

    def _say(self, line: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(line + b"\r\n")


class Sink:
    """The test's side of a running sink."""

    def __init__(self, port: int, book: Path) -> None:
        self.port = port
        self._book = book

    @property
    def taken(self) -> Counter[str]:
        """How many letters came for each address, those to the editors left out."""
        lines = self._book.read_text(encoding="ascii").splitlines()
        return Counter(address for address in lines if not address.startswith("editor"))

    @property
    def count(self) -> int:
        """How many letters have come."""
        return self.taken.total()


@contextmanager
def running(folder: Path) -> Iterator[Sink]:
    """A sink in a process of its own."""
    book = folder / "sink.txt"
    book.touch()
    command = [sys.executable, "-m", "tests.lab.sink", str(book)]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Sink(int(process.stdout.readline()), book)
    finally:
        process.kill()
        process.communicate()


async def _serve(book: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Session(book), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)))
