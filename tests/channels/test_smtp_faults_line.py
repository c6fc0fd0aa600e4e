"""Faults 24 to 27: goodbyes, lines that end in between, servers without sense or end, letters that are too large."""

import asyncio

import pytest

from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import BODY, TOO_LONG, Checkpoints, channel_to, letter, opened, sent, what
from tests.channels.moments import breathe
from tests.channels.server import Drip, Drop, Raw, Say, ScriptedServer, Stall, Wait


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
    server.haste = TOO_LONG
    channel, checkpoint = channel_to(server), Checkpoints()
    first = await channel.send(letter("a@x.test"), checkpoint)
    server.plan("MAIL", end)
    second = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert (first.verdict, second.verdict) == (Verdict.ACCEPTED, Verdict.ACCEPTED)
    assert [one.recipient for one in server.delivered] == ["a@x.test", "b@x.test"]
    assert server.connections == 2
    assert checkpoint.calls == 2


@pytest.mark.parametrize("words", ["421 4.4.2 idle too long", "250 2.0.0 anybody there?"], ids=["421", "out of step"])
async def test_25_a_line_that_spoke_while_idle_is_opened_again(server: ScriptedServer, words: str) -> None:
    channel, checkpoint = channel_to(server), Checkpoints()
    await channel.send(letter("a@x.test"), checkpoint)
    server.hang_up(words)
    await breathe()
    outcome = await channel.send(letter("b@x.test"), checkpoint)
    await channel.close()
    assert outcome.verdict is Verdict.ACCEPTED
    assert [one.recipient for one in server.delivered] == ["a@x.test", "b@x.test"]
    assert server.connections == 2


async def test_26_a_server_that_talks_without_end_while_idle_is_cut_off(server: ScriptedServer) -> None:
    channel = channel_to(server)
    await channel.open()
    for _ in range(20):
        server.hang_up("250 2.0.0 anybody there?")
    assert await server.deserted()
    await channel.close()


async def test_26_a_reply_without_a_line_end_is_cut_off_before_its_time_limit(server: ScriptedServer) -> None:
    server.plan("MAIL", Raw(b"250 " + b"x" * 70_000))
    outcome = await sent(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.MAIL)
    assert "no end" in outcome.reply.text


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
    async with ScriptedServer(haste=TOO_LONG) as server:
        server.plan("GREETING", greeting)
        outcome = await opened(server)
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
    server.haste = TOO_LONG
    server.plan(stage, answer)
    outcome = await sent(server)
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage(stage.lower()))
    assert server.delivered == []


async def test_26_a_server_that_reads_nothing_frees_the_line(server: ScriptedServer) -> None:
    never = asyncio.Event()
    server.haste = TOO_LONG
    server.plan("BODY", Wait(never))
    body = b"Subject: big\r\n\r\n" + (b"x" * 70 + b"\r\n") * 130_000
    channel, checkpoint = channel_to(server), Checkpoints()
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
