"""The doctor calls the office's own public addresses: the reader's page, and callbacks as the platforms ask them."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import trustme
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from distributor.channels.wechat.proof import plain_question, sealed_question
from distributor.channels.wechat.seal import Seal
from distributor.dispatch.intake import templates_of
from distributor.doctor.callback import Callback, check_callback
from distributor.doctor.callback import judge as judge_callback
from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.doctor.pages import check_pages
from distributor.doctor.visit import Met
from distributor.settings import Office, Settings
from distributor.store.database import Database
from distributor.web.account_callbacks import AccountCallbacks
from distributor.web.app import build_app
from distributor.web.callbacks import WeComCallbacks
from distributor.web.reader import Reader
from distributor.web.server import serve
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.simulators.running import SEAL

OTHER = Seal.of(token="anotherToken", encoding_aes_key="B" * 43, receive_id=SEAL.receive_id)
PATIENCE = dt.timedelta(seconds=5)


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


def context_of(base_url: str, now: dt.datetime) -> Context:
    office = Office(name="河长办", sender="hzb@example.gov.cn", base_url=base_url)
    return Context(Settings(office=office), now, patience=PATIENCE)


def wecom(now: dt.datetime, *, seal: Seal = SEAL, path: str = "/wecom/main") -> Callback:
    return Callback("wecom.main.callback", path, "接收消息", partial(sealed_question, seal, at=now))


@asynccontextmanager
async def answering(*routes: Route) -> AsyncIterator[str]:
    """Something that answers on this machine; its address."""
    server = await serve(build_app(routes), "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        await server.stop()


@asynccontextmanager
async def service(bureau: Bureau) -> AsyncIterator[str]:
    """The pages of a running service."""
    reader = Reader(
        bureau.database, lambda: bureau.settings, bureau.key, templates_of(bureau.settings), clock=bureau.clock
    )
    cards = WeComCallbacks({"main": SEAL}, bureau.database, bureau.clock)
    accounts = AccountCallbacks({"main": SEAL}, bureau.database, bureau.clock)
    try:
        async with answering(*reader.routes(), *cards.routes(), *accounts.routes()) as base_url:
            yield base_url
    finally:
        await reader.stop()
        await cards.stop()


async def callback_of(callback: Callback, base_url: str, now: dt.datetime) -> Diagnosis:
    (found,) = await asyncio.to_thread(lambda: list(check_callback(callback, context_of(base_url, now))))
    return found


async def pages_of(base_url: str, now: dt.datetime) -> list[Diagnosis]:
    return await asyncio.to_thread(lambda: list(check_pages(context_of(base_url, now))))


# Our own service.


async def test_the_echo_of_wecom_s_question_comes_back(bureau: Bureau) -> None:
    async with service(bureau) as base_url:
        found = await callback_of(wecom(bureau.clock()), base_url, bureau.clock())
    # It answers as it should; but a platform elsewhere cannot come to a loopback address.
    assert found.verdict is Verdict.WARNING
    assert "only this machine" in str(found.what)


async def test_the_echo_of_an_official_account_s_question_comes_back(bureau: Bureau) -> None:
    question = partial(plain_question, SEAL.token, at=bureau.clock())
    callback = Callback("official_account.main.callback", "/official-account/main", "消息推送", question)
    async with service(bureau) as base_url:
        found = await callback_of(callback, base_url, bureau.clock())
    assert "only this machine" in str(found.what)


@pytest.mark.parametrize(
    ("seal", "late"),
    [(OTHER, dt.timedelta()), (SEAL, dt.timedelta(minutes=6))],
    ids=["another_token_and_key", "a_clock_that_is_wrong"],
)
async def test_a_signature_that_is_refused_is_said_with_what_to_compare(
    bureau: Bureau, seal: Seal, late: dt.timedelta
) -> None:
    now = bureau.clock() - late
    async with service(bureau) as base_url:
        found = await callback_of(wecom(now, seal=seal), base_url, now)
    assert found.verdict is Verdict.FAILURE
    assert "refuses the signature" in str(found.what)
    assert "EncodingAESKey" in str(found.do)
    assert "clock" in str(found.do)


async def test_a_service_that_was_not_restarted_is_told_from_another_site(bureau: Bureau) -> None:
    async with service(bureau) as base_url:
        found = await callback_of(wecom(bureau.clock(), path="/not-there/main"), base_url, bureau.clock())
    assert found.verdict is Verdict.FAILURE
    assert "Restart" in str(found.do)


async def test_a_link_that_is_nobody_s_shows_that_readers_reach_their_page(bureau: Bureau) -> None:
    async with service(bureau) as base_url:
        (found,) = await pages_of(base_url, bureau.clock())
    assert (found.name, found.verdict) == ("pages", Verdict.OK)


async def test_a_service_without_the_reader_s_page_is_a_failure(clock: Clock) -> None:
    async with answering() as base_url:
        (found,) = await pages_of(base_url, clock())
    assert found.verdict is Verdict.FAILURE
    assert "Restart" in str(found.do)


async def test_without_a_public_page_there_is_nothing_to_reach(clock: Clock) -> None:
    assert await pages_of("", clock()) == []
    found = await callback_of(wecom(clock()), "", clock())
    assert found.verdict is Verdict.WARNING
    assert "base_url is empty" in str(found.what)


# Somebody else, or nobody.


async def _adds(request: Request) -> Response:
    opened = SEAL.open(
        request.query_params["echostr"],
        signature=request.query_params["msg_signature"],
        timestamp=request.query_params["timestamp"],
        nonce=request.query_params["nonce"],
    )
    return Response(b'"' + opened + b'"\n', media_type="application/json")


async def _foreign(request: Request) -> Response:
    return PlainTextResponse("<html>welcome</html>", 200, {"content-security-policy": "upgrade-insecure-requests"})


async def _gone(request: Request) -> Response:
    return PlainTextResponse("<html>404 nginx</html>", 404, {"content-security-policy": "upgrade-insecure-requests"})


async def _nobody_behind(request: Request) -> Response:
    return PlainTextResponse("bad gateway", 502, {"content-security-policy": ""})


async def _away(request: Request) -> Response:
    return RedirectResponse("https://portal.example.gov.cn/login?from=secret", 302, {"content-security-policy": ""})


@pytest.mark.parametrize(
    ("endpoint", "what", "do"),
    [
        (_adds, "adds to the answer", "/wecom/"),
        (_foreign, "Something else answers", "/wecom/"),
        (_gone, "HTTP 404", "/wecom/"),
        (_nobody_behind, "502", "distributor serve"),
        (_away, "https://portal.example.gov.cn/login", "base_url"),
    ],
    ids=["a_proxy_that_rewrites", "another_site", "another_site_s_404", "a_proxy_alone", "a_redirect"],
)
async def test_what_answers_instead_is_named(endpoint: object, what: str, do: str, clock: Clock) -> None:
    assert callable(endpoint)
    async with answering(Route("/{path:path}", endpoint)) as base_url:
        found = await callback_of(wecom(clock()), base_url, clock())
        pages = await pages_of(base_url, clock())
    assert found.verdict is Verdict.FAILURE
    assert what in str(found.what)
    assert do in str(found.do)
    assert "secret" not in str(found.what)
    if endpoint is not _adds:
        assert [page.verdict for page in pages] == [Verdict.FAILURE]


async def test_nobody_there_is_said_with_what_to_start(clock: Clock) -> None:
    async with answering() as base_url:
        pass  # the port is free again
    found = await callback_of(wecom(clock()), base_url, clock())
    (page,) = await pages_of(base_url, clock())
    for one in (found, page):
        assert one.verdict is Verdict.FAILURE
        assert "no answer from here" in str(one.what)
        assert "distributor serve" in str(one.do)
        assert "echostr" not in f"{one.what}{one.do}"


async def test_a_service_without_tls_is_not_taken_for_a_page(clock: Clock) -> None:
    async with answering() as base_url:
        (found,) = await pages_of(base_url.replace("http:", "https:"), clock())
    assert found.verdict is Verdict.FAILURE
    assert "certificate" in str(found.what)


async def test_a_certificate_that_nobody_trusts_is_a_failure_of_its_own(clock: Clock) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    listener = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=tls)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        (found,) = await pages_of(f"https://127.0.0.1:{port}", clock())
    assert found.verdict is Verdict.FAILURE
    assert "certificate" in str(found.what)
    assert "Renew" in str(found.do)


# What an answer means, wherever it came from.


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0.2, Verdict.OK), (1.4, Verdict.WARNING)], ids=["prompt", "later_than_the_platform_waits"]
)
def test_the_echo_must_come_within_a_second(clock: Clock, seconds: float, verdict: Verdict) -> None:
    address = "https://bulletin.example.gov.cn/wecom/main"
    found = judge_callback(wecom(clock()), address, Met(200, b"17", {}, seconds), "17")
    assert found.verdict is verdict
    assert address in str(found.what)
