"""What the vendor documents and our channels rely on, asked of the simulated WeCom over plain HTTP."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from distributor.simulators.faults import Broken, Garbled, LostAfter, LostBefore
from distributor.simulators.wecom.company import Member
from tests.simulators.running import AGENT, CORP, SEAL, SECRET, Running, running_wecom


class Caller:
    """A caller with a token of his own."""

    def __init__(self, wecom: Running, client: httpx2.AsyncClient) -> None:
        self.wecom = wecom
        self.client = client
        self.token = ""

    async def fetch(self) -> str:
        answer = await self.client.get("/cgi-bin/gettoken", params={"corpid": CORP, "corpsecret": SECRET})
        self.token = answer.json()["access_token"]
        return self.token

    async def post(self, path: str, document: dict[str, Any], **query: str) -> dict[str, Any]:
        body = json.dumps(document, ensure_ascii=False).encode()
        answer = await self.client.post(path, params={"access_token": self.token, **query}, content=body)
        found: dict[str, Any] = answer.json()
        return found

    async def send(self, *users: str, kind: str = "text", content: object = None, **more: object) -> dict[str, Any]:
        content = {"content": "第12期"} if content is None else content
        message = {"touser": "|".join(users), "agentid": AGENT, "msgtype": kind, kind: content, **more}
        return await self.post("/cgi-bin/message/send", message)

    async def send_checked(self, user: str) -> dict[str, Any]:
        return await self.send(user, enable_duplicate_check=1, duplicate_check_interval=14400)

    def shown(self, reader: str) -> list[dict[str, Any]]:
        return [dict(one.content) for one in self.wecom.platform.company.before(reader)]


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with (
        running_wecom(*(f"user{number}" for number in range(10))) as wecom,
        httpx2.AsyncClient(base_url=wecom.base_url, timeout=60) as client,
    ):
        caller = Caller(wecom, client)
        await caller.fetch()
        yield caller


def button_card(task: str) -> dict[str, Any]:
    return {
        "card_type": "button_interaction",
        "main_title": {"title": "第12期"},
        "task_id": task,
        "button_list": [{"text": "签收", "key": "acknowledge"}],
    }


async def test_a_token_is_the_same_until_it_ends_after_two_hours(caller: Caller) -> None:
    first = caller.token
    caller.wecom.clock.move(minutes=119)
    assert await caller.fetch() == first
    assert (await caller.send("user1"))["errcode"] == 0
    caller.wecom.clock.move(minutes=1)
    assert (await caller.send("user1"))["errcode"] == 42001
    assert await caller.fetch() != first


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("nonsense", 40014)], ids=["none", "wrong"])
async def test_a_request_without_a_good_token_is_refused(caller: Caller, token: str, errcode: int) -> None:
    caller.token = token
    assert (await caller.send("user1"))["errcode"] == errcode
    assert caller.shown("user1") == []


async def test_a_call_from_an_address_that_is_not_trusted_is_60020_although_the_token_was_given(
    caller: Caller,
) -> None:
    app = caller.wecom.platform.company.apps[AGENT]
    caller.wecom.platform.company.apps[AGENT] = type(app)(AGENT, SECRET, trusted=frozenset({"10.0.0.1"}))
    answer = await caller.send("user1")
    assert answer["errcode"] == 60020
    assert "from ip: 127.0.0.1" in answer["errmsg"]


async def test_the_31st_message_of_a_minute_is_dropped_without_a_word(caller: Caller) -> None:
    answers = [await caller.send("user1", content={"content": str(number)}) for number in range(31)]
    assert {answer["errcode"] for answer in answers} == {0}
    assert len(caller.shown("user1")) == 30
    assert [one.reader for one in caller.wecom.platform.company.dropped] == ["user1"]
    caller.wecom.clock.move(seconds=60)
    await caller.send("user1")
    assert len(caller.shown("user1")) == 31


async def test_the_1001st_message_of_an_hour_is_dropped(caller: Caller) -> None:
    for _ in range(34):
        for _ in range(30):
            await caller.send("user1")
        caller.wecom.clock.move(seconds=61)
    assert len(caller.shown("user1")) == 1000


async def test_the_same_bytes_are_shown_once_under_the_duplicate_check(caller: Caller) -> None:
    first = await caller.send_checked("user1")
    second = await caller.send_checked("user1")
    assert (first["errcode"], second["errcode"]) == (0, 0)
    assert len(caller.shown("user1")) == 1
    caller.wecom.clock.move(hours=4)
    await caller.fetch()
    await caller.send_checked("user1")
    assert len(caller.shown("user1")) == 2


async def test_other_bytes_are_shown_again_whatever_the_duplicate_check(caller: Caller) -> None:
    await caller.send("user1", enable_duplicate_check=1)
    await caller.send("user1", enable_duplicate_check=1, content={"content": "第12期 "})
    assert len(caller.shown("user1")) == 2


async def test_a_task_id_serves_one_card_only(caller: Caller) -> None:
    assert (await caller.send("user1", kind="template_card", content=button_card("t1")))["errcode"] == 0
    assert (await caller.send("user2", kind="template_card", content=button_card("t1")))["errcode"] != 0
    assert caller.shown("user2") == []


async def test_a_member_without_a_licence_is_named_and_gets_nothing(caller: Caller) -> None:
    caller.wecom.platform.company.add_member(Member("Guest", licensed=False))
    answer = await caller.send("user1", "GUEST")
    assert (answer["errcode"], answer["unlicenseduser"]) == (0, "guest")
    assert caller.shown("guest") == []


@pytest.mark.parametrize(
    ("kind", "content", "errcode"),
    [
        ("text", {"content": ""}, 44004),
        ("markdown_v2", {"content": "x"}, 40008),
        ("nonsense", {"content": "x"}, 40008),
        ("textcard", {"title": "t", "description": "d", "url": "ftp://x"}, 40058),
        ("template_card", {"card_type": "button_interaction", "main_title": {"title": "t"}, "task_id": "第"}, 40058),
        ("template_card", {"card_type": "text_notice", "main_title": {"title": "t"}}, 42045),
        ("textcard", {"title": "t", "description": "", "url": "https://x"}, 40058),
        ("textcard", {"title": "t", "description": "d", "url": "https://x/" + "x" * 2048}, 40058),
        ("news", {"articles": []}, 45008),
        ("news", {"articles": [{"title": "t"}]}, 40058),
        ("news", {"articles": [{"title": "t", "url": "https://x", "picurl": "cover.png"}]}, 40058),
        ("mpnews", {"articles": [{"title": "t", "content": "c"}]}, 40058),
        ("mpnews", {"articles": [{"title": "t", "thumb_media_id": "x", "content": "c" * 666_001}]}, 45002),
        ("mpnews", {"articles": [{"title": "t", "thumb_media_id": "x", "content": "c", "author": "简" * 22}]}, 40058),
        ("mpnews", {"articles": [{"title": "t", "thumb_media_id": "none", "content": "c"}]}, 40007),
        ("file", {"media_id": "none"}, 40007),
    ],
    ids=[
        *("empty", "robots_kind", "unknown", "url", "task", "no_action", "no_words", "long_url", "no_article"),
        *("no_url", "no_picture_url", "no_cover", "long_text", "long_author", "cover", "media"),
    ],
)
async def test_a_message_of_the_wrong_form_is_refused(
    caller: Caller, kind: str, content: dict[str, Any], errcode: int
) -> None:
    assert (await caller.send("user1", kind=kind, content=content))["errcode"] == errcode
    assert caller.shown("user1") == []


async def test_a_text_that_is_too_long_is_cut_and_says_so_to_the_test(caller: Caller) -> None:
    await caller.send("user1", content={"content": "简" * 683})
    assert [one.cut for one in caller.wecom.platform.company.before("user1")] == [True]


async def test_characters_written_as_escapes_are_refused(caller: Caller) -> None:
    body = json.dumps({"touser": "user1", "agentid": AGENT, "msgtype": "text", "text": {"content": "简报"}}).encode()
    answer = await caller.client.post("/cgi-bin/message/send", params={"access_token": caller.token}, content=body)
    assert answer.json()["errcode"] == 40033


async def test_a_message_can_be_recalled_for_24_hours(caller: Caller) -> None:
    early, late = [(await caller.send("user1"))["msgid"] for _ in range(2)]
    assert (await caller.post("/cgi-bin/message/recall", {"msgid": early}))["errcode"] == 0
    assert len(caller.shown("user1")) == 1
    caller.wecom.clock.move(hours=25)
    await caller.fetch()
    assert (await caller.post("/cgi-bin/message/recall", {"msgid": late}))["errcode"] != 0


async def test_a_response_code_changes_a_card_once_and_only_for_72_hours(caller: Caller) -> None:
    answers = [await caller.send("user1", kind="template_card", content=button_card(task)) for task in ("t1", "t2")]
    change = {"userids": ["user1", "user2"], "agentid": AGENT, "button": {"replace_name": "已签收"}}
    first = await caller.post(
        "/cgi-bin/message/update_template_card", {**change, "response_code": answers[0]["response_code"]}
    )
    assert (first["errcode"], first["invaliduser"]) == (0, ["user2"])
    assert caller.wecom.platform.company.greyed == {(answers[0]["msgid"], "user1"): "已签收"}
    again = await caller.post(
        "/cgi-bin/message/update_template_card", {**change, "response_code": answers[0]["response_code"]}
    )
    assert again["errcode"] != 0
    caller.wecom.clock.move(hours=73)
    await caller.fetch()
    late = await caller.post(
        "/cgi-bin/message/update_template_card", {**change, "response_code": answers[1]["response_code"]}
    )
    assert late["errcode"] != 0


async def test_look_ups_are_locked_when_a_fifth_of_them_failed(caller: Caller) -> None:
    assert (await caller.post("/cgi-bin/user/getuserid", {"mobile": "13800000003"}))["userid"] == "user3"
    found = await caller.post("/cgi-bin/user/get_userid_by_email", {"email": "USER4@example.gov.cn"})
    assert found["userid"] == "user4"
    misses = [await caller.post("/cgi-bin/user/getuserid", {"mobile": "13900000000"}) for _ in range(3)]
    assert [miss["errcode"] for miss in misses] == [46004] * 3
    assert (await caller.post("/cgi-bin/user/getuserid", {"mobile": "13800000003"}))["errcode"] == 45009


async def test_a_login_code_works_once_and_for_five_minutes(caller: Caller) -> None:
    async def who(code: str) -> dict[str, Any]:
        query = {"access_token": caller.token, "code": code}
        found: dict[str, Any] = (await caller.client.get("/cgi-bin/auth/getuserinfo", params=query)).json()
        return found

    contacts = caller.wecom.platform.contacts
    code, old, stranger = contacts.enter("user1"), contacts.enter("user2"), contacts.enter("o123", member=False)
    assert (await who(code))["userid"] == "user1"
    assert (await who(code))["errcode"] == 40029
    assert "userid" not in await who(stranger)
    caller.wecom.clock.move(minutes=5)
    assert (await who(old))["errcode"] == 40029


async def test_a_robot_takes_20_messages_a_minute_and_refuses_the_next(caller: Caller) -> None:
    message = {"msgtype": "markdown_v2", "markdown_v2": {"content": "# 第12期"}}
    answers = [await caller.post("/cgi-bin/webhook/send", message, key="robot-key") for _ in range(21)]
    assert [answer["errcode"] for answer in answers] == [0] * 20 + [45009]
    assert (await caller.post("/cgi-bin/webhook/send", message, key="other"))["errcode"] == 93000


async def test_a_robot_refuses_what_an_app_would_cut(caller: Caller) -> None:
    message = {"msgtype": "markdown", "markdown": {"content": "简" * 1366}}
    answer = await caller.post("/cgi-bin/webhook/send", message, key="robot-key")
    assert answer["errcode"] == 40058
    assert "markdown.content exceed max length 4096" in answer["errmsg"]


async def test_a_file_of_one_robot_is_of_no_use_to_an_app(caller: Caller) -> None:
    answer = await caller.client.post(
        "/cgi-bin/webhook/upload_media",
        params={"key": "robot-key", "type": "file"},
        files={"media": ("简报.pdf", b"%PDF-1.7 ...", "application/pdf")},
    )
    media_id = answer.json()["media_id"]
    file = {"msgtype": "file", "file": {"media_id": media_id}}
    assert (await caller.post("/cgi-bin/webhook/send", file, key="robot-key"))["errcode"] == 0
    assert (await caller.send("user1", kind="file", content={"media_id": media_id}))["errcode"] == 40007


@pytest.mark.parametrize(
    ("fault", "arrived"), [(LostBefore(), 0), (LostAfter(), 1)], ids=["before_the_work", "after_the_work"]
)
async def test_a_lost_connection_gives_no_answer(caller: Caller, fault: LostBefore | LostAfter, arrived: int) -> None:
    caller.wecom.platform.faults.script("/cgi-bin/message/send", fault)
    with pytest.raises(httpx2.TransportError):
        await caller.send("user1")
    assert len(caller.shown("user1")) == arrived


async def test_a_gateway_in_front_answers_in_html(caller: Caller) -> None:
    caller.wecom.platform.faults.script("/cgi-bin/message/send", Broken(502), Garbled())
    answers = [
        await caller.client.post("/cgi-bin/message/send", params={"access_token": caller.token}, content=b"{}")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [502, 200]
    assert all(answer.text.startswith("<html>") for answer in answers)


async def test_a_pressed_button_arrives_sealed_with_a_new_response_code(caller: Caller) -> None:
    await caller.send("user1", kind="template_card", content=button_card("t1"))
    (shown,) = caller.wecom.platform.company.before("user1")
    call = caller.wecom.platform.callbacks.press(shown, "acknowledge")
    encrypted = call.body.partition("<Encrypt><![CDATA[")[2].partition("]]>")[0]
    event = SEAL.open(
        encrypted,
        signature=call.query["msg_signature"],
        timestamp=call.query["timestamp"],
        nonce=call.query["nonce"],
    ).decode()
    assert "<EventKey>acknowledge</EventKey>" in event
    assert "<FromUserName>user1</FromUserName>" in event
    assert "<TaskId>t1</TaskId>" in event
