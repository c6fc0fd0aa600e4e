"""The installed service in a process of its own, followed by its log line by line."""

import asyncio
import contextlib
import http.client
import json
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.acceptance.office import BULLETIN, Office

#: How long a line of the log is waited for, in seconds.
PATIENCE = 90


class Service:
    """A running `distributor serve`. `log` holds every record that was read so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []

    async def until(self, action: str, *, within: float = PATIENCE, **wanted: object) -> dict[str, Any]:
        """Reads on to a record with these values and returns it. Fails when the log ends or nothing comes."""
        try:
            async with asyncio.timeout(within):
                while True:
                    record = await self.next()
                    if record["action"] == action and all(record.get(key) == value for key, value in wanted.items()):
                        return record
        except TimeoutError:
            raise AssertionError(f"no {action} {wanted} in: {self.log}") from None

    async def look_on(self, office: Office) -> None:
        """Lets the service look at everything at least once more: until it has seen a file dropped now."""
        name = f"look-{len(self.log)}.md"
        drop(office, name, text="no bulletin\n")
        await self.until("inbox.refused", file=name)

    async def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and reads its log to the end. Returns the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(with_signal)
        return await self.ended()

    async def ended(self) -> int:
        """Waits for the end and reads the log to it. Returns the exit code."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(EOFError):
                while True:
                    await self.next()
            return await self.process.wait()

    async def get(self, path: str) -> tuple[int, str]:
        """The status and text of one of its pages. The log must have told the port."""
        port = next(record["page"] for record in self.log if record["action"] == "service.started")
        return await asyncio.to_thread(_get, port, path)

    @property
    def actions(self) -> list[str]:
        """What the log tells, in order."""
        return [record["action"] for record in self.log]

    async def next(self) -> dict[str, Any]:
        """The next record. Raises `EOFError` at the end of the log."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            raise EOFError(f"the log has ended after: {self.log}")
        self.log.append(json.loads(line) if line.startswith(b"{") else {"action": "said", "what": line.decode()})
        return self.log[-1]


def _get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@asynccontextmanager
async def serving(
    office: Office, *arguments: str, program: Sequence[str] = ("-m", "distributor")
) -> AsyncIterator[Service]:
    """The service, running; it is killed at the end of the block when it has not ended by then."""
    office.environment = {"DISTRIBUTOR_LOG": "json", "DISTRIBUTOR_WEB__BIND": "127.0.0.1:0", **office.environment}
    service = Service(await office.start("serve", *arguments, program=program))
    try:
        yield service
    finally:
        await service.stop(signal.SIGKILL)


def drop(office: Office, name: str = "简报.md", *, number: int = 7, text: str | None = None) -> None:
    """Puts a bulletin into the drop folder, whole at once."""
    office.write(f"inbox/{name}", text or BULLETIN.format(number=number))


async def ask(office: Office, *arguments: str, code: int = 0) -> str:
    """Gives a command beside the service, which goes on meanwhile. Returns what was said."""
    ran = await asyncio.to_thread(office.ask, *arguments)
    assert ran.code == code, (ran.code, ran.out, ran.err)
    return ran.out + ran.err


def change_settings(office: Office, old: str, new: str) -> None:
    """Edits distributor.toml as an editor does: the whole file anew."""
    file = office.folder / "distributor.toml"
    before = file.read_text(encoding="utf-8")
    assert old in before
    office.write("distributor.toml", before.replace(old, new))
