"""The verdict of one attempt for one recipient, with the evidence for it.

Channels speak only this vocabulary; what a verdict does to a row is decided in one
place (`delivery/judgement.py`), not by each channel.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Verdict(StrEnum):
    """What an attempt came to."""

    ACCEPTED = "accepted"  # the next hop took it; says nothing of the mailbox
    DEFERRED = "deferred"  # not taken now, may be later; nothing was delivered
    REJECTED = "rejected"  # not taken, and trying the same again is useless
    UNKNOWN = "unknown"  # the irrevocable byte went and no answer came


class Fault(StrEnum):
    """Whose trouble a refusal is. Only `recipient` is ever charged to the person."""

    NONE = "none"
    RECIPIENT = "recipient"  # this address
    CONTENT = "content"  # this bulletin: size, policy, spam verdict
    THROTTLE = "throttle"  # we are too fast or too many
    ACCOUNT = "account"  # our login, quota or reputation
    CONFIGURATION = "configuration"  # our settings: TLS, sender address, host name
    NETWORK = "network"  # connection refused, lost, timed out, unreadable reply


class Stage(StrEnum):
    """How far an attempt came. After `DOT` or `REQUEST` the message may have been taken."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"
    UPLOAD = "upload"  # a file that the message refers to
    REQUEST = "request"  # the request that carries the message over HTTP


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer: the code (0: none came), the enhanced code (RFC 3463) or "", the text in one line."""

    code: int = 0
    enhanced: str = ""
    text: str = ""

    def __str__(self) -> str:
        return " ".join(part for part in (str(self.code) if self.code else "", self.enhanced, self.text) if part)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One recipient's verdict, why, how far it came and what was said. `wait` is the server's or channel's wish.

    `reference` is what the platform calls an accepted message, in the channel's own form: with it the channel
    changes or recalls the message later.
    """

    verdict: Verdict
    fault: Fault = Fault.NONE
    stage: Stage = Stage.CONNECT
    reply: Reply = Reply()
    wait: timedelta | None = None
    reference: str = ""

    @property
    def stops_the_account(self) -> bool:
        """Whether no other recipient can fare better on this account now."""
        return self.fault in (Fault.ACCOUNT, Fault.CONFIGURATION)
