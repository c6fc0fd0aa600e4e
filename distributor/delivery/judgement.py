"""What an outcome does to a delivery: the fact for the state machine, and whether an attempt is charged.

This is the one place where a channel's verdict becomes law.
"""

from dataclasses import dataclass
from datetime import datetime

from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.retry import next_attempt
from distributor.delivery.state import Fact
from distributor.delivery.suppression import is_dead_address

#: The stages before a letter is begun: what goes wrong there speaks of no letter.
OPENING = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})


@dataclass(frozen=True, slots=True)
class Judgement:
    """The fact to record and its consequences.

    `charged`: the attempt counts against the recipient. `next_attempt_at`: UTC, for deferred rows.
    `hold`: the copy waits for a person, and the whole letter does once so many of its copies wait so (0: no).
    `suppress`: offer the address for suppression.
    """

    fact: Fact
    charged: bool = True
    next_attempt_at: datetime | None = None
    reason: str = ""
    hold: int = 0
    suppress: bool = False


def judge(
    outcome: Outcome,
    *,
    attempts: int,
    now: datetime,
    valid_until: datetime,
    chance: float,
    refusals: int = 1,
    elsewhere: bool = False,
) -> Judgement:
    """Decides what one outcome means. `attempts` counts charged attempts before this one; times are UTC.

    `refusals` is how many copies of a letter may be refused for its content before the letter waits for a person.
    `elsewhere`: another account may carry at once what this one could not even begin.
    """
    if outcome.verdict is Verdict.ACCEPTED:
        return Judgement(Fact.ACCEPT)
    if outcome.verdict is Verdict.UNKNOWN:
        return Judgement(Fact.LOSE, reason=Reason.NO_REPLY)
    if outcome.stops_the_account:
        return Judgement(Fact.RELEASE, charged=False, next_attempt_at=now, reason=outcome.fault)
    if outcome.verdict is Verdict.REJECTED and outcome.fault is Fault.CONTENT:
        return Judgement(Fact.RELEASE, charged=False, next_attempt_at=now, reason=Reason.CONTENT, hold=refusals)
    if outcome.verdict is Verdict.REJECTED and outcome.fault is Fault.RECIPIENT:
        return Judgement(Fact.REJECT, reason=Reason.REJECTED, suppress=suppresses(outcome))
    if elsewhere and outcome.verdict is Verdict.DEFERRED and outcome.stage in OPENING:
        return Judgement(Fact.RELEASE, charged=False, next_attempt_at=now, reason=outcome.fault)
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


def suppresses(outcome: Outcome) -> bool:
    """Whether a refusal proves that the address itself is dead. Pure; storing it is another's work."""
    return outcome.fault is Fault.RECIPIENT and is_dead_address(outcome.reply.enhanced, permanent=True)
