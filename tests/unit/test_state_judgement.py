"""What outcomes do to deliveries, and when the next try is: properties of judgement and retry."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.judgement import Judgement, judge, suppresses
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.retry import JITTER, SHORTEST, WAITS, next_attempt
from distributor.delivery.state import Fact, State, advance
from distributor.delivery.suppression import ADDRESS_CODES

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=3)

outcomes = st.builds(
    Outcome,
    st.sampled_from(Verdict),
    st.sampled_from(Fault),
    st.sampled_from(Stage),
    st.builds(Reply, st.integers(0, 599), st.sampled_from(["", "4.7.1", "5.1.1", "5.7.1", "5.2.2"]), st.text()),
    st.none() | st.timedeltas(timedelta(0), timedelta(days=5)),
)
chances = st.floats(0, 1, exclude_max=True)


def judged(outcome: Outcome, *, attempts: int = 0, chance: float = 0.0) -> Judgement:
    return judge(outcome, attempts=attempts, now=NOW, valid_until=UNTIL, chance=chance)


@given(outcomes, st.integers(0, 50), chances)
def test_every_outcome_of_a_marked_letter_has_an_arrow(outcome: Outcome, attempts: int, chance: float) -> None:
    verdict = judged(outcome, attempts=attempts, chance=chance)
    state = advance(State.SENDING, verdict.fact)
    assert (state is State.UNKNOWN) == (outcome.verdict is Verdict.UNKNOWN)
    assert (state is State.ACCEPTED) == (outcome.verdict is Verdict.ACCEPTED)


@given(outcomes.filter(lambda o: o.verdict in (Verdict.DEFERRED, Verdict.REJECTED)), st.integers(0, 50), chances)
def test_every_outcome_before_the_dot_has_an_arrow(outcome: Outcome, attempts: int, chance: float) -> None:
    verdict = judged(outcome, attempts=attempts, chance=chance)
    state = advance(State.CLAIMED, verdict.fact)
    waits = state in (State.QUEUED, State.DEFERRED)
    assert waits == (verdict.next_attempt_at is not None)


@given(outcomes, chances)
def test_nobody_is_charged_for_our_own_troubles(outcome: Outcome, chance: float) -> None:
    if outcome.verdict in (Verdict.DEFERRED, Verdict.REJECTED) and outcome.fault not in (Fault.RECIPIENT, Fault.NONE):
        verdict = judged(outcome, chance=chance)
        assert not verdict.charged
        assert not verdict.suppress
        assert advance(State.SENDING, verdict.fact) is not State.FAILED or verdict.reason == "expired"


@given(outcomes, chances)
def test_only_a_dead_address_is_offered_for_suppression(outcome: Outcome, chance: float) -> None:
    if judged(outcome, chance=chance).suppress:
        assert outcome.reply.enhanced in ADDRESS_CODES
        assert suppresses(outcome)


@pytest.mark.parametrize("fault", [Fault.ACCOUNT, Fault.CONFIGURATION], ids=str)
def test_an_account_s_trouble_gives_the_row_back(fault: Fault) -> None:
    verdict = judged(Outcome(Verdict.REJECTED, fault, Stage.AUTH, Reply(535)))
    assert (verdict.fact, verdict.charged, verdict.hold, verdict.reason) == (Fact.RELEASE, False, False, fault)


def test_refused_content_holds_the_letter_and_fails_nobody() -> None:
    verdict = judged(Outcome(Verdict.REJECTED, Fault.CONTENT, Stage.DOT, Reply(554)))
    assert (verdict.fact, verdict.charged, verdict.hold) == (Fact.RELEASE, False, True)


@given(st.integers(0, 100), chances, st.none() | st.timedeltas(timedelta(0), timedelta(days=2)), st.booleans())
def test_the_next_attempt_lies_ahead_and_before_the_end(
    attempts: int, chance: float, wait: timedelta | None, network: bool
) -> None:
    at = next_attempt(attempts=attempts, now=NOW, valid_until=UNTIL, chance=chance, wait=wait, network=network)
    if at is None:
        assert wait is not None  # without a server's wish every wait fits into three days
        return
    assert NOW < at < UNTIL
    assert at - NOW >= (wait or timedelta())
    assert network or at - NOW >= SHORTEST


@given(st.integers(1, 100), chances)
def test_waits_grow_and_jitter_only_adds(attempts: int, chance: float) -> None:
    def pause(attempts: int, chance: float) -> timedelta:
        at = next_attempt(attempts=attempts, now=NOW, valid_until=UNTIL, chance=chance)
        assert at is not None
        return at - NOW

    plain = pause(attempts, 0.0)
    assert plain == WAITS[min(attempts, len(WAITS)) - 1]
    assert plain <= pause(attempts, chance) <= plain * (1 + JITTER)
    assert plain <= pause(attempts + 1, 0.0)


def test_a_bulletin_out_of_date_is_given_up() -> None:
    late = UNTIL - timedelta(minutes=4)
    assert next_attempt(attempts=1, now=late, valid_until=UNTIL, chance=0.0) is None
    outcome = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450))
    verdict = judge(outcome, attempts=0, now=late, valid_until=UNTIL, chance=0.0)
    assert (verdict.fact, verdict.reason, verdict.charged) == (Fact.GIVE_UP, "expired", True)
