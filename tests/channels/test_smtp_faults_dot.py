"""Faults 18 to 23: around the dot, where a retry ends and doubt begins."""

import asyncio
import datetime as dt

import pytest

from distributor.channels.base import ClaimLost
from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import TOO_LONG, Checkpoints, channel_to, letter, sent, what
from tests.channels.moments import breathe, let_pass
from tests.channels.server import Drip, Drop, Raw, Say, SayAndDrop, ScriptedServer, Stall, TakeAndDrop, TakeAndSay, Wait


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


async def test_a_dot_refused_with_421_ends_the_line(server: ScriptedServer) -> None:
    server.plan("DOT", Raw(b"421 4.3.2 closing\r\n"))
    channel = channel_to(server)
    outcome = await channel.send(letter(), Checkpoints())
    assert what(outcome) == (Verdict.DEFERRED, Fault.THROTTLE, Stage.DOT)
    assert await server.deserted()
    await channel.close()


async def test_21_a_spam_verdict_at_the_dot_is_about_the_content(server: ScriptedServer) -> None:
    server.plan("DOT", Say("554 DT:SPM 163 smtp8"))
    assert what(await sent(server)) == (Verdict.REJECTED, Fault.CONTENT, Stage.DOT)


async def test_22_a_late_answer_to_the_dot_is_awaited_beyond_the_limit_of_commands(server: ScriptedServer) -> None:
    late = asyncio.Event()
    server.plan("DOT", Wait(late))
    sending = asyncio.create_task(sent(server, dot_timeout=dt.timedelta(minutes=10)))
    await server.stalled.wait()
    let_pass(TOO_LONG)
    await breathe()
    late.set()
    outcome = await sending
    assert outcome.verdict is Verdict.ACCEPTED
    assert len(server.delivered) == 1


@pytest.mark.parametrize(
    "answer", [Stall(), Raw(b"\xff\xfe nonsense\r\n"), Drip(), Say("354 go on")], ids=["none", "garbage", "drip", "354"]
)
async def test_23_no_readable_answer_to_the_dot_is_unknown(
    server: ScriptedServer, answer: Stall | Raw | Drip | Say
) -> None:
    server.haste = TOO_LONG
    server.plan("DOT", answer)
    channel = channel_to(server)
    outcome = await channel.send(letter(), Checkpoints())
    assert await server.deserted()
    await channel.close()
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
    assert await server.deserted()
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
    channel, dots = channel_to(server), []

    async def checkpoint() -> bool:
        await server.body_begun.wait()
        await breathe()
        dots.append(server.dots)
        return True

    await channel.send(letter(), checkpoint)
    await channel.close()
    assert dots == [0]
    assert server.dots == 1


async def test_a_lost_claim_leaves_the_server_without_its_dot(server: ScriptedServer) -> None:
    channel = channel_to(server)
    with pytest.raises(ClaimLost):
        await channel.send(letter(), Checkpoints(answer=False))
    assert await server.deserted()
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
    assert await server.deserted()
    assert (server.abandoned, server.dots) == (1, 0)
    await channel.close()
