"""Why a delivery stands where it stands, in the program's own words.

Besides these, a row's reason may be the carrier's `Fault`, `person:` and what a person decided, or `receipt:` and
the kind of receipt that moved it.
"""

from enum import StrEnum


class Reason(StrEnum):
    """A reason that the program itself writes on a row."""

    SUPERSEDED = "superseded"  # another freeze or another edition took its place
    EXPIRED = "expired"  # `valid_until` has passed
    WORKER_LOST = "worker_lost"  # the lease ran out, or its process died
    NO_REPLY = "no_reply"  # the letter was handed over and no answer came
    REJECTED = "rejected"  # the address was refused for good
    CONTENT = "content"  # the letter itself was refused
    RESENT = "resent"  # unknown, and queued again by the group's own rule
    SUPPRESSED = "suppressed"  # its address is not tried any more
    LIMIT = "limit"  # given back untried: a rate limit has no room
