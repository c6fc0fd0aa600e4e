"""The simulated Official Account against wechatpy, and against what the vendor documents."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from wechatpy.client import WeChatClient
from wechatpy.exceptions import WeChatClientException

from distributor.simulators.official_account.account import Account
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount, running_account

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 100


@pytest.fixture
async def account() -> AsyncIterator[RunningAccount]:
    async with running_account() as running:
        yield running


class Editor:
    """wechatpy at the account's interfaces; every call in a thread, for it blocks."""

    def __init__(self, account: RunningAccount) -> None:
        untyped: Any = WeChatClient

        class Client(untyped):  # type: ignore[misc]
            API_BASE_URL = f"{account.base_url}/cgi-bin/"

            def fetch_access_token(self) -> Any:
                query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
                return self._fetch_access_token(f"{account.base_url}/cgi-bin/token", query)

        self.client = Client(APP_ID, APP_SECRET)

    async def post(self, path: str, **document: Any) -> dict[str, Any]:
        found: dict[str, Any] = await asyncio.to_thread(self.client.post, path, data=document)
        return found

    async def refused(self, path: str, **document: Any) -> int:
        with pytest.raises(WeChatClientException) as raised:
            await self.post(path, **document)
        code: int = raised.value.errcode
        return code

    async def cover(self) -> str:
        added = await asyncio.to_thread(self.client.material.add, "image", ("cover.png", PNG))
        return str(added["media_id"])

    async def article(self, **changes: Any) -> dict[str, Any]:
        found = {"title": "云岭河长制工作简报 第12期", "content": "<p>正文</p>", "thumb_media_id": await self.cover()}
        return found | changes

    async def draft(self, **changes: Any) -> str:
        added = await asyncio.to_thread(self.client.draft.add, [await self.article(**changes)])
        return str(added["media_id"])

    async def send_all(self, media_id: str, known: str) -> dict[str, Any]:
        return await self.post(
            "message/mass/sendall",
            filter={"is_to_all": True},
            mpnews={"media_id": media_id},
            msgtype="mpnews",
            clientmsgid=known,
            send_ignore_reprint=0,
        )


@pytest.fixture
def editor(account: RunningAccount) -> Editor:
    return Editor(account)


def state(account: RunningAccount) -> Account:
    return account.platform.account


async def test_a_draft_that_was_published_is_gone_and_cannot_be_published_again(
    account: RunningAccount, editor: Editor
) -> None:
    media_id = await editor.draft()
    submitted = await asyncio.to_thread(editor.client.freepublish.submit, media_id)
    assert isinstance(submitted["publish_id"], int)
    assert state(account).drafts == {}
    assert await editor.refused("freepublish/submit", media_id=media_id) == 40007
    publish_id = str(submitted["publish_id"])
    assert (await editor.post("freepublish/get", publish_id=publish_id))["publish_status"] == 1
    account.platform.outgoing.finish_publishing()
    done = await editor.post("freepublish/get", publish_id=publish_id)
    assert done["publish_status"] == 0
    assert done["article_detail"]["item"][0]["article_url"].startswith("https://mp.weixin.qq.com/s/")


async def test_the_same_client_message_id_sends_once_in_24_hours(account: RunningAccount, editor: Editor) -> None:
    state(account).mass_quota = 10
    first = await editor.send_all(await editor.draft(), "dispatch-1")
    again = await editor.draft()
    assert await editor.refused("message/mass/sendall", **sendall(again, "dispatch-1")) == 45066
    account.clock.move(minutes=2)
    with pytest.raises(WeChatClientException) as raised:
        await editor.send_all(again, "dispatch-1")
    assert raised.value.errcode == 45065
    assert len(state(account).mass_sent) == 1
    assert (await editor.post("message/mass/get", msg_id=first["msg_id"]))["msg_status"] == "SENDING"
    account.clock.move(hours=24)
    await editor.send_all(again, "dispatch-1")
    assert len(state(account).mass_sent) == 2


def sendall(media_id: str, known: str) -> dict[str, Any]:
    return {
        "filter": {"is_to_all": True},
        "mpnews": {"media_id": media_id},
        "msgtype": "mpnews",
        "clientmsgid": known,
    }


async def test_the_second_mass_send_of_a_day_has_no_quota(account: RunningAccount, editor: Editor) -> None:
    await editor.send_all(await editor.draft(), "one")
    assert await editor.refused("message/mass/sendall", **sendall(await editor.draft(), "two")) == 45028
    account.clock.move(days=1)
    await editor.send_all(await editor.draft(), "two")
    assert len(state(account).mass_sent) == 2


async def test_a_client_message_id_of_more_than_32_bytes_is_refused(editor: Editor) -> None:
    assert await editor.refused("message/mass/sendall", **sendall(await editor.draft(), "x" * 33)) == 45067


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"title": "简" * 33}, 45003),
        ({"title": ""}, 45003),
        ({"digest": "简" * 129}, 45004),
        ({"content": "简" * 20_000}, 45002),
        ({"thumb_media_id": "none"}, 40007),
    ],
    ids=["title", "no_title", "digest", "content", "cover"],
)
async def test_an_article_beyond_the_limits_is_refused(
    account: RunningAccount, editor: Editor, changes: dict[str, Any], errcode: int
) -> None:
    assert await editor.refused("draft/add", articles=[await editor.article(**changes)]) == errcode
    assert state(account).drafts == {}


async def test_pictures_from_elsewhere_and_scripts_are_taken_out(account: RunningAccount, editor: Editor) -> None:
    uploaded = await asyncio.to_thread(
        editor.client.post, "media/uploadimg", files={"media": ("one.png", PNG, "image/png")}
    )
    own = f'<img src="{uploaded["url"]}">'
    foreign = '<img alt="x" src="https://example.com/spy.png">'
    media_id = await editor.draft(content=f"<p>{own}{foreign}</p><script>x()</script>")
    assert state(account).drafts[media_id][0]["content"] == f"<p>{own}</p>"


async def test_a_preview_leaves_the_draft_in_the_box(account: RunningAccount, editor: Editor) -> None:
    media_id = await editor.draft()
    await editor.post("message/mass/preview", towxname="editor", mpnews={"media_id": media_id}, msgtype="mpnews")
    assert [reader for reader, _ in state(account).previews] == ["editor"]
    assert list(state(account).drafts) == [media_id]


async def test_an_account_without_the_right_to_publish_is_48001(account: RunningAccount, editor: Editor) -> None:
    article = await editor.article()
    state(account).may_publish = False
    assert await editor.refused("draft/add", articles=[article]) == 48001


async def test_an_address_outside_the_list_gets_no_token(account: RunningAccount, editor: Editor) -> None:
    state(account).trusted = frozenset()
    assert await editor.refused("draft/count") == 40164


async def test_the_stable_token_stays_the_same_and_the_old_kind_ends_the_one_before(account: RunningAccount) -> None:
    wish = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    async with httpx2.AsyncClient(base_url=account.base_url, timeout=60) as client:
        stable = [(await client.post("/cgi-bin/stable_token", json=wish)).json()["access_token"] for _ in range(2)]
        old = [(await client.get("/cgi-bin/token", params=wish)).json()["access_token"] for _ in range(2)]
        assert stable[0] == stable[1]
        codes = [
            (await client.get("/cgi-bin/draft/count", params={"access_token": token})).json().get("errcode", 0)
            for token in (stable[0], *old)
        ]
    assert codes == [0, 40001, 0]


async def test_readers_are_counted_from_yesterday_on_and_never_named(account: RunningAccount, editor: Editor) -> None:
    sent = await editor.send_all(await editor.draft(), "one")
    untyped: Any = editor.client
    day = account.clock.now.date()
    untyped.API_BASE_URL = f"{account.base_url}/"

    async def ask(day: dt.date) -> dict[str, Any]:
        return await editor.post("datacube/getarticleread", begin_date=str(day), end_date=str(day))

    with pytest.raises(WeChatClientException) as raised:
        await ask(day)
    assert raised.value.errcode == 61500
    (row,) = (await ask(day - dt.timedelta(days=1)))["list"]
    assert row["msgid"] == f"{sent['msg_data_id']}_1"
    assert row["detail"] == {"read_user": 500}
