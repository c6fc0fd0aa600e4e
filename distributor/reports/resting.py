"""What rests by a person's word, or the service's own, said in names that people know."""

import datetime as dt
from dataclasses import dataclass

from distributor.delivery.breaker import Standing
from distributor.delivery.gap import Gap
from distributor.delivery.outcome import Fault
from distributor.store.breakers import breakers
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.pauses import ALL, Pause, paused
from distributor.words import Words, words

#: What the service paused everything for by itself; these codes stand in a pause where a person writes a reason.
GAPS: dict[Gap, Words] = {
    Gap.FINE: words("The database was changed by another program under this service's name."),
    Gap.RESTORED_BACKUP: words("The database is older than what this service last wrote: a backup was restored."),
    Gap.CLONED: words("Another machine, or a copy of this one, has used this database."),
    Gap.CLOCK_BACK: words("The clock of this machine was set back."),
    Gap.CLOCK_JUMP: words("The clock of this machine has jumped forward."),
}


@dataclass(frozen=True, slots=True)
class Resting:
    """One thing that rests. `name` says what it is."""

    pause: Pause
    name: Words | str


def resting(conn: Connection, *, bulletin_id: int | None = None) -> tuple[Resting, ...]:
    """Everything that rests, the longest first; for one bulletin, what keeps that one back, accounts included."""
    rests = paused(conn)
    if bulletin_id is not None:
        rests = tuple(one for one in rests if one.scope == f"bulletin:{bulletin_id}" or "bulletin:" not in one.scope)
    return tuple(Resting(one, scope_name(conn, one.scope)) for one in rests)


def scope_name(conn: Connection, scope: str) -> Words | str:
    """What a scope of the table of pauses is called. Raises `BadInput` when it names a bulletin that is not there."""
    kind, _, name = scope.partition(":")
    if scope == ALL:
        return words("Everything")
    if kind == "account":
        return words("The mail account {account}", account=name)
    return get_bulletin(conn, int(name)).title


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A mail account that the program leaves alone after trouble: what was said, and until when (UTC)."""

    account: str
    fault: Fault
    text: str
    until: dt.datetime | None


def left_alone(conn: Connection) -> tuple[LeftAlone, ...]:
    """The accounts that are left alone, or tried with a single letter, by name."""
    shut = (one for one in breakers(conn) if one.standing is not Standing.CLOSED)
    return tuple(LeftAlone(one.account, one.fault, one.text, one.until) for one in shut)


def left_alone_words(one: LeftAlone, until: str) -> Words:
    """One sentence about an account in trouble; `until` is its time as people at the office read it."""
    gaps = {"account": one.account, "when": until, "reply": one.text}
    return words("The mail account {account} is left alone until {when}: {reply}", **gaps)


def resting_words(one: Resting, since: str) -> Words:
    """One sentence about a rest; `since` is its time as people at the office read it."""
    if one.pause.reason:
        reason = reason_words(one.pause.reason)
        return words("{what} is paused since {when}: {reason}", what=one.name, when=since, reason=reason)
    return words("{what} is paused since {when}.", what=one.name, when=since)


def reason_words(reason: str) -> Words | str:
    """Why something rests: what a person wrote, or what the service noticed, in a sentence."""
    return GAPS[Gap(reason)] if reason in set(Gap) else reason
