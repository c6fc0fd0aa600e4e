"""What a person may decide about a copy, and how a row remembers it: as `person:` and the decision's name."""

from enum import StrEnum

_BY_PERSON = "person:"


class Decision(StrEnum):
    """What was decided."""

    ARRIVED = "arrived"  # resolve: the person says it is there
    RESEND = "resend"  # resolve: send again, knowing that it may be a second copy
    LOST = "lost"  # resolve: it did not arrive and is not sent again
    RETRY = "retry"  # try again what failed or waits
    CANCEL = "cancel"  # do not send what has not been sent


def reason_of(decision: Decision) -> str:
    """The reason that a decision leaves on a row."""
    return f"{_BY_PERSON}{decision}"


def decision_of(reason: str) -> Decision | None:
    """The decision that a row's reason speaks of; None when the reason is another."""
    return next((one for one in Decision if reason == reason_of(one)), None)
