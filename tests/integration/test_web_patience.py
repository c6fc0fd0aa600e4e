"""Callers who take their time: a request that never comes whole loses its connection, and nobody else notices."""

import asyncio

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.web import patience
from distributor.web.app import build_app
from distributor.web.server import serve


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "REQUEST", 0.3)


async def _answer(request: Request) -> Response:
    return Response(str(len(await request.body())))


async def _slow(request: Request) -> Response:
    await asyncio.sleep(0.6)
    return Response("done")


ROUTES = [Route("/answer", _answer, methods=["GET", "POST"]), Route("/slow", _slow)]


@pytest.mark.parametrize(
    "begun",
    [
        b"",
        b"GET /answer HTTP/1.1\r\nHost: x\r\nX-a: b\r\n",
        b"POST /answer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
        b"GET /answer HTTP/1.1\r\nHost: x\r\n\r\nGET /answer HTTP/1.1\r\n",
    ],
    ids=["nothing", "half a head", "half a body", "half a second request"],
)
async def test_74_a_request_that_never_comes_whole_loses_its_connection(begun: bytes) -> None:
    web = await serve(build_app(ROUTES), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(begun)
    await asyncio.wait_for(reader.read(), 5)  # to its end: the server closes
    writer.close()
    await web.stop()


async def test_74_drops_of_a_request_do_not_lengthen_its_time() -> None:
    web = await serve(build_app(ROUTES), "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    closing = asyncio.create_task(reader.read())
    for _ in range(100):
        writer.write(b"G")
        done, _ = await asyncio.wait({closing}, timeout=0.05)
        if done:
            break
    assert closing.done()
    writer.close()
    await web.stop()


async def test_74_a_hundred_slow_callers_do_not_keep_a_reader_waiting() -> None:
    web = await serve(build_app(ROUTES), "127.0.0.1", 0)
    slow = [await asyncio.open_connection("127.0.0.1", web.port) for _ in range(100)]
    for _, writer in slow:
        writer.write(b"GET /answer HT")
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        assert (await client.get(f"http://127.0.0.1:{web.port}/answer")).status_code == 200
    for _, writer in slow:
        writer.close()
    await web.stop()


async def test_an_answer_that_takes_longer_is_waited_for() -> None:
    web = await serve(build_app(ROUTES), "127.0.0.1", 0)
    async with httpx2.AsyncClient(trust_env=False, timeout=5) as client:
        for _ in range(2):
            assert (await client.get(f"http://127.0.0.1:{web.port}/slow")).text == "done"
    await web.stop()
