"""`distributor serve` as the office runs it: what is dropped goes out once, whatever is done to the service."""

import asyncio
from pathlib import Path

from tests.acceptance.office import Office
from tests.acceptance.service import drop, serving
from tests.channels.server import ScriptedServer


async def test_a_dropped_file_is_sent_and_the_log_tells_it_in_five_lines(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            drop(office)
            await service.until("send.ended", finished=True)
            assert await service.stop() == 0
    assert service.actions[:5] == ["service.started", "leader.taken", "inbox.taken", "send.begun", "send.ended"]
    assert service.actions[5:] == ["service.stopped"]
    assert sorted(letter.recipient for letter in server.delivered) == sorted(office.states())
