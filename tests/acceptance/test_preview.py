"""`preview --serve`, the installed command: it shows the bulletin, an edit and a fault, and ends with Ctrl-C."""

import asyncio
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from tests.acceptance.office import BULLETIN, Office

PATIENCE = 100


@asynccontextmanager
async def _served(office: Office) -> AsyncIterator[tuple[Process, httpx2.AsyncClient]]:
    process = await office.start("preview", "bulletin.md", "--serve", "--port", "0")
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            said = ""
            while (found := re.search(r"http://127\.0\.0\.1:\d+", said)) is None:
                line = await process.stdout.readline()
                assert line, said
                said += line.decode()
            async with httpx2.AsyncClient(base_url=found[0], timeout=PATIENCE) as client:
                yield process, client
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _changed(client: httpx2.AsyncClient, edit: tuple[Path, str], shows: str) -> str:
    """Edits a file and returns the index that shows it: one edit may be told of twice, the first time half done."""
    file, content = edit
    async with client.stream("GET", "/changes") as stream:
        lines = stream.aiter_lines()
        assert await anext(lines) == ": listening"
        await asyncio.to_thread(file.write_text, content, "utf-8")
        async for line in lines:
            if line.startswith("event: changed") and shows in (page := (await client.get("/")).text):
                return page
    raise AssertionError("the page hears of no more changes")


async def test_an_edit_is_shown_and_a_fault_stands_in_its_place(tmp_path: Path) -> None:
    office = Office(tmp_path)
    text = office.folder / "bulletin.md"
    async with _served(office) as (process, client), asyncio.timeout(PATIENCE):
        assert "云岭区巡河工作快报 第7期" in (await client.get("/")).text
        assert (await client.get("/bulletin-1.png")).content.startswith(b"\x89PNG")
        await _changed(client, (text, BULLETIN.format(number=8)), shows="第8期")
        slip = (office.folder / "recipients.yaml", "groups:\n  区领导:\n    direktion: 报\n")
        assert "预览暂时无法更新" in await _changed(client, slip, shows="recipients.yaml:3:5")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0
