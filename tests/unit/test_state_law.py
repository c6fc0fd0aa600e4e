"""The law of a delivery: properties of the table, and evidence that comes in any order."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.state import (
    CLAIMABLE,
    FENCED,
    SETTLED,
    TRANSITIONS,
    Fact,
    ForbiddenMove,
    State,
    advance,
    states_that_allow,
)

#: Facts that can move a row whose letter may be out towards being sent once more.
PERSON = {Fact.RETRY, Fact.RESEND}


def fold(state: State, facts: Sequence[Fact]) -> State:
    """Applies facts in order, leaving out those the table forbids at their time."""
    for fact in facts:
        if (state, fact) in TRANSITIONS:
            state = advance(state, fact)
    return state


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("fact", Fact)
def test_a_fact_moves_along_an_arrow_or_is_refused(state: State, fact: Fact) -> None:
    if (state, fact) in TRANSITIONS:
        assert advance(state, fact) is TRANSITIONS[state, fact]
        assert state in states_that_allow(fact)
    else:
        with pytest.raises(ForbiddenMove) as caught:
            advance(state, fact)
        assert (caught.value.state, caught.value.fact) == (state, fact)
        assert state not in states_that_allow(fact)


def test_every_state_can_be_reached_and_every_fact_is_used() -> None:
    reached = {State.QUEUED}
    while grown := {target for (origin, _), target in TRANSITIONS.items() if origin in reached} - reached:
        reached |= grown
    assert reached == set(State)
    assert {fact for _, fact in TRANSITIONS} == set(Fact)


def test_every_state_is_open_settled_or_unknown() -> None:
    still_open = CLAIMABLE | {State.CLAIMED, State.SENDING}
    assert still_open | SETTLED | {State.UNKNOWN} == set(State)
    assert not still_open & SETTLED


def test_only_a_marked_letter_is_accepted_or_lost() -> None:
    assert states_that_allow(Fact.MARK) == {State.CLAIMED}
    assert states_that_allow(Fact.LOSE) == {State.SENDING}
    by_anybody = {state for state in states_that_allow(Fact.ACCEPT) if (state, Fact.ACCEPT) not in FENCED}
    assert by_anybody == {State.SENDING, State.UNKNOWN}


def test_a_row_that_waits_is_accepted_only_under_the_epoch_of_the_attempt() -> None:
    assert {state for state, fact in FENCED if fact is Fact.ACCEPT} == {State.QUEUED}
    assert FENCED <= TRANSITIONS.keys()


def test_only_a_row_that_waits_is_claimed() -> None:
    assert states_that_allow(Fact.CLAIM) == CLAIMABLE


@given(st.lists(st.sampled_from([fact for fact in Fact if fact not in PERSON])))
def test_an_unknown_letter_is_sent_again_only_by_decision_or_by_the_server_s_own_no(facts: list[Fact]) -> None:
    """Without RESEND, and without a late refusal, nothing leads from unknown back to the queue."""
    without_refusal: list[Fact] = [fact for fact in facts if fact is not Fact.DEFER]
    assert fold(State.UNKNOWN, without_refusal) not in {State.QUEUED, State.CLAIMED, State.SENDING, State.DEFERRED}


@given(st.lists(st.sampled_from([fact for fact in Fact if fact not in PERSON])))
def test_an_accepted_letter_is_never_queued_again_but_by_a_person(facts: list[Fact]) -> None:
    assert fold(State.ACCEPTED, facts) in {State.ACCEPTED, State.DELIVERED, State.BOUNCED}


@given(st.sampled_from(State), st.lists(st.sampled_from([Fact.DELIVER, Fact.BOUNCE])), st.randoms())
def test_receipts_end_in_the_same_place_in_whatever_order(state: State, facts: list[Fact], chance: object) -> None:
    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined] # hypothesis gives a random.Random
    if state in (State.FAILED, State.CANCELLED, State.SUPPRESSED):
        # These were never out: a bounce of theirs is not ours, and the table refuses it.
        assert (state, Fact.BOUNCE) not in TRANSITIONS
    assert fold(state, facts) is fold(state, shuffled)


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        ((Fact.ACCEPT, Fact.BOUNCE, Fact.DELIVER), State.DELIVERED),
        ((Fact.ACCEPT, Fact.BOUNCE), State.BOUNCED),
        ((Fact.ACCEPT, Fact.DELIVER), State.DELIVERED),
        ((Fact.ACCEPT, Fact.BOUNCE, Fact.BOUNCE), State.BOUNCED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_proof_of_arrival_beats_a_bounce_and_a_bounce_beats_acceptance(facts: tuple[Fact, ...], end: State) -> None:
    """A receipt may overtake the reply to the dot: from unknown, every order of arrival ends the same."""
    assert {fold(State.UNKNOWN, order) for order in permutations(facts)} == {end}


@given(st.lists(st.sampled_from(Fact)))
def test_a_proof_of_arrival_is_never_taken_back(facts: list[Fact]) -> None:
    assert fold(State.DELIVERED, facts) is State.DELIVERED
