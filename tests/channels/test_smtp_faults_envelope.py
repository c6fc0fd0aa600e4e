"""Faults 9 to 17: the sender, the recipient or DATA is refused."""

import pytest

from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import BODY, Checkpoints, channel_to, letter, sent, what
from tests.channels.server import Raw, Say, ScriptedServer


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
    assert await server.deserted()
    following = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage(stage.lower()))
    assert following.verdict is Verdict.ACCEPTED
    assert server.connections == 2
    assert [one.recipient for one in server.delivered] == ["b@x.test"]
