"""An Official Account's calls over real sockets: the proof of the address, and events that wake the look."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from distributor.channels.wechat.seal import Seal, signature
from distributor.delivery.article import ArticleState
from distributor.simulators.callbacks import Call, deliver, sealed_call
from distributor.store.database import Database
from distributor.web.account_callbacks import AccountCallbacks
from distributor.web.app import build_app
from distributor.web.server import serve
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.newsroom import Newsroom, newsroom
from tests.simulators.running import APP_ID

SEAL = Seal.of(token="bulletinToken01", encoding_aes_key="B" * 43, receive_id=APP_ID)


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


@dataclass
class Callbacks:
    """The callback address of one account, whose article is at the platform."""

    room: Newsroom
    client: httpx2.AsyncClient

    async def tell(self, call: Call, account: str = "main") -> int:
        return (await deliver(self.client, f"/official-account/{account}", call)).status_code

    async def ask(self, **changes: str) -> httpx2.Response:
        timestamp = str(int(self.room.running.clock().timestamp()))
        query = {"timestamp": timestamp, "nonce": "n1", "echostr": "1616140317555161061"} | changes
        stamp = {"signature": signature(SEAL.token, query["timestamp"], query["nonce"])}
        return await self.client.get("/official-account/main", params=stamp | query)

    def wait(self) -> dt.timedelta:
        """How long it takes until the platform is looked at."""
        look_at = self.room.article.look_at
        assert look_at is not None
        return look_at - self.room.running.clock()


@asynccontextmanager
async def callbacks(bureau: Bureau) -> AsyncIterator[Callbacks]:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        served = AccountCallbacks({"main": SEAL}, room.database, room.running.clock)
        server = await serve(build_app(served.routes()), "127.0.0.1", 0)
        try:
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", trust_env=False) as client:
                yield Callbacks(room, client)
        finally:
            await server.stop()


async def test_the_address_proves_itself_by_saying_the_echo_back(bureau: Bureau) -> None:
    async with callbacks(bureau) as address:
        answer = await address.ask()
    assert (answer.status_code, answer.text) == (200, "1616140317555161061")


@pytest.mark.parametrize(
    "changes",
    [{"signature": "0" * 40}, {"signature": "签"}, {"echostr": ""}, {"echostr": "x" * 201}, {"timestamp": "1"}],
    ids=["signature", "not_ascii", "no_echo", "long_echo", "old"],
)
async def test_a_question_that_is_not_the_platforms_gets_no_echo(bureau: Bureau, changes: dict[str, str]) -> None:
    async with callbacks(bureau) as address:
        assert (await address.ask(**changes)).status_code == 400


@pytest.mark.parametrize("kind", ["PUBLISHJOBFINISH", "MASSSENDJOBFINISH"])
async def test_either_event_wakes_the_look_and_decides_nothing(on_each: Bureau, kind: str) -> None:
    async with callbacks(on_each) as address:
        assert address.wait() > dt.timedelta()
        platform = address.room.running.platform
        assert await address.tell(platform._event(kind, "<Status>send success</Status>")) == 200
        assert address.wait() == dt.timedelta()
        assert address.room.state is ArticleState.PUBLISH_TAKEN


async def test_other_events_are_answered_and_wake_nobody(bureau: Bureau) -> None:
    async with callbacks(bureau) as address:
        assert await address.tell(address.room.running.platform._event("subscribe", "")) == 200
        assert address.wait() > dt.timedelta()


async def test_what_is_forged_old_hostile_or_for_another_account_is_refused(bureau: Bureau) -> None:
    async with callbacks(bureau) as address:
        platform, clock = address.room.running.platform, address.room.running.clock
        good = platform.published_event(platform.account.published[0])
        other = Seal.of(token="bulletinToken01", encoding_aes_key="B" * 43, receive_id="wx0000000000000000")
        bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Event>PUBLISHJOBFINISH&a;</Event></xml>'
        refused = [
            await address.tell(Call({**good.query, "msg_signature": "0"}, good.body)),
            await address.tell(sealed_call(other, "<xml/>", receiver="x", at=clock())),
            await address.tell(sealed_call(SEAL, bomb, receiver="x", at=clock())),
            await address.tell(good, account="another"),
            await address.tell(Call(good.query, "<xml>")),
        ]
        clock.move(minutes=6)
        assert [*refused, await address.tell(good)] == [400] * 6
