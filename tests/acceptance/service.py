"""The installed service in a process of its own, followed by its log line by line."""

import asyncio
import contextlib
import json
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from tests.acceptance.office import BULLETIN, Office

#: How long a line of the log is waited for, in seconds.
PATIENCE = 40


class Service:
    """A running `distributor serve`. `log` holds every record so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self._read = 0

    async def until(self, action: str, **wanted: object) -> dict[str, Any]:
        """Waits for a record after the last one waited for. Fails when the log ends or nothing comes."""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    record = await self._next()
                    if record["action"] == action and all(record.get(key) == value for key, value in wanted.items()):
                        return record
        except TimeoutError:
            raise AssertionError(f"no {action} {wanted} in: {self.actions}") from None

    async def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Ends it and reads its log to the end. Returns the exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(with_signal)
        return await self.ended()

    async def ended(self) -> int:
        """Waits for the end and reads the log to it."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(EOFError):
                while True:
                    self._read = len(self.log)
                    await self._next()
            return await self.process.wait()

    @property
    def actions(self) -> list[str]:
        """What the log tells, in order."""
        return [record["action"] for record in self.log]

    async def _next(self) -> dict[str, Any]:
        if self._read == len(self.log):
            assert self.process.stdout is not None
            line = await self.process.stdout.readline()
            if not line:
                raise EOFError(f"the log has ended after: {self.log}")
            self.log.append(json.loads(line) if line.startswith(b"{") else {"action": "said", "what": line.decode()})
        self._read += 1
        return self.log[self._read - 1]


@asynccontextmanager
async def serving(
    office: Office, *arguments: str, program: Sequence[str] = ("-m", "distributor")
) -> AsyncIterator[Service]:
    """The service, running; killed at the end of the block unless it has ended by then."""
    office.environment = {"DISTRIBUTOR_LOG": "json", "DISTRIBUTOR_WEB__BIND": "", **office.environment}
    service = Service(await office.start(*program_of(program, arguments), program=program[:2]))
    try:
        yield service
    finally:
        await service.stop(signal.SIGKILL)


def program_of(program: Sequence[str], arguments: Sequence[str]) -> Sequence[str]:
    """The words after the module's name."""
    return (*program[2:], "serve", *arguments)


def drop(office: Office, name: str = "简报.md", *, number: int = 7, text: str | None = None) -> None:
    """Puts a bulletin into the drop folder, whole at once."""
    office.write(f"inbox/{name}", text or BULLETIN.format(number=number))
