"""The breaker's rules: what opens it, how long it rests, who may try again and what closes it."""

import datetime as dt
from functools import reduce

import pytest

from distributor.delivery.breaker import (
    CALM,
    PROBE,
    RULES,
    Breaker,
    Standing,
    closed_by_hand,
    failed,
    on_this_clock,
    probing,
    succeeded,
    unused,
)
from distributor.delivery.outcome import Fault

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
NEW = Breaker("main")


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


def failing(fault: Fault, times: int) -> Breaker:
    return reduce(lambda breaker, _: failed(breaker, fault, NOW), range(times), NEW)


@pytest.mark.parametrize(
    ("fault", "tolerated", "pause"),
    [(Fault.ACCOUNT, 0, 5), (Fault.CONFIGURATION, 0, 5), (Fault.THROTTLE, 2, 2), (Fault.NETWORK, 4, 1)],
)
def test_a_fault_opens_after_as_many_in_a_row_as_it_is_tolerated(fault: Fault, tolerated: int, pause: int) -> None:
    assert failing(fault, tolerated).standing is Standing.CLOSED
    opened = failing(fault, tolerated + 1)
    assert (opened.standing, opened.fault, opened.wait(NOW)) == (Standing.OPEN, fault, minutes(pause))


@pytest.mark.parametrize("fault", [Fault.RECIPIENT, Fault.CONTENT, Fault.NONE])
def test_a_fault_of_one_letter_shows_that_the_account_works(fault: Fault) -> None:
    doubted = failing(Fault.NETWORK, 4)
    assert doubted.failures == 4
    assert failed(doubted, fault, NOW).failures == 0
    probe = probing(failing(Fault.ACCOUNT, 1), NOW)
    assert failed(probe, fault, NOW).standing is Standing.CLOSED


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = succeeded(failing(Fault.NETWORK, 4), NOW)
    assert failed(breaker, Fault.NETWORK, NOW).standing is Standing.CLOSED


@pytest.mark.parametrize("fault", [Fault.ACCOUNT, Fault.CONFIGURATION])
def test_trouble_of_the_account_never_rests_under_five_minutes(fault: Fault) -> None:
    assert min(RULES[fault].pauses) >= minutes(5)


@pytest.mark.parametrize("fault", list(RULES))
def test_the_pause_grows_with_every_failed_probe_and_then_stays(fault: Fault) -> None:
    now, breaker = NOW, failing(fault, RULES[fault].tolerance)
    pauses = []
    for _ in range(8):
        pauses.append(breaker.wait(now))
        now += breaker.wait(now)
        breaker = failed(probing(breaker, now), fault, now)
    expected = [*RULES[fault].pauses, *[RULES[fault].pauses[-1]] * 8][:8]
    assert pauses == expected == sorted(expected)


def test_the_server_s_wish_is_honoured_when_it_is_longer() -> None:
    long, short = (failed(NEW, Fault.ACCOUNT, NOW, wait=minutes(wish)) for wish in (90, 1))
    assert (long.wait(NOW), short.wait(NOW)) == (minutes(90), minutes(5))


def test_a_breaker_that_opens_again_soon_goes_on_with_the_longer_pause() -> None:
    opened = failed(NEW, Fault.ACCOUNT, NOW)
    closed = succeeded(probing(opened, NOW + minutes(5)), NOW + minutes(6))
    assert (closed.standing, closed.wait(NOW)) == (Standing.CLOSED, minutes(0))
    soon, late = closed.since, NOW + minutes(6) + CALM
    assert soon is not None
    assert failed(closed, Fault.ACCOUNT, soon).wait(soon) == minutes(10)
    assert failed(closed, Fault.ACCOUNT, late).wait(late) == minutes(5)
    freed = closed_by_hand(failed(closed, Fault.ACCOUNT, soon), soon)
    assert (freed.standing, freed.openings, freed.text) == (Standing.CLOSED, 0, "")


def test_every_change_of_standing_raises_the_epoch() -> None:
    chain = [NEW]
    chain.append(failed(chain[-1], Fault.ACCOUNT, NOW))
    chain.append(probing(chain[-1], NOW))
    chain.append(unused(chain[-1], NOW))
    chain.append(probing(chain[-1], NOW))
    chain.append(succeeded(chain[-1], NOW))
    chain.append(closed_by_hand(failed(chain[-1], Fault.ACCOUNT, NOW), NOW))
    assert [each.epoch for each in chain] == [0, 1, 2, 3, 4, 5, 7]


def test_an_open_breaker_hears_neither_failure_nor_success() -> None:
    opened = failed(NEW, Fault.ACCOUNT, NOW)
    assert failed(opened, Fault.ACCOUNT, NOW + minutes(1)) == opened
    assert succeeded(opened, NOW + minutes(1)) == opened
    assert unused(opened, NOW) == opened


def test_a_probe_has_its_time_and_an_unused_one_frees_the_place_at_once() -> None:
    probe = probing(failed(NEW, Fault.ACCOUNT, NOW), NOW)
    assert probe.wait(NOW) == PROBE > minutes(10)
    back = unused(probe, NOW)
    assert (back.standing, back.wait(NOW), back.openings) == (Standing.OPEN, minutes(0), 1)


def test_a_clock_set_back_by_a_day_costs_one_pause_not_a_day() -> None:
    opened = failed(NEW, Fault.ACCOUNT, NOW)
    yesterday = NOW - dt.timedelta(days=1)
    assert on_this_clock(opened, yesterday).wait(yesterday) == minutes(5)
    assert on_this_clock(opened, NOW + minutes(1)) == opened
    assert on_this_clock(NEW, NOW) == NEW
