"""Faults 1 to 4: the line does not open, or opens with less than it should."""

import socket
from typing import NoReturn

import pytest

from distributor.delivery.outcome import Fault, Stage, Verdict
from tests.channels.letters import NOBODY, Checkpoints, channel_to, letter, opened, sent, what
from tests.channels.server import Drop, Say, ScriptedServer


async def test_1_a_refused_connection_is_network_trouble() -> None:
    outcome = await opened(ScriptedServer(port=NOBODY))
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)
    assert f"127.0.0.1:{NOBODY}" in outcome.reply.text


async def test_1_an_unknown_host_is_network_trouble_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(host: str, *rest: object, **more: object) -> NoReturn:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)  # a real look-up may take longer than any limit
    outcome = await opened(ScriptedServer(port=465), host="no-such-host.invalid", security="tls")
    assert what(outcome) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)
    assert "no-such-host.invalid" in outcome.reply.text
    assert "DNS" in outcome.reply.text


async def test_a_letter_on_a_line_that_does_not_open_gets_the_same_outcome() -> None:
    assert what(await sent(ScriptedServer(port=NOBODY))) == (Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT)


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
