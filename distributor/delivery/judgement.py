"""What an outcome does to a delivery: the fact for the state machine, and whether an attempt is charged.

This is the one place where a channel's verdict becomes law.
"""

from dataclasses import dataclass
from datetime import datetime

from distributor.delivery.outcome import Fault, Outcome, Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.retry import next_attempt
from distributor.delivery.state import Fact


@dataclass(frozen=True, slots=True)
class Judgement:
    """The fact to record and its consequences.

    `charged`: the attempt counts against the recipient. `next_attempt_at`: UTC, for deferred rows.
    `hold`: the whole dispatch waits for a person. `suppress`: offer the address for suppression.
    """

    fact: Fact
    charged: bool = True
    next_attempt_at: datetime | None = None
    reason: str = ""
    hold: bool = False
    suppress: bool = False


def judge(outcome: Outcome, *, attempts: int, now: datetime, valid_until: datetime, chance: float) -> Judgement:
    """Decides what one outcome means. `attempts` counts charged attempts before this one; times are UTC."""
    if outcome.verdict is Verdict.ACCEPTED:
        return Judgement(Fact.ACCEPT)
    if outcome.verdict is Verdict.UNKNOWN:
        return Judgement(Fact.LOSE, reason=Reason.NO_REPLY)
    if outcome.stops_the_account:
        return Judgement(Fact.RELEASE, charged=False, next_attempt_at=now, reason=outcome.fault)
    if outcome.verdict is Verdict.REJECTED and outcome.fault is Fault.CONTENT:
        return Judgement(Fact.RELEASE, charged=False, next_attempt_at=now, reason=Reason.CONTENT, hold=True)
    if outcome.verdict is Verdict.REJECTED and outcome.fault is Fault.RECIPIENT:
        return Judgement(Fact.REJECT, reason=Reason.REJECTED, suppress=suppresses(outcome))
    # Throttling and the network are nobody's attempt; an unknown kind of refusal is temporary.
    charged = outcome.fault is Fault.RECIPIENT or outcome.fault is Fault.NONE
    at = next_attempt(
        attempts=attempts + 1,
        now=now,
        valid_until=valid_until,
        chance=chance,
        wait=outcome.wait,
        network=outcome.fault is Fault.NETWORK,
    )
    if at is None:
        return Judgement(Fact.GIVE_UP, charged=charged, reason=Reason.EXPIRED)
    return Judgement(Fact.DEFER, charged=charged, next_attempt_at=at, reason=outcome.fault)


#: Codes that speak of the address itself (RFC 3463). Policy (x.7.x) and full mailboxes (x.2.2) never strike a person.
ADDRESS_CODES = ("5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1")


def suppresses(outcome: Outcome) -> bool:
    """Whether a refusal proves that the address itself is dead. Pure; storing it is another's work."""
    return outcome.fault is Fault.RECIPIENT and outcome.reply.enhanced in ADDRESS_CODES
