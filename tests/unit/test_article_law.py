"""The law of an article: no walk along it can publish or send an edition twice, and doubt ends only by evidence."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.delivery.article import (
    BEGUN,
    LATE,
    OUT,
    TRANSITIONS,
    UNDER_WAY,
    ArticleFact,
    ArticleState,
    ForbiddenArticleMove,
    advance,
    allows,
    days_to_ask,
    next_look,
)

S, F = ArticleState, ArticleFact
NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)

#: Facts that follow a request which cannot be taken back.
IRREVOCABLE = (F.PUBLISH, F.SEND)


def walk(facts: list[ArticleFact]) -> list[tuple[ArticleState, ArticleFact, ArticleState]]:
    """The arrows that a row takes when it meets these facts; those that the law forbids change nothing."""
    state, taken = S.NEW, []
    for fact in facts:
        if allows(state, fact):
            taken.append((state, fact, advance(state, fact)))
            state = taken[-1][2]
    return taken


any_walk = st.lists(st.sampled_from(ArticleFact), max_size=60).map(walk)


def test_every_state_can_be_reached_and_only_what_is_out_stays_for_ever() -> None:
    reached = {S.NEW} | set(TRANSITIONS.values())
    assert reached == set(ArticleState)
    assert {state for state in ArticleState if not any(allows(state, fact) for fact in ArticleFact)} == OUT


@given(any_walk)
def test_between_two_requests_stands_word_that_the_first_came_to_nothing(
    taken: list[tuple[ArticleState, ArticleFact, ArticleState]],
) -> None:
    begun = False
    for _, fact, _ in taken:
        if fact in IRREVOCABLE:
            assert not begun
            begun = True
        elif fact in (F.NOT_TAKEN, F.FAIL):
            begun = False
        elif fact in LATE:
            begun = True


@given(any_walk)
def test_nothing_is_drafted_while_a_request_may_still_take_the_draft(
    taken: list[tuple[ArticleState, ArticleFact, ArticleState]],
) -> None:
    assert not any(fact is F.DRAFT and state in UNDER_WAY | {S.UNKNOWN} | OUT for state, fact, _ in taken)


@given(any_walk)
def test_an_edition_goes_out_once(taken: list[tuple[ArticleState, ArticleFact, ArticleState]]) -> None:
    assert sum(after in OUT for _, _, after in taken) <= 1


@given(any_walk)
def test_doubt_ends_only_by_what_the_platform_or_a_person_says(
    taken: list[tuple[ArticleState, ArticleFact, ArticleState]],
) -> None:
    said = {F.PUBLISH_TAKEN, F.SEND_TAKEN, F.PUBLISHED, F.SENT, F.FAIL}
    assert all(fact in said for state, fact, _ in taken if state is S.UNKNOWN)


@pytest.mark.parametrize("state", sorted(BEGUN))
def test_a_begun_request_is_never_begun_again(state: ArticleState) -> None:
    for fact in IRREVOCABLE:
        with pytest.raises(ForbiddenArticleMove):
            advance(state, fact)


def test_the_platform_is_asked_soon_at_first_and_every_ten_minutes_at_last() -> None:
    waits = [
        (next_look(NOW, NOW + dt.timedelta(seconds=age)) - NOW).total_seconds() - age for age in (0, 60, 400, 86_400)
    ]
    assert waits == [10, 15, 100, 600]


def test_a_clock_that_was_set_back_keeps_nobody_waiting() -> None:
    assert next_look(NOW, NOW - dt.timedelta(days=1)) == NOW - dt.timedelta(days=1) + dt.timedelta(seconds=10)


DAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("out_on", "today", "known", "asked"),
    [
        (DAY, DAY, [], []),
        (DAY, DAY + dt.timedelta(days=1), [], [DAY]),
        (DAY, DAY + dt.timedelta(days=2), [DAY], [DAY + dt.timedelta(days=1)]),
        (DAY, DAY + dt.timedelta(days=9), [], [DAY + dt.timedelta(days=n) for n in (6, 7, 8)]),
        (DAY, DAY + dt.timedelta(days=31), [], [DAY + dt.timedelta(days=n) for n in (28, 29)]),
        (DAY, DAY + dt.timedelta(days=40), [], []),
        (DAY, DAY - dt.timedelta(days=1), [], []),
    ],
    ids=["the_same_day", "the_next", "known", "late", "the_last_days", "over", "a_clock_set_back"],
)
def test_readers_are_asked_for_when_the_day_is_over_and_for_thirty_days(
    out_on: dt.date, today: dt.date, known: list[dt.date], asked: list[dt.date]
) -> None:
    assert list(days_to_ask(out_on, today, known)) == asked
