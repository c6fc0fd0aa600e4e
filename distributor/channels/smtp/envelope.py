"""The MAIL and RCPT lines of a letter, and what may stand in them.

Addresses were checked when the directory was read; they are checked again here, because this is
the last place before the wire: a line break in an address is a command (RFC 5321 4.1.2).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from distributor.channels.base import Envelope, Message
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.words import say

_ATOMS = re.compile(r"[!#-'*+\-/-9=?A-Z^-~]+(?:\.[!#-'*+\-/-9=?A-Z^-~]+)*")  # RFC 5321 4.1.2 Dot-string
_DOMAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9])?|\[[0-9A-Za-z.:]+\]")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY)){0,2}")  # RFC 3461 4.1


@dataclass(frozen=True, slots=True)
class Offer:
    """What the server offers on this line. `size` is its limit in octets, 0 for none (RFC 1870)."""

    pipelining: bool = False
    dsn: bool = False
    sizes: bool = False
    size: int = 0

    @classmethod
    def of(cls, extensions: Mapping[str, str]) -> Self:
        """Reads the extensions of an EHLO reply, keyed by their keyword in lower case."""
        size = extensions.get("size", "").strip()
        return cls(
            pipelining="pipelining" in extensions,
            dsn="dsn" in extensions,
            sizes="size" in extensions,
            size=int(size) if re.fullmatch(r"[0-9]{1,20}", size) else 0,
        )


class Unfit(Exception):
    """A letter that must not go on the wire; `outcome` says why."""

    def __init__(self, stage: Stage, fault: Fault, text: str) -> None:
        # Only a recipient's or a letter's own fault is final; our settings can be mended.
        verdict = Verdict.DEFERRED if fault is Fault.CONFIGURATION else Verdict.REJECTED
        self.outcome = Outcome(verdict, fault, stage, Reply(text=text))
        super().__init__(text)


def mail_line(message: Message, offer: Offer) -> bytes:
    """The MAIL command. Raises `Unfit` for a sender that cannot be written or a letter above the server's limit."""
    envelope, size = message.envelope, message.size
    if envelope.sender and not is_mailbox(envelope.sender):
        text = say(
            "The envelope sender {address} is not an address that SMTP can carry.", address=ascii(envelope.sender)
        )
        raise Unfit(Stage.MAIL, Fault.CONFIGURATION, text)
    if 0 < offer.size < size:
        text = say("The letter has {size} bytes; the mail server takes {limit} at most.", size=size, limit=offer.size)
        raise Unfit(Stage.MAIL, Fault.CONTENT, text)
    parameters = f" SIZE={size}" if offer.sizes else ""
    if offer.dsn and _wants_reports(envelope):
        parameters += " RET=HDRS" + _envid(envelope.envid)
    return f"MAIL FROM:<{envelope.sender}>{parameters}\r\n".encode("ascii")


def rcpt_line(envelope: Envelope, offer: Offer) -> bytes:
    """The RCPT command. Raises `Unfit` for an address that cannot be written."""
    if not is_mailbox(envelope.recipient):
        text = say("{address} is not an address that SMTP can carry.", address=ascii(envelope.recipient))
        raise Unfit(Stage.RCPT, Fault.RECIPIENT, text)
    parameters = ""
    if offer.dsn and _wants_reports(envelope):
        parameters = _notify(envelope.notify) + f" ORCPT=rfc822;{xtext(envelope.recipient)}"
    return f"RCPT TO:<{envelope.recipient}>{parameters}\r\n".encode("ascii")


def wire_body(parts: Sequence[bytes]) -> bytes:
    """The letter dot-stuffed (RFC 5321 4.5.2), without its last CRLF, which goes with the dot.

    Raises `Unfit` for what no relay may be handed: a bare CR or LF (SMTP smuggling), NUL, 8-bit bytes.
    """
    if not all(part.endswith(b"\r\n") for part in parts):
        parts = (b"".join(parts),)  # a part is proven alone only where a line ends with it
    wire = b"".join([_stuffed_before(part) if len(part) >= _LONG else _stuffed(part) for part in parts])
    if not wire:
        raise _not_for_the_wire()
    return wire.removesuffix(b"\r\n")


def _stuffed(lines: bytes) -> bytes:
    # Whatever ends a line comes back as CRLF, so a bare CR or LF shows as a difference; a regular
    # expression takes twenty times as long.
    same = b"\r\n".join(lines.splitlines()) == lines.removesuffix(b"\r\n")
    if not same or not lines.isascii() or b"\0" in lines:
        raise _not_for_the_wire()
    stuffed = lines.replace(b"\r\n.", b"\r\n..")
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


#: Long parts are shared by the copies of a letter; a few letters are under way at once.
_LONG = 4096
_stuffed_before = lru_cache(maxsize=32)(_stuffed)


def _not_for_the_wire() -> Unfit:
    text = say("The letter is not in the form that goes on the wire: CRLF line ends and 7-bit characters only.")
    return Unfit(Stage.BODY, Fault.CONTENT, text)


def is_mailbox(address: str) -> bool:
    """Whether an address can stand in an envelope without SMTPUTF8 and without quoting."""
    local, at, domain = address.rpartition("@")
    fits = bool(at) and len(local) <= 64 and len(address) <= 254  # RFC 5321 4.5.3.1
    return fits and bool(_ATOMS.fullmatch(local)) and bool(_DOMAIN.fullmatch(domain))


def xtext(text: str) -> str:
    """Encodes printable ASCII as RFC 3461 4 asks: `+`, `=` and what does not print become +HH."""
    return "".join(char if "!" <= char <= "~" and char not in "+=" else f"+{ord(char):02X}" for char in text)


def _wants_reports(envelope: Envelope) -> bool:
    return bool(envelope.envid or envelope.notify)


def _envid(envid: str) -> str:
    # RFC 3461 4.4: at most 100 characters, and only what xtext can express.
    if not envid.isascii() or len(envid) > 100:
        text = say("The envelope identifier {envid} is not one that SMTP can carry.", envid=ascii(envid))
        raise Unfit(Stage.MAIL, Fault.CONFIGURATION, text)
    return f" ENVID={xtext(envid)}" if envid else ""


def _notify(notify: str) -> str:
    wishes = notify.upper().replace(" ", "")
    if wishes and not _NOTIFY.fullmatch(wishes):
        text = say(
            "{notify} is not a wish for delivery reports: NEVER, or a list of SUCCESS, FAILURE, DELAY.",
            notify=ascii(notify),
        )
        raise Unfit(Stage.RCPT, Fault.CONFIGURATION, text)
    return f" NOTIFY={wishes}" if wishes else ""
