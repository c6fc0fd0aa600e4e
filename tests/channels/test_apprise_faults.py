"""What goes wrong with chats by Apprise: whatever the library says, the verdict is what went over the wire."""

import asyncio
import datetime as dt
import io
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from distributor import log
from distributor.channels.apprise.channel import AppriseChannel
from distributor.channels.apprise.exchange import Exchange
from distributor.channels.apprise.meaning import judged
from distributor.channels.base import File, Message
from distributor.delivery.outcome import Fault, Outcome, Verdict
from distributor.settings.apprise import AppriseChat, secrets_in
from tests.channels.chat_platform import Act, ChatPlatform, Drip, HangUp, Say, Stay, said
from tests.channels.letters import NOBODY, TOO_LONG, Checkpoints
from tests.channels.moments import let_pass
from tests.channels.test_apprise_contract import chat_message

FEISHU, FEISHU_PATH = (
    "feishu://aaaabbbb-cccc-dddd-eeee-ffff00001111",
    ("/open-apis/bot/v2/hook/aaaabbbb-cccc-dddd-eeee-ffff00001111/"),
)
TOKEN = FEISHU.removeprefix("feishu://")
DINGTALK, DINGTALK_PATH = "dingtalk://SEC0123456789abcdef@0a1b2c3d4e5f6a7b8c9d", "/robot/send"
SLACK, SLACK_PATH = (
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    ("/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"),
)
WELL = said(code=0, msg="success", data={})
GATEWAY = b"<html>bad gateway</html>"
PDF = File("简报.pdf", "application/pdf", b"%PDF-1.7 paper")


@pytest.fixture
async def platform() -> AsyncIterator[ChatPlatform]:
    async with ChatPlatform(usual=WELL) as platform:
        yield platform


async def sent(platform: ChatPlatform, url: str = FEISHU, message: Message | None = None, **changes: Any) -> Outcome:
    """What comes of one message by a new line, at the platform on the socket."""
    chat = AppriseChat(**{"url": SecretStr(url), "base_url": platform.address, "timeout": "60 seconds", **changes})
    channel = AppriseChannel({"一群": chat})
    outcome = await channel.send(message or chat_message("一群"), Checkpoints())
    await channel.close()
    return outcome


@pytest.mark.parametrize(
    ("act", "verdict", "fault", "code"),
    [
        pytest.param(WELL, Verdict.ACCEPTED, Fault.NONE, 200, id="yes"),
        pytest.param(said(StatusCode=0), Verdict.ACCEPTED, Fault.NONE, 200, id="yes, as of old"),
        pytest.param(said(code=19001, taken=False), Verdict.REJECTED, Fault.RECIPIENT, 19001, id="no such hook"),
        pytest.param(said(400, code=19001), Verdict.REJECTED, Fault.RECIPIENT, 19001, id="no such hook, as 400"),
        pytest.param(said(code=19024, taken=False), Verdict.REJECTED, Fault.RECIPIENT, 19024, id="no keyword"),
        pytest.param(said(code=11232, taken=False), Verdict.DEFERRED, Fault.RECIPIENT, 11232, id="too often"),
        pytest.param(said(code=424242, taken=False), Verdict.DEFERRED, Fault.NONE, 424242, id="a code nobody knows"),
        pytest.param(said(400), Verdict.DEFERRED, Fault.NONE, 400, id="a bad request"),
        pytest.param(said(404), Verdict.REJECTED, Fault.RECIPIENT, 404, id="not there"),
        pytest.param(said(429), Verdict.DEFERRED, Fault.RECIPIENT, 429, id="too many requests"),
        pytest.param(Say(503, GATEWAY, taken=False), Verdict.DEFERRED, Fault.RECIPIENT, 503, id="busy"),
        pytest.param(Say(302, b"", (("location", "/login"),)), Verdict.DEFERRED, Fault.NONE, 302, id="elsewhere"),
        pytest.param(Say(200, GATEWAY), Verdict.UNKNOWN, Fault.NETWORK, 0, id="200 without an answer"),
        pytest.param(said(ok=True), Verdict.UNKNOWN, Fault.NETWORK, 0, id="200 by somebody else"),
        pytest.param(Say(502, GATEWAY), Verdict.UNKNOWN, Fault.NETWORK, 0, id="a gateway's page"),
        pytest.param(said(500, error="?"), Verdict.UNKNOWN, Fault.NETWORK, 0, id="it broke"),
        pytest.param(HangUp(), Verdict.UNKNOWN, Fault.NETWORK, 0, id="it hung up"),
    ],
)
async def test_the_verdict_is_what_the_platform_said_and_not_what_apprise_made_of_it(
    platform: ChatPlatform, act: Act, verdict: Verdict, fault: Fault, code: int
) -> None:
    platform.script(FEISHU_PATH, [act])
    outcome = await sent(platform)
    assert (outcome.verdict, outcome.fault, outcome.reply.code) == (verdict, fault, code)
    assert len(platform.posted) == 1
    assert outcome.reply.text


@pytest.mark.parametrize(
    ("url", "path", "act", "verdict"),
    [
        pytest.param(DINGTALK, DINGTALK_PATH, said(errcode=0, errmsg="ok"), Verdict.ACCEPTED, id="钉钉 yes"),
        pytest.param(DINGTALK, DINGTALK_PATH, said(errcode=310000), Verdict.REJECTED, id="钉钉 wrong sign"),
        pytest.param(DINGTALK, DINGTALK_PATH, said(errcode=410100), Verdict.DEFERRED, id="钉钉 too often"),
        pytest.param(SLACK, SLACK_PATH, Say(200, b"ok"), Verdict.ACCEPTED, id="Slack yes"),
        pytest.param(SLACK, SLACK_PATH, Say(410, b"channel_is_archived"), Verdict.REJECTED, id="Slack archived"),
        pytest.param("json://localhost/hook", "/hook", said(ok=False), Verdict.DEFERRED, id="JSON that says no"),
        pytest.param("form://localhost/hook", "/hook", Say(204, b""), Verdict.ACCEPTED, id="a form, no words back"),
    ],
)
async def test_other_platforms_are_understood_in_their_own_words(
    platform: ChatPlatform, url: str, path: str, act: Act, verdict: Verdict
) -> None:
    platform.usual = act
    outcome = await sent(platform, url)
    assert outcome.verdict is verdict
    assert [one.path.partition("?")[0] for one in platform.posted] == [path]


async def test_a_platform_without_markdown_gets_plain_lines_and_one_with_it_gets_markdown(
    platform: ChatPlatform,
) -> None:
    message = chat_message("一群", text="- 石桥镇：巡河\n\n[阅读全文](https://b.example.gov.cn/b/abc_d)")
    await sent(platform, message=message)
    platform.usual = said(errcode=0)
    await sent(platform, DINGTALK, message)
    feishu, dingtalk = (one.document for one in platform.shown)
    assert feishu["content"]["text"] == (
        "云岭河长制工作简报 第12期\r\n办\n- 石桥镇：巡河\n\n阅读全文：https://b.example.gov.cn/b/abc_d"
    )
    assert dingtalk["markdown"]["text"] == (
        "# 云岭河长制工作简报 第12期\n**办**\n- 石桥镇：巡河\n\n[阅读全文](https://b.example.gov.cn/b/abc_d)"
    )


async def test_the_pause_that_the_platform_asks_for_is_kept_within_an_hour(platform: ChatPlatform) -> None:
    for seconds in ("120", "999999", "soon"):
        platform.script(FEISHU_PATH, [Say(429, b"", (("retry-after", seconds),), taken=False)])
    waits = [(await sent(platform)).wait for _ in range(3)]
    assert waits == [dt.timedelta(minutes=2), dt.timedelta(hours=1), dt.timedelta(minutes=1)]


@pytest.mark.parametrize("act", [Stay(), Drip()], ids=["silent", "endless"])
async def test_when_the_time_is_over_and_the_words_had_left_nobody_knows(platform: ChatPlatform, act: Act) -> None:
    platform.usual, platform.haste = act, TOO_LONG
    outcome = await sent(platform)
    assert outcome.verdict is Verdict.UNKNOWN
    assert len(platform.posted) == 1


async def test_when_the_time_is_over_and_the_line_was_not_open_nothing_has_left(platform: ChatPlatform) -> None:
    """The socket takes the connection and never answers the TLS greeting."""
    sending = asyncio.create_task(sent(platform, base_url=f"https://127.0.0.1:{platform.port}"))
    await platform.called.wait()
    let_pass(TOO_LONG)
    outcome = await sending
    assert (outcome.verdict, outcome.fault) == (Verdict.DEFERRED, Fault.NETWORK)
    assert platform.posted == []


async def test_when_nobody_listens_nothing_was_sent(platform: ChatPlatform) -> None:
    outcome = await sent(platform, base_url=f"http://127.0.0.1:{NOBODY}")
    assert (outcome.verdict, outcome.fault) == (Verdict.DEFERRED, Fault.NETWORK)


async def test_nothing_goes_in_clear_to_another_machine(platform: ChatPlatform) -> None:
    outcome = await sent(platform, "json://192.0.2.1/hook", base_url="")
    assert (outcome.verdict, outcome.fault) == (Verdict.DEFERRED, Fault.RECIPIENT)
    assert "not encrypted" in outcome.reply.text


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "feishu://",
        "no-such-service://aaaabbbbcccc",
        "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#a/#b",
    ],
    ids=["no URL", "no token", "no such service", "two chats"],
)
async def test_a_url_that_is_no_chat_defers_its_copy_alone_and_is_not_shown(platform: ChatPlatform, url: str) -> None:
    checkpoint = Checkpoints()
    outcome = await AppriseChannel({"一群": AppriseChat(url=SecretStr(url))}).send(chat_message("一群"), checkpoint)
    assert (outcome.verdict, outcome.fault, checkpoint.calls) == (Verdict.DEFERRED, Fault.RECIPIENT, 0)
    assert not any(secret in repr(outcome) for secret in secrets_in(url))


async def test_what_a_url_asks_for_beside_its_chat_is_not_granted(platform: ChatPlatform) -> None:
    platform.script(FEISHU_PATH, [Say(302, b"", (("location", "/elsewhere"),), taken=False)])
    outcome = await sent(platform, f"{FEISHU}?retry=3&redirect=yes&optional=yes&overflow=split&rto=60")
    assert outcome.verdict is Verdict.DEFERRED
    assert [one.path for one in platform.posted] == [FEISHU_PATH]


async def test_a_message_that_is_longer_than_the_platform_takes_is_refused_and_never_cut(
    platform: ChatPlatform,
) -> None:
    checkpoint = Checkpoints()
    chat = AppriseChat(url=SecretStr(FEISHU), base_url=platform.address)
    outcome = await AppriseChannel({"一群": chat}).send(chat_message("一群", text="简" * 20_000), checkpoint)
    assert (outcome.verdict, outcome.fault, checkpoint.calls) == (Verdict.REJECTED, Fault.RECIPIENT, 0)
    assert "19985" in outcome.reply.text


def with_file(message: Message) -> Message:
    return Message(message.delivery_id, message.envelope, message.parts, (PDF,))


async def test_the_words_come_first_and_alone_and_the_file_after_them(platform: ChatPlatform) -> None:
    outcome = await sent(platform, "json://localhost/hook", with_file(chat_message("一群")))
    assert outcome.verdict is Verdict.ACCEPTED
    words, file = (one.document for one in platform.shown)
    assert words["attachments"] == []
    assert [one["filename"] for one in file["attachments"]] == [PDF.name]


@pytest.mark.parametrize(
    ("act", "told"), [(Say(413, b"too large", taken=False), "is missing"), (HangUp(), "may be missing")]
)
async def test_words_that_were_said_stay_said_when_the_file_is_lost(
    platform: ChatPlatform, act: Act, told: str
) -> None:
    platform.script("/hook", [WELL, act])
    outcome = await sent(platform, "json://localhost/hook", with_file(chat_message("一群")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert told in outcome.reply.text


async def test_a_platform_that_takes_no_files_gets_the_words(platform: ChatPlatform) -> None:
    outcome = await sent(platform, message=with_file(chat_message("一群")))
    assert outcome.verdict is Verdict.ACCEPTED
    assert "missing" in outcome.reply.text
    assert len(platform.posted) == 1


async def test_certificates_are_checked_whatever_the_url_says(platform: ChatPlatform, tmp_path: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with ChatPlatform(usual=WELL, tls=context) as private:
        stranger = await sent(private, f"{FEISHU}?verify=no")
        assert (stranger.verdict, stranger.fault, private.posted) == (Verdict.DEFERRED, Fault.NETWORK, [])
        known = await sent(private, ca_file=tmp_path / "ca.pem")
        assert known.verdict is Verdict.ACCEPTED


async def test_a_proxy_of_the_settings_is_used_and_none_of_the_environment(
    platform: ChatPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{NOBODY}")
    assert (await sent(platform)).verdict is Verdict.ACCEPTED
    outcome = await sent(platform, base_url="http://localhost:9", proxy=platform.address)
    assert outcome.verdict is Verdict.ACCEPTED
    assert platform.posted[-1].path.startswith("http://localhost:9/open-apis/")


async def test_no_secret_reaches_an_outcome_or_the_log(platform: ChatPlatform) -> None:
    stream = io.StringIO()
    handlers, level = logging.root.handlers[:], logging.root.level
    try:
        log.configure("json", "debug", stream=stream)
        logging.root.setLevel(logging.DEBUG)
        platform.script(FEISHU_PATH, [said(400, msg=f"token {TOKEN} is invalid"), HangUp(), WELL])
        outcomes = [await sent(platform) for _ in range(3)]
        outcomes.append(await sent(platform, "slack://bad/TIiajkdnlazkcOXrIdevi7FQ"))
        log.log("test").warning("test.echo", said=f"POST {FEISHU_PATH}")
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
    written = stream.getvalue()
    assert "test.echo" in written
    assert TOKEN not in written + repr(outcomes)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in written + repr(outcomes)
    assert "urllib3" in written
    assert '"apprise' not in written


async def test_other_users_of_the_http_library_are_left_alone(platform: ChatPlatform) -> None:
    """Outside a message's own thread no rule of ours holds."""
    await sent(platform)
    platform.script("/there", [Say(302, b"", (("location", "/here"),))])
    answer = await asyncio.to_thread(requests.get, f"{platform.address}/there", timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (200, 0)


WENT_WELL, WENT_BAD = Exchange(sent=True, status=200, answer=b"ok"), Exchange(sent=True, status=404)


@pytest.mark.parametrize(
    ("told", "made", "verdict"),
    [
        pytest.param(True, [WENT_WELL, WENT_WELL], Verdict.ACCEPTED, id="logged in and said"),
        pytest.param(False, [WENT_WELL, WENT_BAD], Verdict.UNKNOWN, id="one of two was refused"),
        pytest.param(True, [WENT_BAD, WENT_WELL], Verdict.UNKNOWN, id="one of two, and it makes nothing of it"),
        pytest.param(False, [Exchange(), WENT_BAD], Verdict.REJECTED, id="not there, then refused"),
        pytest.param(False, [Exchange()], Verdict.DEFERRED, id="never left"),
        pytest.param(True, [Exchange()], Verdict.DEFERRED, id="never left, whatever it says"),
        pytest.param(False, [WENT_WELL], Verdict.UNKNOWN, id="no for a reason that nobody sees"),
        pytest.param(None, [WENT_WELL], Verdict.UNKNOWN, id="it broke after a good answer"),
        pytest.param(True, [], Verdict.ACCEPTED, id="a service without HTTP says yes"),
        pytest.param(False, [], Verdict.UNKNOWN, id="a service without HTTP says no"),
    ],
)
def test_several_requests_are_judged_together(told: bool | None, made: list[Exchange], verdict: Verdict) -> None:
    assert judged(told, made, "matrix").verdict is verdict


ANSWERS = [b"", b"ok", b"{}", b"[1", b'{"code": 0}', b'{"code": 19001}', b'{"code": true}', b'{"ok": false}']
EXCHANGES = st.builds(
    Exchange,
    sent=st.booleans(),
    status=st.sampled_from([0, 200, 204, 302, 400, 404, 429, 500, 502, 503]),
    answer=st.sampled_from(ANSWERS),
    wait=st.integers(0, 10**6),
    held_back=st.booleans(),
)


@given(st.sampled_from([True, False, None]), st.lists(EXCHANGES, max_size=4))
def test_what_may_have_been_taken_is_never_tried_again_and_what_was_refused_never_accepted(
    told: bool | None, made: list[Exchange]
) -> None:
    outcome = judged(told, made, "feishu")
    answered = [one for one in made if one.status]
    if any(one.sent and not one.status for one in made):
        assert outcome.verdict is Verdict.UNKNOWN
    if outcome.verdict is Verdict.ACCEPTED:
        assert told
        assert all(one.status < 300 and one.answer not in (b'{"code": 19001}', b'{"ok": false}') for one in answered)
    if outcome.verdict in (Verdict.DEFERRED, Verdict.REJECTED):
        assert outcome.fault in (Fault.NONE, Fault.RECIPIENT, Fault.NETWORK)
        assert told is False or all(
            one.status >= 300 or b"19001" in one.answer or b"ok" in one.answer for one in answered
        )


def test_every_part_of_a_url_that_gives_entry_is_a_secret_and_a_machine_is_none() -> None:
    url = "jsons://office:geheim%40bad@chat.example.gov.cn:8443/hook/abcdef0123456789?key=fedcba9876543210"
    found = secrets_in(url)
    assert {url, "office", "geheim%40bad", "geheim@bad", "abcdef0123456789", "fedcba9876543210"} <= set(found)
    assert not {"chat.example.gov.cn", "hook", "8443", ""} & set(found)
