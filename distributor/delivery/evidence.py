"""How much is known about one copy, as rungs of a ladder that are never merged.

So far the transport gives evidence, and what people say; receipts add the higher rungs.
"""

from enum import StrEnum

from distributor.delivery.decision import Decision, decision_of
from distributor.delivery.state import State


class Rung(StrEnum):
    """The evidence ladder, from the bottom up."""

    NONE = "none"  # nothing shows that anybody else has it
    ACCEPTED = "accepted"  # the next hop took responsibility
    REPORTED = "reported"  # a person said that it arrived; no machine has confirmed it
    DELIVERED = "delivered"  # a report says it is in the mailbox


_RUNGS = {
    State.ACCEPTED: Rung.ACCEPTED,
    State.BOUNCED: Rung.ACCEPTED,
    State.DELIVERED: Rung.DELIVERED,
}


def evidence_of(state: State, reason: str = "") -> Rung:
    """The highest rung that a delivery's state and its reason prove. A bounce proves acceptance and no more."""
    if state is State.ACCEPTED and decision_of(reason) is Decision.ARRIVED:
        return Rung.REPORTED
    return _RUNGS.get(state, Rung.NONE)
