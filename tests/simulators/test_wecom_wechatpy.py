"""The simulated WeCom against wechatpy, a client that knows nothing of ours."""

import asyncio
import html
from collections.abc import AsyncIterator
from typing import Any

import pytest
from wechatpy.exceptions import WeChatClientException
from wechatpy.work.client import WeChatClient

from distributor.simulators.faults import Refuse
from tests.renditions.sample import png
from tests.simulators.running import AGENT, CORP, SECRET, Running, running_wecom

PNG = png(64, 32)
CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "云岭河长制工作简报 第12期"},
    "task_id": "d-1_v1",
    "button_list": [{"text": "签收", "style": 1, "key": "acknowledge"}],
}


@pytest.fixture
async def wecom() -> AsyncIterator[Running]:
    async with running_wecom("ZhangSan", "lisi") as running:
        yield running


def client_of(wecom: Running) -> Any:
    untyped: Any = WeChatClient

    class Client(untyped):  # type: ignore[misc]
        API_BASE_URL = f"{wecom.base_url}/cgi-bin/"

        def fetch_access_token(self) -> Any:
            query = {"corpid": self.corp_id, "corpsecret": self.secret}
            return self._fetch_access_token(f"{wecom.base_url}/cgi-bin/gettoken", query)

    return Client(CORP, SECRET)


async def test_a_text_reaches_the_members_it_names(wecom: Running) -> None:
    answer = await asyncio.to_thread(client_of(wecom).message.send_text, AGENT, ["zhangsan", "lisi"], "第12期已发布")
    assert answer["errcode"] == 0
    assert [one.content["content"] for one in wecom.platform.company.before("zhangsan")] == ["第12期已发布"]
    assert len(wecom.platform.company.before("lisi")) == 1


async def test_members_that_do_not_exist_are_named_beside_errcode_0(wecom: Running) -> None:
    answer = await asyncio.to_thread(client_of(wecom).message.send_text, AGENT, ["lisi", "NoBody"], "x")
    assert (answer["errcode"], answer["invaliduser"]) == (0, "nobody")


async def test_a_message_for_nobody_at_all_is_81013(wecom: Running) -> None:
    with pytest.raises(WeChatClientException) as raised:
        await asyncio.to_thread(client_of(wecom).message.send_text, AGENT, ["nobody"], "x")
    assert raised.value.errcode == 81013


async def test_a_card_with_a_button_comes_with_a_response_code(wecom: Running) -> None:
    message = {"msgtype": "template_card", "template_card": CARD}
    answer = await asyncio.to_thread(client_of(wecom).message.send, AGENT, ["lisi"], "", "", message)
    assert answer["response_code"]
    (shown,) = wecom.platform.company.before("lisi")
    assert shown.content == CARD


async def test_wechatpy_fetches_a_new_token_when_the_old_one_ended_early(wecom: Running) -> None:
    client = client_of(wecom)
    await asyncio.to_thread(client.message.send_text, AGENT, ["lisi"], "1")
    wecom.platform.tokens.expire_early()
    await asyncio.to_thread(client.message.send_text, AGENT, ["lisi"], "2")
    assert [one.content["content"] for one in wecom.platform.company.before("lisi")] == ["1", "2"]
    assert wecom.platform.tokens.given == 2


async def test_an_upload_is_taken_and_can_be_sent(wecom: Running) -> None:
    client = client_of(wecom)
    uploaded = await asyncio.to_thread(client.media.upload, "file", ("bulletin.pdf", b"%PDF-1.7 ..."))
    await asyncio.to_thread(client.message.send_file, AGENT, ["lisi"], uploaded["media_id"])
    assert wecom.platform.company.media[uploaded["media_id"]].content == b"%PDF-1.7 ..."
    wecom.clock.move(days=3)
    with pytest.raises(WeChatClientException) as raised:
        # A new client: the old one's token has ended with the days too.
        await asyncio.to_thread(client_of(wecom).message.send_file, AGENT, ["lisi"], uploaded["media_id"])
    assert raised.value.errcode == 40007


async def test_a_textcard_is_cut_where_the_platform_cuts_it(wecom: Running) -> None:
    client = client_of(wecom)
    title, description = "云岭河长制工作简报" * 6, '<div class="gray">2026年3月6日</div>' + "巡河" * 100
    link = "https://bulletin.example.gov.cn/b/token"
    await asyncio.to_thread(client.message.send_text_card, AGENT, ["lisi"], title, description, link, "阅读签收吧")
    (shown,) = wecom.platform.company.before("lisi")
    assert shown.cut
    assert len(shown.content["title"].encode()) <= 130  # half a character becomes a whole replacement mark
    assert shown.content["title"].startswith("云岭河长制工作简报" * 4)
    assert shown.content["description"].startswith('<div class="gray">2026年3月6日</div>巡河')
    assert shown.content["btntxt"] == "阅读签收"


async def test_news_reach_a_member_with_their_cover(wecom: Running) -> None:
    article = {
        "title": "云岭河长制工作简报 第12期",
        "description": "1. 石桥镇推行“四查四改”",
        "url": "https://bulletin.example.gov.cn/b/token",
        "image": "https://bulletin.example.gov.cn/b/token/cover.png",
    }
    await asyncio.to_thread(client_of(wecom).message.send_articles, AGENT, ["lisi"], [article])
    (shown,) = wecom.platform.company.before("lisi")
    assert (shown.kind, shown.cut) == ("news", False)
    assert shown.content["articles"][0]["picurl"] == article["image"]


async def test_an_mpnews_keeps_the_platforms_pictures_and_loses_others(wecom: Running) -> None:
    client = client_of(wecom)
    cover = await asyncio.to_thread(client.media.upload, "image", ("cover.png", PNG))
    picture = await asyncio.to_thread(client.media.upload_img, ("river.png", PNG))
    elsewhere = "https://example.gov.cn/river.png"
    sources = (html.escape(picture["url"]), elsewhere)
    article = {
        "thumb_media_id": cover["media_id"],
        "author": "云岭区河长办",
        "title": "云岭河长制工作简报 第12期",
        "content": "".join(f'<p><img src="{source}" alt=""></p>' for source in sources),
        "content_source_url": "https://bulletin.example.gov.cn/b/token",
        "digest": "巡河",
        "show_cover_pic": 0,
    }
    await asyncio.to_thread(client.message.send_mp_articles, AGENT, ["lisi"], [article], safe=2)
    (shown,) = wecom.platform.company.before("lisi")
    content = shown.content["articles"][0]["content"]
    assert sources[0] in content
    assert elsewhere not in content
    assert shown.cut


async def test_a_picture_is_no_file_and_a_file_is_no_cover(wecom: Running) -> None:
    client = client_of(wecom)
    picture = await asyncio.to_thread(client.media.upload, "image", ("cover.png", PNG))
    with pytest.raises(WeChatClientException) as raised:
        await asyncio.to_thread(client.message.send_file, AGENT, ["lisi"], picture["media_id"])
    assert raised.value.errcode == 40007
    with pytest.raises(WeChatClientException) as raised:
        await asyncio.to_thread(client.media.upload, "image", ("cover.pdf", b"%PDF-1.7 ..."))
    assert raised.value.errcode == 40005


async def test_an_uploaded_file_can_be_sent_and_asked_back(wecom: Running) -> None:
    client = client_of(wecom)
    uploaded = await asyncio.to_thread(client.media.upload, "file", ("bulletin.pdf", b"%PDF-1.7 ..."))
    sent = await asyncio.to_thread(client.message.send_file, AGENT, ["lisi"], uploaded["media_id"])
    assert "response_code" not in sent
    await asyncio.to_thread(client.post, "message/recall", data={"msgid": sent["msgid"]})
    assert wecom.platform.company.before("lisi") == []


async def test_a_scripted_refusal_meets_one_request_and_not_the_next(wecom: Running) -> None:
    wecom.platform.faults.script("/cgi-bin/message/send", Refuse(45009))
    client = client_of(wecom)
    with pytest.raises(WeChatClientException) as raised:
        await asyncio.to_thread(client.message.send_text, AGENT, ["lisi"], "1")
    assert raised.value.errcode == 45009
    await asyncio.to_thread(client.message.send_text, AGENT, ["lisi"], "2")
    assert [one.content["content"] for one in wecom.platform.company.before("lisi")] == ["2"]
