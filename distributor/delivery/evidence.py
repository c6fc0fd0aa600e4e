"""How much is known about one copy, as rungs of a ladder that are never merged.

So far the transport gives evidence; receipts add the higher rungs.
"""

from enum import StrEnum

from distributor.delivery.state import State


class Rung(StrEnum):
    """The evidence ladder, from the bottom up."""

    NONE = "none"  # nothing shows that anybody else has it
    ACCEPTED = "accepted"  # the next hop took responsibility
    DELIVERED = "delivered"  # a report says it is in the mailbox


_RUNGS = {
    State.ACCEPTED: Rung.ACCEPTED,
    State.BOUNCED: Rung.ACCEPTED,
    State.DELIVERED: Rung.DELIVERED,
}


def evidence_of(state: State) -> Rung:
    """The highest rung that a delivery's state proves. A bounce proves acceptance and no more."""
    return _RUNGS.get(state, Rung.NONE)
