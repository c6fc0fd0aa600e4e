"""The same letters through somebody else's server: aiosmtpd, with and without STARTTLS and login."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from hypothesis import given, settings
from hypothesis import strategies as st

from distributor.channels.smtp import SmtpChannel
from distributor.delivery.outcome import Fault, Verdict
from distributor.settings import SmtpAccount
from tests.channels.letters import BODY, LIMIT, Checkpoints, letter
from tests.channels.moments import breathe

CA = trustme.CA()


@dataclass
class Mailbox:
    """aiosmtpd's side of it."""

    letters: list[tuple[list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        self.letters.append((list(envelope.rcpt_tos), envelope.content))
        return "250 2.0.0 kept"


@asynccontextmanager
async def serving(mailbox: Mailbox, **options: Any) -> AsyncIterator[int]:
    lines: list[SMTP] = []

    def answer() -> SMTP:
        lines.append(SMTP(mailbox, hostname="test.invalid", **options))
        return lines[-1]

    server = await asyncio.get_running_loop().create_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for line in lines:  # one that is left to the garbage collector is an error of some later test
            if isinstance(line.transport, asyncio.Transport):
                line.transport.abort()
        await breathe()


def account(port: int, **changes: Any) -> SmtpAccount:
    fields: dict[str, Any] = {"host": "127.0.0.1", "port": port, "security": "none", "timeout": LIMIT}
    return SmtpAccount(**(fields | changes))


async def test_letters_arrive_without_login() -> None:
    mailbox = Mailbox()
    async with serving(mailbox) as port:
        channel = SmtpChannel(account(port))
        outcomes = [await channel.send(letter(f"{name}@x.test"), Checkpoints()) for name in "abc"]
        await channel.close()
    assert {outcome.verdict for outcome in outcomes} == {Verdict.ACCEPTED}
    assert mailbox.letters == [([f"{name}@x.test"], BODY) for name in "abc"]


@pytest.mark.parametrize(
    ("password", "verdict", "fault"),
    [("right", Verdict.ACCEPTED, Fault.NONE), ("wrong", Verdict.DEFERRED, Fault.ACCOUNT)],
)
async def test_letters_arrive_after_starttls_and_login(password: str, verdict: Verdict, fault: Fault) -> None:
    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, login: Any) -> AuthResult:
        good = (login.login, login.password) == (b"hzb", b"right")
        return AuthResult(success=good, handled=False)  # the server answers, or the client waits for its whole limit

    theirs = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    CA.issue_cert("127.0.0.1").configure_cert(theirs)
    ours = ssl.create_default_context()
    CA.configure_trust(ours)
    mailbox = Mailbox()
    options = {"tls_context": theirs, "require_starttls": True, "auth_required": True, "authenticator": authenticate}
    async with serving(mailbox, **options) as port:
        channel = SmtpChannel(account(port, security="starttls", username="hzb"), password=password, tls_context=ours)
        outcome = await channel.send(letter("a@x.test"), Checkpoints())
        await channel.close()
    assert (outcome.verdict, outcome.fault) == (verdict, fault)
    assert mailbox.letters == ([(["a@x.test"], BODY)] if verdict is Verdict.ACCEPTED else [])


@settings(max_examples=20, deadline=None)
@given(lines=st.lists(st.sampled_from([b".", b"..", b". x", b"", b"x", b".x.", b"x."]), min_size=1, max_size=12))
async def test_dots_arrive_as_they_are(lines: list[bytes]) -> None:
    body, mailbox = b"\r\n".join(lines) + b"\r\n", Mailbox()
    async with serving(mailbox) as port:
        channel = SmtpChannel(account(port))
        await channel.send(letter("a@x.test", body), Checkpoints())
        await channel.close()
    assert mailbox.letters == [(["a@x.test"], body)]
