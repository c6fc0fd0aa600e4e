"""The served gallery: anew after every edit, on this machine only, and a fault is shown in its place."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from distributor.service.preview import serve_gallery
from distributor.web.preview import HOST


@asynccontextmanager
async def _served(gallery: Path, watched: Path) -> AsyncIterator[str]:
    """The address of a gallery whose index counts how often it was made."""
    count = 0
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()

    def make() -> None:
        nonlocal count
        count += 1
        gallery.mkdir(parents=True, exist_ok=True)
        (gallery / "index.html").write_text(f"made {count}", encoding="utf-8")

    serving = asyncio.create_task(
        serve_gallery(gallery, make, watched=[watched], port=0, ready=started.set_result, stop=stop)
    )
    try:
        yield f"http://{HOST}:{await started}"
    finally:
        stop.set()
        await serving


async def test_an_edit_makes_the_gallery_anew_and_tells_the_page(tmp_path: Path) -> None:
    template = tmp_path / "look.css"
    template.write_text("td {}", encoding="utf-8")
    async with _served(tmp_path / "out", tmp_path) as address, httpx2.AsyncClient(timeout=20) as client:
        assert (await client.get(address)).text == "made 1"
        async with client.stream("GET", f"{address}/changes") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.aiter_lines()
            assert await anext(lines) == ": listening"
            template.write_text("td { color: #222222 }", encoding="utf-8")
            told = [line async for line in _until_event(lines)]
            assert told[-1] == "event: changed"
        assert (await client.get(address)).text == "made 2"


async def _until_event(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    async for line in lines:
        if line:
            yield line
        if line.startswith("event"):
            return


async def test_the_page_loads_itself_again_with_our_own_script(tmp_path: Path) -> None:
    async with _served(tmp_path / "out", tmp_path) as address, httpx2.AsyncClient() as client:
        script = await client.get(f"{address}/reload.js")
        assert script.headers["content-type"].startswith("text/javascript")
        assert 'EventSource("changes")' in script.text


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/..%2fsecret"])
async def test_nothing_outside_the_gallery_is_served(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret").write_text("geheim", encoding="utf-8")
    async with _served(tmp_path / "out", tmp_path) as address, httpx2.AsyncClient() as client:
        answer = await client.get(f"{address}{path}")
        assert answer.status_code in (400, 404)
        assert "geheim" not in answer.text


async def test_a_page_of_another_site_cannot_read_a_draft(tmp_path: Path) -> None:
    async with _served(tmp_path / "out", tmp_path) as address, httpx2.AsyncClient() as client:
        assert (await client.get(address, headers={"Host": "evil.example"})).status_code == 400
