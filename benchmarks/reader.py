"""`python -m benchmarks.reader`: how many readers a second one process serves, and how long a 签收 takes.

A server process of its own holds one bulletin with many copies in SQLite; this process asks for the pages over
keep-alive connections, each time with another reader's link, and then presses the button for some of them. Every
answer is checked: a page must hold the bulletin and its reader, a 签收 must be in the database afterwards.
Exit codes: 0 measured, 1 an answer was wrong.
"""

import argparse
import asyncio
import datetime as dt
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from distributor.delivery.evidence import Kind
from distributor.delivery.state import Fact
from distributor.dispatch.finalise import finalise
from distributor.dispatch.intake import prepare, templates_of
from distributor.receipts.tokens import Purpose, load_key
from distributor.settings import Office, Settings, Web
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import receipts_of_bulletin
from distributor.web.pages import open_pages
from distributor.web.reader import Reader

BULLETIN = Path(__file__).parent.parent / "examples" / "river-12.md"

_GROUP = """groups:
  各单位:
    direction: 发
    acknowledge: required
    due: 2 working days
    members:
"""


class Wrong(Exception):
    """An answer was not what it must be."""


@dataclass(frozen=True, slots=True)
class Result:
    """Requests a second, and how long one took in milliseconds."""

    rate: float
    median: float
    slowest_percent: float

    def __str__(self) -> str:
        return f"{self.rate:8,.0f}/s   median {self.median:6.1f} ms   99 % within {self.slowest_percent:6.1f} ms"


class Server:
    """The server process."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.reader", "--serve", str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._said())

    def cpu(self) -> float:
        """The seconds of processor time it has spent so far."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._said())

    def stop(self) -> None:
        """Ends it, so that it writes what it noted."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def _said(self) -> str:
        assert self._process.stdout
        return self._process.stdout.readline()


def office(folder: Path) -> Settings:
    """The settings of the office that is measured."""
    return Settings(
        office=Office(name="河长办", sender="hzb@example.gov.cn", base_url="https://bulletin.example.gov.cn"),
        web=Web(bind="127.0.0.1:0"),
        home=folder,
    )


def set_up(folder: Path, copies: int) -> list[str]:
    """Makes the database with one accepted copy per reader; returns the tokens of their links."""
    members = "".join(
        f"      - unit: 第{number}村\n        people: [{{name: 村民{number}, email: p{number}@example.gov.cn}}]\n"
        for number in range(copies)
    )
    (folder / "recipients.yaml").write_text(_GROUP + members, encoding="utf-8")
    (folder / "bulletin.md").write_bytes(BULLETIN.read_bytes())
    settings, now = office(folder), dt.datetime.now(dt.UTC)
    key = load_key(folder / "token.key")
    database = Database.open(f"sqlite:///{folder / 'distributor.db'}")
    record = finalise(database, prepare(folder / "bulletin.md", settings), settings, key, now=now, actor="bench").record
    with database.write() as conn:
        ids = [copy.id for copy in deliveries_of(conn, record.id)]
        for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT):
            apply_moves(conn, [Move(delivery_id, fact, None, released_at=now) for delivery_id in ids], now=now)
    database.close()
    return [key.token(Purpose.LINK, delivery_id) for delivery_id in ids]


async def serve_until_closed(folder: Path) -> None:
    """The server process: says its port, and ends when its standard input does."""
    settings = office(folder)
    database = Database.open(f"sqlite:///{folder / 'distributor.db'}")
    reader = Reader(
        database,
        lambda: settings,
        load_key(folder / "token.key"),
        templates_of(settings),
        clock=lambda: dt.datetime.now(dt.UTC),
    )
    pages = await open_pages([], reader, "127.0.0.1", 0)
    print(pages.port, flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(time.process_time(), flush=True)  # whoever asks learns what the server has spent
    await pages.stop()
    database.close()


async def ask(port: int, requests: Sequence[bytes], connections: int, expected: bytes) -> tuple[Result, list[bytes]]:
    """Sends the requests over so many connections; returns what it took and the answers, in order."""
    answers: list[bytes] = [b""] * len(requests)
    times: list[float] = [0.0] * len(requests)
    waiting = iter(range(len(requests)))

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in waiting:
            begun = time.perf_counter()
            writer.write(requests[number])
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1])) if length else b""
            times[number] = time.perf_counter() - begun
            answers[number] = body
            if not head.startswith(expected):
                raise Wrong(head.decode())
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(line() for _ in range(connections)))
    took = time.perf_counter() - begun
    ordered = sorted(1000 * each for each in times)
    result = Result(len(requests) / took, statistics.median(ordered), ordered[int(len(ordered) * 0.99)])
    return result, answers


def get(token: str) -> bytes:
    """The request of a reader who opens the page."""
    return f"GET /b/{token} HTTP/1.1\r\nHost: bulletin.example.gov.cn\r\n\r\n".encode()


def post(token: str, page: bytes) -> bytes:
    """The request of a reader who presses the button of this page."""
    nonce = re.search(rb'name="nonce" value="([^"]+)"', page)
    if nonce is None:
        raise Wrong("a page without a nonce")
    form = b"action=sign&nonce=" + nonce[1]
    head = f"POST /b/{token} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    return head.encode() + f"Content-Length: {len(form)}\r\n\r\n".encode() + form


async def measure(server: Server, tokens: Sequence[str], options: argparse.Namespace) -> int:
    """Runs both loads and prints what they took; returns how many were signed."""
    chosen = [tokens[number % len(tokens)] for number in range(options.requests)]
    await ask(server.port, [get(token) for token in tokens[:200]], options.connections, b"HTTP/1.1 200")  # warm
    spent = server.cpu()
    opened, pages = await ask(server.port, [get(token) for token in chosen], options.connections, b"HTTP/1.1 200")
    spent = 1000 * (server.cpu() - spent) / len(chosen)
    if not all("村民".encode() in page and "河湖管护".encode() in page for page in pages):
        raise Wrong("a page without its reader or its bulletin")
    print(f"pages opened   {opened}   {spent:.2f} ms of processor each   ({len(pages[0]):,} bytes)")
    signers = dict(zip(chosen, pages, strict=True))
    presses = [post(token, page) for token, page in list(signers.items())[: options.signs]]
    await asyncio.sleep(1.1)  # no nonce counts before it is a second old
    signed, _ = await ask(server.port, presses, options.connections, b"HTTP/1.1 303")
    print(f"签收 pressed    {signed}   each on the disk before its answer")
    return len(presses)


def _check(folder: Path, presses: int) -> None:
    database = Database.open(f"sqlite:///{folder / 'distributor.db'}")
    with database.read() as conn:
        found = [one.kind for receipts in receipts_of_bulletin(conn, 1).values() for one in receipts]
    database.close()
    if found.count(Kind.SIGNED) != presses:
        raise Wrong(f"{presses} pressed, {found.count(Kind.SIGNED)} on record")
    print(f"On record: {presses:,} 签收, {found.count(Kind.OPENED):,} copies noted as opened.")


def main() -> int:
    """Measures and prints; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reader")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--signs", type=int, default=1_000)
    parser.add_argument("--copies", type=int, default=2_000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve_until_closed(options.serve))
        return 0
    with tempfile.TemporaryDirectory(prefix="distributor-bench-") as name:
        try:
            print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.connections} connections")
            tokens = set_up(Path(name), options.copies)
            server = Server(Path(name))
            try:
                presses = asyncio.run(measure(server, tokens, options))
            finally:
                server.stop()
            _check(Path(name), presses)
        except Wrong as wrong:
            print(f"The benchmark failed: {wrong}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
