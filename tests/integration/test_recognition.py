"""The reader's page inside WeCom: who is recognised, who is not, and that nobody goes round in circles."""

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from distributor.delivery.evidence import Kind
from distributor.dispatch.intake import templates_of
from distributor.receipts.tokens import Purpose, load_key
from distributor.settings.file import load_settings
from distributor.simulators.faults import Broken
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.receipt_records import receipts_of
from distributor.web.app import build_app
from distributor.web.reader import Reader
from distributor.web.server import serve
from tests.acceptance.wecom_office import Town, town
from tests.channels.server import ScriptedServer
from tests.simulators.running import CORP

PAGE = "https://bulletin.example.gov.cn"
WXWORK = {"user-agent": "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 wxwork/4.1.36 MicroMessenger/7.0.1"}
BROWSER = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/128.0"}


class LaterClock:
    """Real time, moved on by a test: a button counts when its page was looked at for a second."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta()

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


@dataclass
class Phone:
    """A member's phone before the page of one copy."""

    here: Town
    database: Database
    client: httpx2.AsyncClient
    clock: LaterClock
    token: str
    copy: str

    async def get(self, headers: dict[str, str] = WXWORK, **query: str) -> httpx2.Response:
        return await self.client.get(f"/b/{self.token}", params=query, headers=headers)

    async def state(self) -> str:
        """The state that a visit brings to the platform."""
        answer = await self.get()
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    async def comes_back(self, userid: str, *, member: bool = True) -> httpx2.Response:
        code = self.here.platform.contacts.enter(userid, member=member)
        return await self.get(code=code, state=await self.state())

    async def signs(self, page: httpx2.Response, **changed: str) -> httpx2.Response:
        fields = dict(re.findall(r'name="(nonce|member|proof)" value="([^"]*)"', page.text))
        self.clock.ahead += dt.timedelta(seconds=2)
        form = {**fields, "action": "sign", **changed}
        return await self.client.post(f"/b/{self.token}", data=form, headers=WXWORK)

    def receipts(self) -> list[tuple[Kind, str]]:
        """What counts of the copy: its kind, and whose account stands beside it."""
        with self.database.read() as conn:
            found = receipts_of(conn, [self.copy]).get(self.copy, ())
        said = [one for one in found if one.kind is not Kind.OPENED]
        return [(one.kind, str(one.details.get("member", one.details.get("reader", "")))) for one in said]


@pytest.fixture
async def phone(tmp_path: Path) -> AsyncIterator[Phone]:
    members = ["LiSi", "wangwu"]
    async with ScriptedServer() as relay, town(tmp_path, members=members, port=relay.port, page=PAGE) as here:
        here.people(["name: 李四, wecom: lisi"], group="acknowledge: required")
        assert await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes") == 0
        settings = load_settings(tmp_path / "distributor.toml", environ={})
        database = Database.open("sqlite:///data/distributor.db", home=tmp_path)
        with database.read() as conn:
            copy = deliveries_of(conn, 1)[0].id
        key, clock = load_key(tmp_path / "secrets/token.key"), LaterClock()
        reader = Reader(database, lambda: settings, key, templates_of(settings), clock=clock)
        server = await serve(build_app(reader.routes()), "127.0.0.1", 0)
        address = f"http://127.0.0.1:{server.port}"
        async with httpx2.AsyncClient(base_url=address, trust_env=False, follow_redirects=False) as client:
            yield Phone(here, database, client, clock, key.token(Purpose.LINK, copy), copy)
        await server.stop()
        await reader.stop()
        database.close()


async def test_wecoms_browser_is_sent_to_the_platform_with_what_it_needs(phone: Phone) -> None:
    answer = await phone.get()
    location = urlsplit(answer.headers["location"])
    query = {name: values[0] for name, values in parse_qs(location.query).items()}
    assert (location.netloc, location.fragment) == ("open.weixin.qq.com", "wechat_redirect")
    assert (query["appid"], query["scope"]) == (CORP, "snsapi_base")
    assert query["redirect_uri"] == f"{PAGE}/b/{phone.token}"
    assert re.fullmatch(r"[a-zA-Z0-9]{1,128}", query["state"])


async def test_any_other_browser_gets_the_page_at_once(phone: Phone) -> None:
    answer = await phone.get(BROWSER)
    assert (answer.status_code, "签收" in answer.text) == (200, True)


async def test_the_addressee_signs_identified(phone: Phone) -> None:
    page = await phone.comes_back("LiSi")
    assert page.status_code == 200
    assert (await phone.signs(page)).status_code == 303
    assert phone.receipts() == [(Kind.IDENTIFIED, "LiSi")]


async def test_another_member_signs_like_anybody_with_the_link_and_is_noted(phone: Phone) -> None:
    assert (await phone.signs(await phone.comes_back("wangwu"))).status_code == 303
    assert phone.receipts() == [(Kind.SIGNED, "wangwu")]


async def test_somebody_outside_the_enterprise_is_nobody(phone: Phone) -> None:
    assert (await phone.signs(await phone.comes_back("stranger", member=False))).status_code == 303
    assert phone.receipts() == [(Kind.SIGNED, "")]


async def test_a_state_serves_once(phone: Phone) -> None:
    state, enter = await phone.state(), phone.here.platform.contacts.enter
    first = await phone.get(code=enter("LiSi"), state=state)
    second = await phone.get(code=enter("LiSi"), state=state)
    assert ('name="proof"' in first.text, 'name="proof"' in second.text) == (True, False)


@pytest.mark.parametrize(
    "state", ["", "abc", "0x0", "1x0123456789abcdefx" + "a" * 32], ids=["none", "short", "odd", "made"]
)
async def test_a_foreign_state_recognises_nobody_and_sends_nobody_away(phone: Phone, state: str) -> None:
    page = await phone.get(code=phone.here.platform.contacts.enter("LiSi"), state=state)
    assert (page.status_code, 'name="proof"' in page.text) == (200, False)


async def test_an_old_state_recognises_nobody(phone: Phone) -> None:
    state = await phone.state()
    phone.clock.ahead = dt.timedelta(minutes=11)
    page = await phone.get(code=phone.here.platform.contacts.enter("LiSi"), state=state)
    assert 'name="proof"' not in page.text


async def test_a_silent_platform_leaves_the_plain_page(phone: Phone) -> None:
    phone.here.platform.faults.script("/cgi-bin/auth/getuserinfo", Broken())
    page = await phone.comes_back("LiSi")
    assert (page.status_code, 'name="proof"' in page.text) == (200, False)


async def test_a_reader_who_comes_back_without_a_code_is_not_sent_again(phone: Phone) -> None:
    assert (await phone.get(state=await phone.state())).status_code == 200


async def test_a_made_up_member_in_the_form_proves_nothing(phone: Phone) -> None:
    page = await phone.get(BROWSER)
    await phone.signs(page, member="LiSi", proof="a" * 32)
    assert phone.receipts() == [(Kind.SIGNED, "")]


async def test_a_proof_of_another_member_proves_nothing(phone: Phone) -> None:
    page = await phone.comes_back("wangwu")
    await phone.signs(page, member="LiSi")
    assert phone.receipts() == [(Kind.SIGNED, "")]
