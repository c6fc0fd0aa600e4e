"""The demo's mailbox: a real SMTP server on loopback that keeps every letter as an .eml file."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

_UNSAFE = re.compile(r"[^\w.@+-]", re.ASCII)


class Mailbox:
    """Takes every letter it is offered and writes it under the folder, one file per copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.received: list[Path] = []
        self.letters: dict[str, bytes] = {}  # the last one of each address

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keeps one letter and takes responsibility for it (RFC 5321 4.2.5)."""
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for recipient in envelope.rcpt_tos:
            self.received.append(self._keep(recipient, content))
            self.letters[recipient] = content
        return "250 2.0.0 kept"

    def _keep(self, recipient: str, content: bytes) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        name = _UNSAFE.sub("_", recipient)
        number = len(list(self.folder.glob(f"{name}*.eml"))) + 1
        path = self.folder / (f"{name}.eml" if number == 1 else f"{name}-{number}.eml")
        path.write_bytes(content)
        return path


@contextmanager
def serving(mailbox: Mailbox) -> Iterator[int]:
    """Runs the server in a thread of its own for the length of a block; gives its port on 127.0.0.1."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(mailbox, hostname="mailbox.example.org", loop=loop), "127.0.0.1", 0)
    )
    thread = threading.Thread(target=loop.run_forever, name="mailbox", daemon=True)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()
