"""TLS and login: all of it or nothing, and never a step in clear (faults 5 to 8)."""

import base64
import datetime as dt
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from distributor.channels.base import OpenFailed
from distributor.channels.smtp import SmtpChannel
from distributor.channels.smtp.connect import own_name, tls_context_of
from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from tests.channels.letters import BODY, TOO_LONG, Checkpoints, account_of, channel_to, letter
from tests.channels.server import Drop, Raw, Say, ScriptedServer, Stall

PASSWORD = "geheim-授权码-xyzzy"
LOGIN = ("hzb@example.gov.cn", PASSWORD)

# Opening a TLS connection costs tens of milliseconds; one CA and one certificate serve all tests.
CA = trustme.CA()


def certificate(*names: str, ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert(*names).configure_cert(context)
    return context


def trusting(ca: trustme.CA = CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    ca.configure_trust(context)
    return context


GOOD = certificate("127.0.0.1")


async def failed(server: ScriptedServer, **changes: Any) -> Outcome:
    """Why a line cannot be opened; nothing that was said may hold the password."""
    channel = channel_to(server, **({"tls_context": trusting()} | changes))
    with pytest.raises(OpenFailed) as failure:
        await channel.open()
    await channel.close()
    assert PASSWORD not in str(failure.value)
    assert f"127.0.0.1:{server.port}" in failure.value.outcome.reply.text
    assert failure.value.outcome.verdict is Verdict.DEFERRED
    return failure.value.outcome


@pytest.fixture(params=["tls", "starttls"])
async def secure(request: pytest.FixtureRequest) -> AsyncIterator[tuple[ScriptedServer, str]]:
    async with ScriptedServer(tls=GOOD, implicit_tls=request.param == "tls", login=LOGIN) as server:
        yield server, request.param


async def test_letters_go_through_tls_after_a_login(secure: tuple[ScriptedServer, str]) -> None:
    server, security = secure
    channel = channel_to(server, security=security, username=LOGIN[0], password=PASSWORD, tls_context=trusting())
    big = b"Subject: big\r\n\r\n" + (b"y" * 70 + b"\r\n") * 30_000
    outcomes = [await channel.send(letter(body=body), Checkpoints()) for body in (BODY, big, BODY)]
    assert channel.offer.pipelining
    await channel.close()
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert [one.body for one in server.delivered] == [BODY, big, BODY]
    assert server.connections == 1


async def test_the_ca_file_of_the_account_is_trusted(tmp_path: Path, secure: tuple[ScriptedServer, str]) -> None:
    server, security = secure
    file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(file))
    channel = channel_to(server, security=security, ca_file=file)
    outcome = await channel.send(letter(), Checkpoints())
    await channel.close()
    assert outcome.verdict is Verdict.ACCEPTED


@pytest.mark.parametrize("content", [None, "not a certificate"], ids=["missing", "not a certificate"])
async def test_a_ca_file_that_cannot_be_used_is_a_matter_of_our_settings(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    outcome = await failed(ScriptedServer(port=465), security="tls", ca_file=file, tls_context=None)
    assert outcome.fault is Fault.CONFIGURATION
    assert str(file) in outcome.reply.text


async def test_5_without_starttls_nothing_is_sent() -> None:
    async with ScriptedServer(login=LOGIN) as server:
        outcome = await failed(server, security="starttls", username=LOGIN[0], password=PASSWORD)
    assert (outcome.fault, outcome.stage) == (Fault.CONFIGURATION, Stage.STARTTLS)
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


async def test_4_without_ehlo_there_is_no_starttls_and_nothing_is_sent() -> None:
    async with ScriptedServer(tls=GOOD) as server:
        server.plan("EHLO", Say("502 5.5.1 what?"))
        outcome = await failed(server, security="starttls")
    assert (outcome.fault, outcome.stage) == (Fault.CONFIGURATION, Stage.STARTTLS)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param(Say("454 4.7.0 TLS not available"), Fault.CONFIGURATION, id="454"),
        pytest.param(Say("501 5.5.4 no"), Fault.CONFIGURATION, id="501"),
        pytest.param(Drop(), Fault.NETWORK, id="drop"),
    ],
)
async def test_5_a_refused_starttls_is_never_a_reason_to_go_on_in_clear(answer: Say | Drop, fault: Fault) -> None:
    async with ScriptedServer(tls=GOOD, login=LOGIN) as server:
        server.plan("STARTTLS", answer)
        outcome = await failed(server, security="starttls", username=LOGIN[0], password=PASSWORD)
    assert (outcome.fault, outcome.stage) == (fault, Stage.STARTTLS)
    assert [command.split(" ")[0] for command in server.commands] == ["EHLO", "STARTTLS"]


async def test_5_offers_made_in_clear_do_not_count() -> None:
    """RFC 3207 4.2."""
    async with ScriptedServer(tls=GOOD, extensions=("SIZE 10000000",)) as server:
        server.plan("EHLO", Raw(b"250-evil\r\n250-DSN\r\n250 STARTTLS\r\n"))
        server.plan("STARTTLS", Raw(b"220 go ahead\r\n250-evil\r\n250 DSN\r\n"))
        channel = channel_to(server, security="starttls", tls_context=trusting())
        await channel.open()
        assert not channel.offer.dsn
        assert channel.offer.size == 10_000_000
        await channel.close()


@pytest.mark.parametrize("security", ["tls", "starttls"])
@pytest.mark.parametrize(
    ("theirs", "ours", "reason"),
    [
        pytest.param(certificate("127.0.0.1", ca=trustme.CA()), trusting(), "certificate", id="a CA we do not know"),
        pytest.param(certificate("mail.example.org"), trusting(), "127.0.0.1", id="another host's"),
        pytest.param(GOOD, ssl.create_default_context(), "certificate", id="not in the system's list"),
    ],
)
async def test_6_a_certificate_that_is_not_good_ends_it(
    security: str, theirs: ssl.SSLContext, ours: ssl.SSLContext, reason: str
) -> None:
    async with ScriptedServer(tls=theirs, implicit_tls=security == "tls", login=LOGIN) as server:
        outcome = await failed(server, security=security, username=LOGIN[0], password=PASSWORD, tls_context=ours)
    assert outcome.fault is Fault.CONFIGURATION
    assert "certificate" in outcome.reply.text
    assert reason in outcome.reply.text
    assert not any(command.startswith("AUTH") for command in server.commands)


async def test_6_an_expired_certificate_ends_it_and_is_called_expired() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert("127.0.0.1", not_after=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).configure_cert(context)
    async with ScriptedServer(tls=context, implicit_tls=True) as server:
        outcome = await failed(server, security="tls")
    assert outcome.fault is Fault.CONFIGURATION
    assert "expired" in outcome.reply.text


async def test_a_port_that_does_not_speak_tls_is_a_matter_of_our_settings() -> None:
    async with ScriptedServer() as server:
        outcome = await failed(server, security="tls")
    assert outcome.fault is Fault.CONFIGURATION
    assert "587" in outcome.reply.text


async def test_a_tls_port_asked_in_clear_is_network_trouble_with_an_end() -> None:
    async with ScriptedServer(tls=GOOD, implicit_tls=True) as server:
        outcome = await failed(server, security="none", timeout=dt.timedelta(seconds=1))
    assert (outcome.fault, outcome.stage) == (Fault.NETWORK, Stage.GREETING)


async def test_no_tls_beyond_this_machine_is_refused_before_a_packet_leaves() -> None:
    """The settings refuse it too; the channel does not rely on that."""
    account = account_of(ScriptedServer(port=25)).model_copy(update={"host": "smtp.example.gov.cn"})
    with pytest.raises(OpenFailed) as failure:
        await SmtpChannel(account).open()
    assert failure.value.outcome.fault is Fault.CONFIGURATION


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        pytest.param("535 5.7.8 wrong", Fault.ACCOUNT, id="7 535"),
        pytest.param("526 Authentication failure[0]", Fault.ACCOUNT, id="7 526"),
        pytest.param("535 Error: frequency limited, Login Fail", Fault.THROTTLE, id="too often"),
        pytest.param("454 4.7.0 later", Fault.THROTTLE, id="8 454"),
        pytest.param("421 4.7.0 later", Fault.THROTTLE, id="421"),
    ],
)
async def test_7_and_8_a_refused_login_is_tried_once_and_charges_nobody(answer: str, fault: Fault) -> None:
    async with ScriptedServer(login=LOGIN, auth_methods="LOGIN PLAIN CRAM-MD5") as server:
        server.plan("AUTH", Say(answer))
        outcome = await failed(server, username=LOGIN[0], password=PASSWORD)
    assert (outcome.fault, outcome.stage) == (fault, Stage.AUTH)
    assert LOGIN[0] in outcome.reply.text
    assert len([command for command in server.commands if command.startswith("AUTH")]) == 1


async def test_a_method_that_is_offered_but_unknown_is_followed_by_the_next_one() -> None:
    async with ScriptedServer(login=LOGIN) as server:
        server.plan("AUTH", Say("504 5.5.4 unrecognised"))
        channel = channel_to(server, username=LOGIN[0], password=PASSWORD)
        await channel.open()
        await channel.close()
    methods = [command.split(" ")[1] for command in server.commands if command.startswith("AUTH")]
    assert methods == ["PLAIN", "LOGIN"]


async def test_a_server_without_a_login_is_a_matter_of_our_settings() -> None:
    async with ScriptedServer() as server:
        outcome = await failed(server, username=LOGIN[0], password=PASSWORD)
    assert (outcome.fault, outcome.stage) == (Fault.CONFIGURATION, Stage.AUTH)


async def test_a_server_that_echoes_the_login_does_not_put_the_password_into_our_records() -> None:
    plain = base64.b64encode(f"\0{LOGIN[0]}\0{PASSWORD}".encode()).decode()
    async with ScriptedServer(login=LOGIN) as server:
        server.plan("AUTH", Say(f"535 5.7.8 bad: {plain} {PASSWORD}"))
        outcome = await failed(server, username=LOGIN[0], password=PASSWORD)
    assert plain not in outcome.reply.text
    assert PASSWORD not in outcome.reply.text
    assert outcome.fault is Fault.ACCOUNT


@pytest.mark.parametrize("stage", ["EHLO", "AUTH", "STARTTLS"])
async def test_26_a_server_that_falls_silent_while_opening_frees_the_line(stage: str) -> None:
    async with ScriptedServer(tls=GOOD, login=LOGIN, haste=TOO_LONG) as server:
        server.plan(stage, Stall())
        outcome = await failed(
            server,
            security="starttls" if stage == "STARTTLS" else "none",
            username=LOGIN[0],
            password=PASSWORD,
        )
    assert (outcome.fault, outcome.stage) == (Fault.NETWORK, Stage(stage.lower()))
    assert "60 seconds" in outcome.reply.text


@pytest.mark.parametrize(
    ("hostname", "sockname", "said"),
    [
        ("relay.example.gov.cn", ("10.0.0.5", 1), "relay.example.gov.cn"),
        ("办公室", ("10.0.0.5", 1), "[10.0.0.5]"),
        ("pc-17", ("10.0.0.5", 1), "[10.0.0.5]"),
        ("pc 17.local", ("fe80::1%eth0", 1, 0, 0), "[IPv6:fe80::1]"),
    ],
    ids=["full name", "not ascii", "short", "IPv6"],
)
def test_a_machine_without_a_full_name_says_its_address(
    monkeypatch: pytest.MonkeyPatch, hostname: str, sockname: tuple[object, ...], said: str
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: hostname)
    assert own_name(sockname) == said


def test_certificates_and_names_are_always_verified() -> None:
    context = tls_context_of(account_of(ScriptedServer(port=25)))
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
