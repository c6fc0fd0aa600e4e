"""SMTP's faults 1 to 27, one after the other, against a real socket: what goes wrong and what comes of it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from distributor.channels.base import ClaimLost, OpenFailed
from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from tests.channels.letters import BODY, Checkpoints, breathe, channel_to, letter
from tests.channels.server import (
    Drip,
    Drop,
    Raw,
    Say,
    SayAndDrop,
    ScriptedServer,
    Stall,
    TakeAndDrop,
    TakeAndSay,
    Wait,
)

SHORT = timedelta(seconds=0.3)


@pytest.fixture(params=[True, False], ids=["pipelining", "verb by verb"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer(pipelining=request.param) as server:
        yield server


async def opened(server: ScriptedServer, **account: Any) -> Outcome:
    """Why a line cannot be opened."""
    channel = channel_to(server, **account)
    with pytest.raises(OpenFailed) as failed:
        await channel.open()
    await channel.close()
    return failed.value.outcome


async def sent(server: ScriptedServer, **account: Any) -> Outcome:
    """What comes of one letter on a new line."""
    channel = channel_to(server, **account)
    outcome = await channel.send(letter(), Checkpoints())
    await channel.close()
    return outcome


def what(outcome: Outcome) -> tuple[Verdict, Fault, Stage]:
    return outcome.verdict, outcome.fault, outcome.stage


# 1 to 3, 8, 26: the line does not open, and it is nobody's fault but the network's or the account's.


async def test_1_a_refused_connection_is_network_trouble() -> None:
    async with ScriptedServer() as server:
        pass
    outcome = await opened(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)
    assert f"127.0.0.1:{server.port}" in outcome.reply.text


async def test_1_an_unknown_host_is_network_trouble_and_is_named() -> None:
    outcome = await opened(ScriptedServer(port=465), host="no-such-host.invalid", security="tls")
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)
    assert "no-such-host.invalid" in outcome.reply.text
    assert "DNS" in outcome.reply.text


async def test_a_letter_on_a_line_that_does_not_open_gets_the_same_outcome() -> None:
    async with ScriptedServer() as server:
        pass
    assert what(await sent(server)) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)


@pytest.mark.parametrize(
    ("greeting", "fault"),
    [
        pytest.param("421 4.3.2 busy", Fault.THROTTLE, id="421"),
        pytest.param("450 4.3.2 later", Fault.THROTTLE, id="450"),
        pytest.param("554 5.7.1 you are listed", Fault.ACCOUNT, id="554"),
        pytest.param("554 too many connections", Fault.THROTTLE, id="554 that means later"),
    ],
)
async def test_2_and_3_a_greeting_that_refuses(greeting: str, fault: Fault) -> None:
    async with ScriptedServer() as server:
        server.plan("GREETING", Say(greeting))
        outcome = await opened(server)
    assert what(outcome) == (Verdict.DEFERRED, fault, Stage.GREETING)
    assert greeting.partition(" ")[0] in str(outcome.reply)


async def test_a_server_that_hangs_up_instead_of_greeting_is_network_trouble() -> None:
    async with ScriptedServer() as server:
        server.plan("GREETING", Drop())
        outcome = await opened(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.GREETING)


async def test_4_without_ehlo_the_letter_goes_by_helo_and_without_dsn() -> None:
    async with ScriptedServer(extensions=("DSN", "SIZE 1000")) as server:
        server.plan("EHLO", Say("502 5.5.1 what?"))
        channel = channel_to(server)
        outcome = await channel.send(letter(envid="e1", notify="FAILURE"), Checkpoints())
        assert not channel.offer.dsn
        await channel.close()
    assert outcome.verdict is Verdict.ACCEPTED
    assert [(one.mail_parameters, one.rcpt_parameters) for one in server.delivered] == [("", "")]


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param("450 4.3.0 later", Fault.THROTTLE, id="temporary"),
        pytest.param("421 4.3.0 later", Fault.THROTTLE, id="closing"),
    ],
)
async def test_a_temporary_refusal_of_ehlo_is_no_reason_for_helo(answer: str, fault: Fault) -> None:
    async with ScriptedServer() as server:
        server.plan("EHLO", Say(answer))
        outcome = await opened(server)
    assert what(outcome) == (Verdict.DEFERRED, fault, Stage.EHLO)
    assert not any(command.startswith("HELO") for command in server.commands)


async def test_a_name_refused_in_ehlo_and_helo_is_a_matter_of_our_settings() -> None:
    async with ScriptedServer() as server:
        server.plan("EHLO", Say("504 5.5.2 need a full name"))
        server.plan("HELO", Say("504 5.5.2 need a full name"))
        outcome = await opened(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.CONFIGURATION, Stage.EHLO)
    assert "local_hostname" in outcome.reply.text


# 9 to 14: the envelope is refused.


@pytest.mark.parametrize(
    ("stage", "answer", "verdict", "fault"),
    [
        pytest.param("MAIL", "451 4.3.0 later", Verdict.DEFERRED, Fault.THROTTLE, id="9 MAIL 4xx"),
        pytest.param("MAIL", "553 mail from must equal user", Verdict.DEFERRED, Fault.CONFIGURATION, id="10 MAIL 553"),
        pytest.param("MAIL", "440 mail from doesn't conform", Verdict.DEFERRED, Fault.CONFIGURATION, id="10 MAIL 440"),
        pytest.param("MAIL", "501 5.1.7 bad sender", Verdict.DEFERRED, Fault.CONFIGURATION, id="10 MAIL 501"),
        pytest.param("MAIL", "530 5.7.0 log in first", Verdict.DEFERRED, Fault.ACCOUNT, id="10 MAIL 530"),
        pytest.param("RCPT", "450 4.2.0 greylisted", Verdict.DEFERRED, Fault.RECIPIENT, id="11 greylisting"),
        pytest.param("RCPT", "550 5.1.1 no such user", Verdict.REJECTED, Fault.RECIPIENT, id="12 no such user"),
        pytest.param("RCPT", "552 too many", Verdict.DEFERRED, Fault.THROTTLE, id="13 552"),
        pytest.param("RCPT", "452 4.5.3 too many", Verdict.DEFERRED, Fault.THROTTLE, id="13 452"),
        pytest.param("RCPT", "550 Ip frequency limited", Verdict.DEFERRED, Fault.THROTTLE, id="14 QQ says slow down"),
        pytest.param("RCPT", "421 4.7.0 too much", Verdict.DEFERRED, Fault.THROTTLE, id="16 closing"),
        pytest.param("DATA", "451 4.3.0 later", Verdict.DEFERRED, Fault.NONE, id="17 DATA 4xx"),
        pytest.param("DATA", "554 5.6.0 not this", Verdict.REJECTED, Fault.CONTENT, id="17 DATA 5xx"),
    ],
)
async def test_a_refused_envelope_and_the_next_letter(
    server: ScriptedServer, stage: str, answer: str, verdict: Verdict, fault: Fault
) -> None:
    server.plan(stage, Say(answer))
    channel, checkpoint = channel_to(server), Checkpoints()
    outcome = await channel.send(letter("a@x.test"), checkpoint)
    assert what(outcome) == (verdict, fault, Stage(stage.lower()))
    assert outcome.reply.code == int(answer[:3])
    assert checkpoint.calls == 0
    assert server.delivered == []
    following = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert following.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in server.delivered] == ["b@x.test"]
    assert server.connections == (2 if answer.startswith("421") else 1)


async def test_11_a_greylisted_letter_comes_back_with_the_same_sender(server: ScriptedServer) -> None:
    server.plan("RCPT", Say("450 4.2.0 greylisted"))
    channel, checkpoint = channel_to(server), Checkpoints()
    message = letter(sender="bounce+t0ken@example.gov.cn")
    outcomes = [await channel.send(message, checkpoint) for _ in range(2)]
    await channel.close()
    assert [outcome.verdict for outcome in outcomes] == [Verdict.DEFERRED, Verdict.ACCEPTED]
    senders = {command for command in server.commands if command.startswith("MAIL")}
    assert len(senders) == 1


async def test_data_granted_after_a_refused_recipient_ends_with_a_lone_dot() -> None:
    """RFC 2920 3.1: the server may answer 354 although it has nobody to deliver to."""
    async with ScriptedServer() as server:
        server.plan("RCPT", Say("550 5.1.1 no such user"))
        server.plan("DATA", Say("354 go on"))
        channel, checkpoint = channel_to(server), Checkpoints()
        refused = await channel.send(letter("a@x.test"), checkpoint)
        following = await channel.send(letter("b@x.test"), checkpoint)
        await channel.close()
    assert what(refused) == (Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT)
    assert following.verdict is Verdict.ACCEPTED
    assert [(one.recipient, one.body) for one in server.delivered] == [("b@x.test", BODY)]
    assert (server.dots, server.connections) == (2, 1)


async def test_data_granted_to_somebody_after_a_refused_sender_gets_no_dot() -> None:
    """A server this confused would deliver an empty letter."""
    async with ScriptedServer() as server:
        server.plan("MAIL", Raw(b"550 5.7.1 no\r\n"))
        outcome = await sent(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.CONFIGURATION, Stage.MAIL)
    assert server.dots == 0
    assert server.delivered == []


@pytest.mark.parametrize(("stage", "answer"), [("MAIL", "354 go"), ("RCPT", "354 go"), ("DATA", "250 ok")])
async def test_an_answer_out_of_step_ends_the_line(server: ScriptedServer, stage: str, answer: str) -> None:
    server.plan(stage, Say(answer))
    channel, checkpoint = channel_to(server), Checkpoints()
    outcome = await channel.send(letter("a@x.test"), checkpoint)
    following = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage(stage.lower()))
    assert following.verdict is Verdict.ACCEPTED
    assert server.connections == 2
    assert [one.recipient for one in server.delivered] == ["b@x.test"]


# 18 to 23: around the dot.


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA", "BODY"])
async def test_18_a_line_lost_before_the_dot_is_a_plain_retry(server: ScriptedServer, stage: str) -> None:
    server.plan(stage, Drop())
    outcome = await sent(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage(stage.lower()))
    assert server.delivered == []
    assert server.dots == 0


@pytest.mark.parametrize("loss", [Drop(), TakeAndDrop()], ids=["not taken", "taken"])
async def test_19_a_line_lost_after_the_dot_is_unknown(server: ScriptedServer, loss: Drop | TakeAndDrop) -> None:
    server.plan("DOT", loss)
    outcome = await sent(server)
    assert what(outcome) == (Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)
    assert server.dots == 1
    assert server.connections == 1


async def test_20_a_temporary_refusal_of_the_dot_is_a_retry_even_when_the_server_kept_it(
    server: ScriptedServer,
) -> None:
    server.plan("DOT", TakeAndSay("451 4.3.0 later"))
    assert what(await sent(server)) == (Verdict.DEFERRED, Fault.NONE, Stage.DOT)


async def test_21_a_spam_verdict_at_the_dot_is_about_the_content(server: ScriptedServer) -> None:
    server.plan("DOT", Say("554 DT:SPM 163 smtp8"))
    assert what(await sent(server)) == (Verdict.REJECTED, Fault.CONTENT, Stage.DOT)


async def test_22_a_late_answer_to_the_dot_is_awaited_beyond_the_limit_of_commands(server: ScriptedServer) -> None:
    late = asyncio.Event()
    server.plan("DOT", Wait(late))
    asyncio.get_running_loop().call_later(0.6, late.set)
    outcome = await sent(server, timeout=SHORT)
    assert outcome.verdict is Verdict.ACCEPTED
    assert len(server.delivered) == 1


@pytest.mark.parametrize(
    "answer", [Stall(), Raw(b"\xff\xfe nonsense\r\n"), Drip(), Say("354 go on")], ids=["none", "garbage", "drip", "354"]
)
async def test_23_no_readable_answer_to_the_dot_is_unknown(
    server: ScriptedServer, answer: Stall | Raw | Drip | Say
) -> None:
    server.plan("DOT", answer)
    outcome = await sent(server, dot_timeout=SHORT)
    assert what(outcome) == (Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)
    assert outcome.reply.text


@pytest.mark.parametrize(
    ("answer", "verdict", "fault"),
    [
        pytest.param(Say("552 5.3.4 too big"), Verdict.REJECTED, Fault.CONTENT, id="552"),
        pytest.param(SayAndDrop("552 5.3.4 too big"), Verdict.REJECTED, Fault.CONTENT, id="552 and gone"),
        pytest.param(SayAndDrop("421 4.3.2 closing"), Verdict.DEFERRED, Fault.THROTTLE, id="421"),
        pytest.param(Say("250 thanks"), Verdict.DEFERRED, Fault.NETWORK, id="250 out of step"),
    ],
)
async def test_an_answer_before_the_dot_keeps_the_dot_back(
    server: ScriptedServer, answer: Say, verdict: Verdict, fault: Fault
) -> None:
    server.plan("BODY", answer)
    channel, checkpoint = channel_to(server), Checkpoints()
    outcome = await channel.send(letter("a@x.test"), checkpoint)
    following = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert what(outcome) == (verdict, fault, Stage.BODY)
    assert following.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in server.delivered] == ["b@x.test"]


@pytest.mark.parametrize(
    ("last_words", "verdict", "fault"),
    [("552 5.3.4 too big", Verdict.REJECTED, Fault.CONTENT), ("", Verdict.DEFERRED, Fault.NETWORK)],
    ids=["refused", "lost"],
)
async def test_what_happens_during_the_checkpoint_keeps_the_dot_back(
    server: ScriptedServer, last_words: str, verdict: Verdict, fault: Fault
) -> None:
    """The body was through and the server silent when the checkpoint began; its end comes at once after the answer."""
    server.plan("BODY", Wait(asyncio.Event()))
    channel = channel_to(server)

    async def checkpoint() -> bool:
        await server.body_begun.wait()
        server.hang_up(last_words)
        return True

    outcome = await channel.send(letter(), checkpoint)
    await channel.close()
    assert what(outcome) == (verdict, fault, Stage.BODY)
    assert server.dots == 0


async def test_nothing_of_the_dot_is_on_the_wire_while_the_checkpoint_is_awaited(server: ScriptedServer) -> None:
    channel = channel_to(server)
    checkpoint = Checkpoints(during=lambda: (server.body_begun.is_set(), server.dots))
    await channel.send(letter(), checkpoint)
    await channel.close()
    assert checkpoint.seen == [(True, 0)]
    assert server.dots == 1


async def test_a_lost_claim_leaves_the_server_without_its_dot(server: ScriptedServer) -> None:
    channel = channel_to(server)
    with pytest.raises(ClaimLost):
        await channel.send(letter(), Checkpoints(answer=False))
    await breathe()
    assert (server.abandoned, server.dots) == (1, 0)
    await channel.close()


async def test_a_send_that_is_cancelled_before_the_dot_delivers_nothing(server: ScriptedServer) -> None:
    channel, forever = channel_to(server), asyncio.Event()

    async def checkpoint() -> bool:
        return await forever.wait()

    sending = asyncio.create_task(channel.send(letter(), checkpoint))
    await server.body_begun.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    await breathe()
    assert (server.abandoned, server.dots) == (1, 0)
    await channel.close()


# 24 to 27.


@pytest.mark.parametrize("farewell", [Drop(), Say("500 what?"), Raw(b"\0\0\0")], ids=["drop", "500", "garbage"])
async def test_24_a_failed_goodbye_changes_nothing(server: ScriptedServer, farewell: Drop | Say | Raw) -> None:
    server.plan("QUIT", farewell)
    assert (await sent(server)).verdict is Verdict.ACCEPTED
    assert len(server.delivered) == 1


@pytest.mark.parametrize(
    "end", [Say("421 4.7.0 enough letters"), Drop(), Stall()], ids=["421", "drop", "a line that went dead"]
)
async def test_25_a_line_that_ends_between_letters_is_opened_again(
    server: ScriptedServer, end: Say | Drop | Stall
) -> None:
    channel, checkpoint = channel_to(server, timeout=SHORT), Checkpoints()
    first = await channel.send(letter("a@x.test"), checkpoint)
    server.plan("MAIL", end)
    second = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert (first.verdict, second.verdict) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert [one.recipient for one in server.delivered] == ["a@x.test", "b@x.test"]
    assert server.connections == 2
    assert checkpoint.calls == 2


async def test_25_a_line_that_said_goodbye_while_idle_is_opened_again(server: ScriptedServer) -> None:
    channel, checkpoint = channel_to(server), Checkpoints()
    await channel.send(letter("a@x.test"), checkpoint)
    server.hang_up("421 4.4.2 idle too long")
    await breathe()
    await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert [one.recipient for one in server.delivered] == ["a@x.test", "b@x.test"]
    assert server.connections == 2


async def test_25_a_line_is_opened_again_only_once_for_a_letter(server: ScriptedServer) -> None:
    channel, checkpoint = channel_to(server), Checkpoints()
    await channel.send(letter("a@x.test"), checkpoint)
    server.plan("MAIL", Drop(), Drop(), Drop())
    outcome = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.MAIL)
    assert server.connections == 2


async def test_25_a_server_that_cannot_be_reached_again_defers_the_letter(server: ScriptedServer) -> None:
    channel, checkpoint = channel_to(server), Checkpoints()
    await channel.send(letter("a@x.test"), checkpoint)
    server.plan("MAIL", Drop())
    server.plan("GREETING", Say("421 4.3.2 going down"))
    outcome = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert what(outcome) == (Verdict.DEFERRED, Fault.THROTTLE, Stage.GREETING)


GARBAGE = b"x" * 65536 + b"\r\n"
ENDLESS = b"220-and so on\r\n" * 5000
ENDLESS_REPLY = b"250-and so on\r\n" * 101 + b"250 at last\r\n"


@pytest.mark.parametrize(
    "greeting",
    [Raw(GARBAGE), Raw(ENDLESS), Raw(b"hello\r\n"), Raw(b"999 hello\r\n"), Drip(b"220-x\r\n"), Stall()],
    ids=["64 KiB", "endless", "no code", "strange code", "drip", "blackhole"],
)
async def test_26_a_greeting_without_sense_or_end_frees_the_line(greeting: Raw | Drip | Stall) -> None:
    async with ScriptedServer() as server:
        server.plan("GREETING", greeting)
        outcome = await opened(server, timeout=SHORT)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.GREETING)
    assert len(outcome.reply.text) <= 1000


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    "answer",
    [
        Raw(GARBAGE),
        Raw(ENDLESS_REPLY),
        Raw(b"334 x\r\n" * 20),
        Raw(b"250\xff\r\n"),
        Raw(b"250-a\r\n251 b\r\n"),
        Drip(),
        Stall(),
    ],
    ids=["64 KiB", "101 lines", "too many", "no code", "two codes", "drip", "blackhole"],
)
async def test_26_an_answer_without_sense_or_end_frees_the_line(
    server: ScriptedServer, stage: str, answer: Raw | Drip | Stall
) -> None:
    server.plan(stage, answer)
    outcome = await sent(server, timeout=SHORT)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage(stage.lower()))
    assert server.delivered == []


async def test_26_a_server_that_reads_nothing_frees_the_line(server: ScriptedServer) -> None:
    never = asyncio.Event()
    server.plan("BODY", Wait(never))
    body = b"Subject: big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 130_000
    channel, checkpoint = channel_to(server, timeout=SHORT), Checkpoints()
    outcome = await channel.send(letter(body=body), checkpoint)
    await channel.close()
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.BODY)
    assert checkpoint.calls == 0


async def test_27_a_letter_above_the_servers_limit_is_refused_before_a_byte_is_sent() -> None:
    async with ScriptedServer(extensions=("SIZE 100",)) as server:
        channel, checkpoint = channel_to(server), Checkpoints()
        outcome = await channel.send(letter(body=BODY * 3), checkpoint)
        small = await channel.send(letter(body=b"Subject: x\r\n\r\nx\r\n"), checkpoint)
        await channel.close()
    assert what(outcome) == (Verdict.REJECTED, Fault.CONTENT, Stage.MAIL)
    assert str(len(BODY * 3)) in outcome.reply.text
    assert "100" in outcome.reply.text
    assert small.verdict is Verdict.ACCEPTED
    assert [command.split(" ")[0] for command in server.commands] == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


async def test_27_a_letter_that_the_server_finds_too_large_is_about_the_content(server: ScriptedServer) -> None:
    server.plan("MAIL", Say("552 5.3.4 message size exceeds the limit"))
    assert what(await sent(server)) == (Verdict.REJECTED, Fault.CONTENT, Stage.MAIL)
