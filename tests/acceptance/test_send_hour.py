"""`send` and the hour: a copy waits for it, and --now does not."""

import asyncio
import datetime as dt
from pathlib import Path

from tests.acceptance.office import Office
from tests.channels.server import ScriptedServer


def office_with_an_hour(folder: Path, server: ScriptedServer) -> Office:
    office = Office(folder, port=server.port)
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    settings = (folder / "distributor.toml").read_text(encoding="utf-8")
    office.write("distributor.toml", settings + f'rule = "{tomorrow:%Y-%m-%d} 09:00"\n')
    return office


async def test_before_the_hour_nothing_leaves_and_the_copies_wait(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = office_with_an_hour(tmp_path, server)
        sent = await asyncio.to_thread(office.ask, "send", "bulletin.md", "--yes")
        assert sent.code == 0
        assert "They go out at" in sent.out
        assert server.delivered == []
        assert set(office.states().values()) == {"queued"}


async def test_now_brings_the_hour_forward_and_each_copy_leaves_once(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = office_with_an_hour(tmp_path, server)
        await asyncio.to_thread(office.ask, "send", "bulletin.md", "--yes")
        sent = await asyncio.to_thread(office.ask, "send", "7", "--now", "--yes")
        assert sent.code == 0, sent.out + sent.err
        assert len({letter.recipient for letter in server.delivered}) == len(server.delivered) == 3
        assert set(office.states().values()) == {"accepted"}
