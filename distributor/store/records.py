"""What the store takes and gives: plain values, no database types.

All times are UTC and aware. A `delivery_id` is a random hex string, never a counter, so that
tokens and Message-IDs of a rebuilt database cannot meet those of the old one.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from distributor.delivery.reason import Reason
from distributor.delivery.state import State
from distributor.recipients.manners import USUAL, Manners
from distributor.recipients.model import Recipient, Reserve


@dataclass(frozen=True, slots=True)
class BulletinKey:
    """What makes a bulletin the same number: corrections share a key and differ in edition."""

    title: str
    issuer: str
    year: int
    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One group's letter as frozen: its rendition (a document the rendering room reads back) and its recipients."""

    group: str
    direction: str
    channel: str
    rendition: str  # JSON text
    recipients: tuple[Recipient, ...]
    on_unknown: str = "hold"
    manners: Manners = USUAL
    reserves: tuple[Reserve, ...] = ()  # who gets this letter when an earlier channel has failed


@dataclass(frozen=True, slots=True)
class Frozen:
    """Everything `finalise` freezes, written in one transaction."""

    key: BulletinKey
    edition: int
    title: str  # as letters print it, with the number: 云岭河长制工作简报 第12期
    digest: str
    directory_digest: str
    file_name: str
    source: bytes
    assets: Mapping[str, bytes]  # pictures by the path written in the source
    letters: tuple[Letter, ...]
    send_rule: str = ""  # the bulletin's own, as `distributor.toml` writes rules; empty: the office's


@dataclass(frozen=True, slots=True)
class BulletinRecord:
    """A finalised bulletin as stored."""

    id: int
    key: BulletinKey
    edition: int
    title: str
    digest: str
    directory_digest: str
    file_name: str
    finalised_at: dt.datetime
    released_at: dt.datetime | None  # when a send first began
    valid_until: dt.datetime | None
    send_rule: str = ""  # its own, frozen with it; empty: the office's


@dataclass(frozen=True, slots=True)
class DispatchRecord:
    """One bulletin × one group."""

    id: int
    bulletin_id: int
    group: str
    direction: str
    channel: str
    released_at: dt.datetime | None
    hold: str | None  # the reason it waits for a person
    rendition: str
    on_unknown: str = "hold"
    manners: Manners = USUAL
    replaced: bool = False  # a later freeze made another letter; this one is what some people got


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery leased to one worker. Every later write must carry its epoch."""

    delivery_id: str
    epoch: int
    dispatch_id: int
    bulletin_id: int
    channel: str
    address: str
    name: str
    unit: str
    role: str | None
    attempts: int
    released_at: dt.datetime  # dates the letter: the same on every attempt
    valid_until: dt.datetime


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try and what came of it; `verdict` is empty while the try is under way or if the process died."""

    number: int
    started_at: dt.datetime
    ended_at: dt.datetime | None
    verdict: str
    fault: str
    stage: str
    code: int
    enhanced: str
    text: str
    account: str = ""  # of the carrier; empty where nobody knows


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """One recipient × one channel of one dispatch, with where it stands."""

    id: str
    bulletin_id: int
    dispatch_id: int
    group: str
    direction: str
    channel: str
    key: str
    address: str
    name: str
    unit: str
    role: str | None
    credited: tuple[str, ...]
    people: tuple[str, ...]
    state: State
    reason: str
    attempts: int  # charged ones
    next_attempt_at: dt.datetime | None
    changed_at: dt.datetime
    valid_until: dt.datetime | None = None
    history: tuple[AttemptRecord, ...] = field(default=())
    listed: bool = True  # by the last freeze; nothing more is sent to people who are not
    called_off: bool = False  # cancelled while a carrier had it
    follows: str = ""  # the id of the copy on an earlier channel that it took over for

    @property
    def is_put_aside(self) -> bool:
        """Whether its letter was refused for its content, so that it waits until a person says that it should go."""
        return self.state is State.QUEUED and self.reason == Reason.CONTENT


def not_taken_over(deliveries: Iterable[DeliveryRecord]) -> list[DeliveryRecord]:
    """The same without copies that did not arrive while the person's copy on another channel stands for them."""
    every = list(deliveries)
    spared = {one.follows for one in every}
    spared |= {one.id for one in every if one.follows and _reached(every, one.follows)}
    lost = (State.BOUNCED, State.FAILED, State.SUPPRESSED)
    return [one for one in every if one.id not in spared or one.state not in lost]


def _reached(deliveries: Iterable[DeliveryRecord], delivery_id: str) -> bool:
    return any(one.id == delivery_id and one.state in (State.ACCEPTED, State.DELIVERED) for one in deliveries)


@dataclass(frozen=True, slots=True)
class FreezeResult:
    """What a freeze did to the recipients: rows made or queued again, rows cancelled, rows left as they were.

    `withdrawn`: rows of listed people that stay withdrawn, not counted in `kept`. `replaced`: another text was there.
    """

    added: int
    cancelled: int
    kept: int
    withdrawn: int = 0
    replaced: bool = False


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep put right: rows given back, rows whose outcome is not known, rows whose time was over."""

    requeued: int
    unknown: int
    expired: int = 0


@dataclass(frozen=True, slots=True)
class Books:
    """The count of one dispatch or bulletin. The books balance when `planned` equals the settled rows plus unknown.

    A copy that took over on another channel is owed and counted like any other; `taken_over` are those it follows.
    """

    planned: int
    by_state: Mapping[State, int]
    taken_over: int = 0

    @property
    def open(self) -> int:
        """Rows that still move by themselves or wait for a worker."""
        return sum(self.by_state.get(s, 0) for s in (State.QUEUED, State.CLAIMED, State.SENDING, State.DEFERRED))

    @property
    def unknown(self) -> int:
        return self.by_state.get(State.UNKNOWN, 0)

    @property
    def reached(self) -> int:
        """Rows that the next hop took."""
        return self.by_state.get(State.ACCEPTED, 0) + self.by_state.get(State.DELIVERED, 0)

    @property
    def missed(self) -> int:
        """Rows whose recipient has no copy and gets none by itself: a person must act."""
        lost = sum(self.by_state.get(s, 0) for s in (State.BOUNCED, State.FAILED, State.SUPPRESSED))
        return lost - self.taken_over

    @property
    def balanced(self) -> bool:
        """planned = accepted + delivered + bounced + failed + unknown + suppressed + cancelled."""
        return self.open == 0 and self.planned == sum(self.by_state.values())

    @property
    def finished(self) -> bool:
        """Balanced, and nobody's copy is in doubt."""
        return self.balanced and self.unknown == 0
