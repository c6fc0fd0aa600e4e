"""What another freeze does to a copy, for every state and question."""

from itertools import product

import pytest

from distributor.delivery.freeze import LEFT, Fate, fate
from distributor.delivery.state import State

S, W = State, Fate

#: The fate of a listed person's copy that never left: under the same text, and under another one.
NEVER_LEFT = {
    S.QUEUED: (W.PLACE, W.PLACE),
    S.CLAIMED: (W.PLACE, W.REQUEUE),
    S.DEFERRED: (W.PLACE, W.REQUEUE),
    S.FAILED: (W.PLACE, W.REQUEUE),
    S.SUPPRESSED: (W.PLACE, W.PLACE),
    S.CANCELLED: (W.REQUEUE, W.REQUEUE),
}


@pytest.mark.parametrize("state", NEVER_LEFT)
def test_a_listed_copy_that_never_left_follows_the_newest_freeze(state: State) -> None:
    found = tuple(fate(state, ever_left=False, listed=True, content_changed=changed) for changed in (False, True))
    assert found == NEVER_LEFT[state]


@pytest.mark.parametrize(
    ("changed", "expected"), [(False, Fate.PLACE), (True, Fate.REQUEUE)], ids=["same text", "another text"]
)
def test_what_a_person_withdrew_comes_back_only_with_another_text(changed: bool, expected: Fate) -> None:
    found = fate(State.CANCELLED, ever_left=False, listed=True, content_changed=changed, withdrawn_by_person=True)
    assert found is expected


@pytest.mark.parametrize("state", State)
def test_people_no_longer_listed_get_nothing_that_can_still_be_stopped(state: State) -> None:
    expected = Fate.WITHDRAW if state in (S.QUEUED, S.DEFERRED, S.CLAIMED) else Fate.KEEP
    for left, changed, person in product((False, True), repeat=3):
        found = fate(state, ever_left=left, listed=False, content_changed=changed, withdrawn_by_person=person)
        assert found is expected


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(("changed", "person"), list(product((False, True), repeat=2)))
def test_a_copy_that_left_or_may_have_is_never_touched(state: State, changed: bool, person: bool) -> None:
    found = fate(state, ever_left=True, listed=True, content_changed=changed, withdrawn_by_person=person)
    assert found is Fate.KEEP
    if state in LEFT:
        assert fate(state, ever_left=False, listed=True, content_changed=changed) is Fate.KEEP


def test_every_state_has_a_fate() -> None:
    assert NEVER_LEFT.keys() | LEFT == set(State)
    assert not NEVER_LEFT.keys() & LEFT
