"""The seam between the work and the carriers.

A channel never sees the store: durability reaches it only as `checkpoint`.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from distributor.delivery.outcome import Outcome

#: Durably records that an irrevocable step comes next. Returns False when the claim on the
#: delivery was lost (lease over, cancelled): the channel must then stop before that step.
Checkpoint = Callable[[], Awaitable[bool]]


class ClaimLost(Exception):
    """The checkpoint said no: the delivery is not ours any more. Nothing irrevocable was done."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who a message is really from and for (RFC 5321), as distinct from its headers.

    `envid` and `notify` are DSN wishes (RFC 3461); a channel that cannot carry them leaves them out.
    """

    sender: str
    recipient: str
    envid: str = ""
    notify: str = ""  # "NEVER" or a comma list of SUCCESS, FAILURE, DELAY; empty: not asked


@dataclass(frozen=True, slots=True)
class File:
    """A file that travels beside a message, on media that carry files apart: a robot's PDF, the cover of an mpnews.

    `mark` stands in the message's bytes until the platform has taken the file and named it; a file without one is
    shown by itself, after the message. `printed`: a picture within the message's own text, known by an address.
    """

    name: str
    media_type: str
    content: bytes = field(repr=False)
    mark: str = ""
    printed: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """The bytes for one delivery. `parts` in a row are complete and in wire form: for a letter with CRLF line ends and
    no dot-stuffing yet, for WeChat's platforms the JSON document, in which only the marks of `files` are still open.

    Parts that many messages share are best given as the same objects: what was proven of one is not proven again.
    """

    delivery_id: str
    envelope: Envelope
    parts: tuple[bytes, ...]
    files: tuple[File, ...] = ()

    @property
    def body(self) -> bytes:
        """The whole in one piece."""
        return b"".join(self.parts)

    @property
    def size(self) -> int:
        """Octets, as SMTP counts them (RFC 1870)."""
        return sum(map(len, self.parts))


class Channel(Protocol):
    """One line to a carrier; a worker opens as many as it may have connections.

    Obligations:
    - `open` raises `OpenFailed` with the outcome that every waiting delivery shares; it is safe to call again.
    - `send` returns one outcome for the one recipient of the message and never raises for what
      the carrier says, nor for a message it cannot express. It awaits `checkpoint` right before each
      irrevocable step; before that step any trouble is DEFERRED, or REJECTED by a final no; after it
      an answer that can be read is believed, and none is UNKNOWN.
    - Faults of the account and its configuration are DEFERRED: they stop the account, not the person.
    - When `checkpoint` returns False, `send` abandons the message and raises `ClaimLost`; what
      `checkpoint` raises goes through. Nothing was delivered in either case.
    - `send` opens the line, and opens it again by itself when it was closed between messages.
    - One message at a time: a line is never shared.
    - `close` never raises and never changes an outcome.
    """

    name: str

    async def open(self) -> None: ...

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome: ...

    async def close(self) -> None: ...


class OpenFailed(Exception):
    """The line could not be opened; `outcome` says at which stage and whose fault it is."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.stage}: {outcome.reply}")
        self.outcome = outcome
