"""What freezing a number again does to a copy that is there already.

A copy that left, or may have left, is never touched: it stays the letter it was. Whatever never left
belongs to the newest freeze: its text, its group's letter, its list of people.
"""

from enum import StrEnum

from distributor.delivery.state import Fact, State, states_that_allow


class Fate(StrEnum):
    """What becomes of a copy."""

    KEEP = "keep"  # stays as it is, in the letter it was made of
    PLACE = "place"  # stays in its state and takes the new letter, name and group
    WITHDRAW = "withdraw"  # its person is no longer listed: it must not leave
    REQUEUE = "requeue"  # takes the new letter and waits for a release like a new copy


#: In these states a copy has left or may have.
LEFT = frozenset({State.SENDING, State.ACCEPTED, State.DELIVERED, State.UNKNOWN, State.BOUNCED})

_WITHDRAWABLE = states_that_allow(Fact.CANCEL)

#: Traces of earlier tries, which a new text begins without.
_TRIED = frozenset({State.CLAIMED, State.DEFERRED, State.FAILED})


def fate(
    state: State, *, ever_left: bool, listed: bool, content_changed: bool, withdrawn_by_person: bool = False
) -> Fate:
    """What a freeze does to a copy in `state`.

    `ever_left`: one of its attempts was accepted or is unknown, whatever the state says now. `listed`: its person
    is on the new list. `content_changed`: the text is another one, which is a new start even for a copy that was
    `withdrawn_by_person`; under the same text what a person withdrew stays withdrawn.
    """
    if not listed:
        return Fate.WITHDRAW if state in _WITHDRAWABLE else Fate.KEEP
    if ever_left or state in LEFT:
        return Fate.KEEP
    if state is State.CANCELLED:
        return Fate.PLACE if withdrawn_by_person and not content_changed else Fate.REQUEUE
    return Fate.REQUEUE if content_changed and state in _TRIED else Fate.PLACE
