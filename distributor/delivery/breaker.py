"""When an account is left alone after trouble, and how it is tried again: the circuit breaker's rules.

Closed: letters go. Open: none goes until a pause is over. Half open: one letter goes as a probe, and its
fate closes the breaker or opens it for longer. 163 locks accounts that log in again and again, so after
trouble with the account itself no pause is under five minutes. Trouble of one recipient or one text shows
that the account works. Times are those of one clock, which is the database's.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from distributor.delivery.outcome import Fault


class Standing(StrEnum):
    """Where a breaker stands."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class Rule:
    """How many failures in a row open a breaker, and the pause after each opening; the last one repeats."""

    tolerance: int
    pauses: Sequence[dt.timedelta]


def _minutes(*pauses: int) -> tuple[dt.timedelta, ...]:
    return tuple(dt.timedelta(minutes=pause) for pause in pauses)


_OURS = Rule(1, _minutes(5, 10, 20, 40, 60))

#: The faults that speak of the account. One throttled letter may be one flooded mailbox or one tired line;
#: three in a row are the account.
RULES: Mapping[Fault, Rule] = {
    Fault.ACCOUNT: _OURS,
    Fault.CONFIGURATION: _OURS,
    Fault.THROTTLE: Rule(3, _minutes(2, 5, 10, 20, 40, 60)),
    Fault.NETWORK: Rule(5, _minutes(1, 2, 5, 10, 15)),
}

#: A breaker that opens again so soon after closing goes on with the longer pauses.
CALM = dt.timedelta(hours=1)

#: A probe without an answer for so long died with its process; a letter may wait 10 minutes for its last reply.
PROBE = dt.timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Breaker:
    """One account's breaker. `epoch` rises with every change of standing: answers of earlier tries do not count.

    `failures` are those in a row, `openings` those since the last calm; `fault` and `text` say why.
    """

    account: str
    standing: Standing = Standing.CLOSED
    epoch: int = 0
    failures: int = 0
    openings: int = 0
    fault: Fault = Fault.NONE
    text: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None  # the end of the pause, or of the patience with a probe

    def wait(self, now: dt.datetime) -> dt.timedelta:
        """How long no letter may go; nothing when one may go now."""
        return dt.timedelta() if self.until is None else max(self.until - now, dt.timedelta())


def on_this_clock(breaker: Breaker, now: dt.datetime) -> Breaker:
    """The same breaker after its clock was set back: the pause begins now instead of lasting until that hour."""
    if breaker.since is None or breaker.until is None or now >= breaker.since:
        return breaker
    return replace(breaker, since=now, until=now + (breaker.until - breaker.since))


def probing(breaker: Breaker, now: dt.datetime) -> Breaker:
    """The pause is over and one letter goes."""
    return _moved(breaker, Standing.HALF_OPEN, now, until=now + PROBE)


def unused(breaker: Breaker, now: dt.datetime) -> Breaker:
    """The probe was not sent after all: another one may go at once."""
    if breaker.standing is not Standing.HALF_OPEN:
        return breaker
    return _moved(breaker, Standing.OPEN, now, until=now)


def succeeded(breaker: Breaker, now: dt.datetime) -> Breaker:
    """The account did its work."""
    if breaker.standing is Standing.HALF_OPEN:
        return replace(_moved(breaker, Standing.CLOSED, now), failures=0, fault=Fault.NONE, text="")
    return replace(breaker, failures=0) if breaker.standing is Standing.CLOSED else breaker


def failed(
    breaker: Breaker, fault: Fault, now: dt.datetime, *, text: str = "", wait: dt.timedelta | None = None
) -> Breaker:
    """A try ended in trouble. `wait` is the pause the server asked for; it is honoured as a minimum."""
    rule = RULES.get(fault)
    if rule is None:
        return succeeded(breaker, now)
    counted = replace(breaker, failures=breaker.failures + 1)
    if breaker.standing is Standing.OPEN:
        return breaker
    if breaker.standing is Standing.CLOSED and counted.failures < rule.tolerance:
        return counted
    openings = breaker.openings + 1 if _restless(breaker, now) else 1
    pause = max(rule.pauses[min(openings, len(rule.pauses)) - 1], wait or dt.timedelta())
    opened = _moved(counted, Standing.OPEN, now, until=now + pause)
    return replace(opened, openings=openings, fault=fault, text=text)


def closed_by_hand(breaker: Breaker, now: dt.datetime) -> Breaker:
    """A person says that the trouble is over; the pauses begin anew."""
    return Breaker(breaker.account, epoch=breaker.epoch + 1, since=now)


def _restless(breaker: Breaker, now: dt.datetime) -> bool:
    if breaker.standing is Standing.HALF_OPEN:
        return True
    return breaker.since is not None and now - breaker.since < CALM


def _moved(breaker: Breaker, standing: Standing, now: dt.datetime, until: dt.datetime | None = None) -> Breaker:
    return replace(breaker, standing=standing, epoch=breaker.epoch + 1, since=now, until=until)
