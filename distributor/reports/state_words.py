"""What the states of a copy are called for people."""

from distributor.delivery.state import State
from distributor.words import Words, words

STATES: dict[State, Words] = {
    State.QUEUED: words("queued"),
    State.CLAIMED: words("claimed"),
    State.SENDING: words("sending"),
    State.DEFERRED: words("deferred"),
    State.ACCEPTED: words("accepted"),
    State.DELIVERED: words("delivered"),
    State.BOUNCED: words("bounced"),
    State.FAILED: words("failed"),
    State.UNKNOWN: words("unknown"),
    State.SUPPRESSED: words("suppressed"),
    State.CANCELLED: words("cancelled"),
}
