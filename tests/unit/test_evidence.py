"""The law of evidence: it only rises, and order, repetition and lateness of receipts change nothing."""

import datetime as dt
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.decision import Decision, reason_of
from distributor.delivery.evidence import (
    ACKNOWLEDGEMENTS,
    MEANINGS,
    Effect,
    Grade,
    Kind,
    Rung,
    Sign,
    effect_of,
    evidence_of,
    is_acknowledged,
    kind_behind,
    ladder,
    reason_for,
)
from distributor.delivery.state import TRANSITIONS, Fact, State, advance

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)

#: Every way a letter may go after its mark, once the transport has had its say.
OUT = (State.ACCEPTED, State.UNKNOWN)

_HEIGHT = list(Rung).index


def apply(state: State, waiting: list[Kind]) -> State:
    """The state after the receipts that can be applied now; they leave the list."""
    for kind in list(waiting):
        effect, fact = effect_of(kind, state), MEANINGS[kind].fact
        if effect is not Effect.WAITS:
            waiting.remove(kind)
        if effect is Effect.MOVES and fact is not None:
            state = advance(state, fact)
    return state


def walk(state: State, kinds: Sequence[Kind]) -> State:
    """The state after these receipts, one after the other."""
    waiting: list[Kind] = []
    for kind in kinds:
        waiting.append(kind)
        state = apply(state, waiting)
    return state


def interleaved(transport: Sequence[Fact], receipts: Sequence[tuple[int, Kind]]) -> State:
    """The end of a marked letter when each receipt comes after as many of the transport's facts as its number says."""
    state, waiting = State.SENDING, list[Kind]()
    for done in range(len(transport) + 1):
        for at, kind in receipts:
            if min(at, len(transport)) == done:
                waiting.append(kind)
                state = apply(state, waiting)
        if done < len(transport) and (state, transport[done]) in TRANSITIONS:
            state = advance(state, transport[done])
        state = apply(state, waiting)
    return state


def test_every_kind_has_a_meaning_and_every_grade_and_rung_is_given() -> None:
    assert set(MEANINGS) == set(Kind)
    assert {meaning.grade for meaning in MEANINGS.values()} == set(Grade)
    assert {meaning.rung for meaning in MEANINGS.values()} | {Rung.REPORTED} == set(Rung)


@given(st.sampled_from(OUT), st.lists(st.sampled_from(Kind)), st.randoms())
def test_receipts_end_in_the_same_state_and_evidence_in_any_order_and_repetition(
    state: State, kinds: list[Kind], chance: random.Random
) -> None:
    repeated = kinds + [chance.choice(kinds) for _ in kinds]
    chance.shuffle(repeated)
    ends = {walk(state, kinds), walk(state, repeated)}
    assert len(ends) == 1
    end = ends.pop()
    assert evidence_of(end, kinds=kinds) is evidence_of(end, kinds=repeated)


@given(
    st.sampled_from([(Fact.ACCEPT,), (Fact.LOSE,), (Fact.LOSE, Fact.ACCEPT)]),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(Kind))),
)
def test_a_receipt_that_overtakes_the_reply_ends_like_one_that_follows_it(
    transport: tuple[Fact, ...], receipts: list[tuple[int, Kind]]
) -> None:
    afterwards = [(len(transport), kind) for _, kind in receipts]
    assert interleaved(transport, receipts) is interleaved(transport, afterwards)


@pytest.mark.parametrize("state", [State.CLAIMED, State.SENDING])
@pytest.mark.parametrize("kind", Kind)
def test_a_copy_in_a_worker_s_hands_is_moved_by_no_receipt(state: State, kind: Kind) -> None:
    assert effect_of(kind, state) is (Effect.WAITS if MEANINGS[kind].fact else Effect.NOTHING)


@given(st.sampled_from(State), st.lists(st.sampled_from(Kind)), st.sampled_from(Kind))
def test_evidence_only_rises(state: State, kinds: list[Kind], more: Kind) -> None:
    assert _HEIGHT(evidence_of(state, kinds=[*kinds, more])) >= _HEIGHT(evidence_of(state, kinds=kinds))


@pytest.mark.parametrize(
    ("kinds", "state", "rung"),
    [
        ((Kind.DELAYED,), State.ACCEPTED, Rung.ACCEPTED),
        ((Kind.RELAYED,), State.ACCEPTED, Rung.RELAYED),
        ((Kind.BOUNCED,), State.BOUNCED, Rung.ACCEPTED),
        ((Kind.REFUSED,), State.BOUNCED, Rung.ACCEPTED),
        ((Kind.DELAYED, Kind.DELIVERED), State.DELIVERED, Rung.DELIVERED),
        ((Kind.BOUNCED, Kind.DELAYED), State.BOUNCED, Rung.ACCEPTED),
        ((Kind.BOUNCED, Kind.DELIVERED), State.DELIVERED, Rung.DELIVERED),
        ((Kind.OPENED, Kind.BOUNCED), State.BOUNCED, Rung.OPENED),
        ((Kind.FETCHED,), State.ACCEPTED, Rung.FETCHED),
        ((Kind.DISPOSED,), State.DELIVERED, Rung.DELIVERED),
        ((Kind.AUTO_REPLIED,), State.DELIVERED, Rung.DELIVERED),
        ((Kind.READ_AUTOMATICALLY,), State.DELIVERED, Rung.READ),
        ((Kind.READ, Kind.BOUNCED), State.DELIVERED, Rung.READ),
        ((Kind.RETURNED,), State.DELIVERED, Rung.REPLIED),
        ((Kind.PHONED,), State.ACCEPTED, Rung.PHONED),
        ((Kind.PHONED, Kind.SIGNED), State.DELIVERED, Rung.SIGNED),
        ((Kind.SIGNED, Kind.BOUNCED, Kind.DELAYED), State.DELIVERED, Rung.SIGNED),
        ((Kind.UNCLASSIFIED,), State.ACCEPTED, Rung.ACCEPTED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_what_a_receipt_proves_from_accepted(kinds: tuple[Kind, ...], state: State, rung: Rung) -> None:
    end = walk(State.ACCEPTED, kinds)
    assert (end, evidence_of(end, kinds=kinds)) == (state, rung)


@pytest.mark.parametrize("kind", [kind for kind in Kind if MEANINGS[kind].fact is Fact.DELIVER])
def test_19_proof_of_arrival_settles_a_copy_in_doubt_and_spares_one_that_waits(kind: Kind) -> None:
    ends = {walk(state, [kind]) for state in (State.UNKNOWN, State.QUEUED, State.DEFERRED, State.FAILED)}
    assert ends == {State.DELIVERED}


@pytest.mark.parametrize("kind", [Kind.OPENED, Kind.FETCHED, Kind.RELAYED, Kind.DELAYED])
def test_a_sign_from_the_way_shows_that_the_next_hop_has_it_and_no_more(kind: Kind) -> None:
    assert walk(State.UNKNOWN, [kind]) is State.ACCEPTED
    assert walk(State.UNKNOWN, [kind, Kind.BOUNCED]) is walk(State.UNKNOWN, [Kind.BOUNCED, kind]) is State.BOUNCED


@pytest.mark.parametrize("state", [State.CANCELLED, State.SUPPRESSED])
@pytest.mark.parametrize("kind", Kind)
def test_a_copy_that_never_left_is_moved_by_no_receipt(state: State, kind: Kind) -> None:
    assert effect_of(kind, state) is Effect.NOTHING


def test_only_a_pressed_button_a_login_or_a_phone_call_is_an_acknowledgement() -> None:
    assert {Kind.SIGNED, Kind.IDENTIFIED, Kind.PHONED} == ACKNOWLEDGEMENTS
    assert not is_acknowledged(set(Kind) - ACKNOWLEDGEMENTS)
    assert all(is_acknowledged([kind]) for kind in ACKNOWLEDGEMENTS)


def test_a_rung_keeps_its_sources_its_best_grade_and_its_first_time() -> None:
    later = NOW + dt.timedelta(hours=1)
    signs = [
        Sign(Kind.READ_AUTOMATICALLY, NOW, "mailbox"),
        Sign(Kind.READ, later, "mailbox"),
        Sign(Kind.OPENED, later, "page"),
    ]
    read, opened = ladder(signs)
    assert (read.rung, read.grade, read.first_at, read.count) == (Rung.READ, Grade.CLIENT, NOW, 2)
    assert (opened.rung, opened.grade, opened.sources) == (Rung.OPENED, Grade.UNVERIFIED, ("page",))


def test_what_a_person_said_stands_between_relayed_and_delivered() -> None:
    said = evidence_of(State.ACCEPTED, reason_of(Decision.ARRIVED))
    assert said is Rung.REPORTED
    assert _HEIGHT(Rung.RELAYED) < _HEIGHT(said) < _HEIGHT(Rung.DELIVERED)


@pytest.mark.parametrize("kind", Kind)
def test_the_reason_on_a_row_names_the_receipt_that_moved_it(kind: Kind) -> None:
    assert kind_behind(reason_for(kind)) is kind
    assert kind_behind("rejected") is None
