"""Letters and checkpoints for the channels' tests."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from distributor.channels.base import Envelope, Message, OpenFailed
from distributor.channels.smtp import SmtpChannel
from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from distributor.settings import SmtpAccount
from tests.channels.moments import breathe
from tests.channels.server import ScriptedServer

#: How long an answer is waited for. It only ends what hangs: where no answer comes, a test lets the time pass.
LIMIT = timedelta(seconds=60)

#: The `haste` of a server that lets all limits end.
TOO_LONG = 61.0

#: Nobody listens here, and no server that takes any free port is ever given this one.
NOBODY = 1

SENDER = "hzb@example.gov.cn"
BODY = b"Subject: =?utf-8?b?566A5oql?=\r\n\r\nfirst line\r\n.second line begins with a dot\r\n.\r\nlast line\r\n"


def letter(recipient: str = "lisi@example.gov.cn", body: bytes = BODY, **envelope: str) -> Message:
    """A letter to one recipient."""
    sender = envelope.pop("sender", SENDER)
    return Message(f"delivery of {recipient}", Envelope(sender, recipient, **envelope), (body,))


@dataclass
class Checkpoints:
    """A checkpoint that counts its calls and looks around while it is awaited."""

    answer: bool = True
    during: Callable[[], Any] | None = None
    error: Exception | None = None
    calls: int = 0
    seen: list[Any] = field(default_factory=list)

    async def __call__(self) -> bool:
        self.calls += 1
        await breathe()
        if self.during is not None:
            self.seen.append(self.during())
        if self.error is not None:
            raise self.error
        return self.answer


def account_of(server: ScriptedServer, **changes: Any) -> SmtpAccount:
    """The account of a test: no TLS, loopback."""
    fields: dict[str, Any] = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    fields |= {"timeout": LIMIT, "dot_timeout": LIMIT}
    return SmtpAccount(**(fields | changes))


def channel_to(
    server: ScriptedServer, *, password: str = "", tls_context: ssl.SSLContext | None = None, **changes: Any
) -> SmtpChannel:
    """A channel to a test server."""
    return SmtpChannel(account_of(server, **changes), password=password, tls_context=tls_context)


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
