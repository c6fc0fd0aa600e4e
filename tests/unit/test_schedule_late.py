"""An hour that has come: sent, or held because the service was down or the clock was set back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.schedule.late import Lateness, late

DUE = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
GRACE = dt.timedelta(hours=2)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


@pytest.mark.parametrize(
    ("after_due", "seen_before_now", "expected"),
    [
        pytest.param(-0.01, 0, Lateness.NOT_DUE, id="a moment early"),
        pytest.param(0, 0, Lateness.ON_TIME, id="at its hour"),
        pytest.param(0.5, 0.5, Lateness.ON_TIME, id="the loop stood still for 30 s (fault 33)"),
        pytest.param(10, 12, Lateness.WITHIN_GRACE, id="down for 10 minutes (fault 84)"),
        pytest.param(120, 130, Lateness.WITHIN_GRACE, id="at the end of the grace"),
        pytest.param(120.1, 130, Lateness.TOO_LATE, id="just behind the grace"),
        pytest.param(600, 601, Lateness.TOO_LATE, id="down for 10 hours (fault 84)"),
        pytest.param(16 * 60, 17 * 60, Lateness.TOO_LATE, id="yesterday's backup (fault 41)"),
        pytest.param(0, -4, Lateness.ON_TIME, id="a small step back, as time servers do"),
        pytest.param(0, -6, Lateness.CLOCK_BACK, id="a step back (fault 81)"),
        pytest.param(0, -24 * 60, Lateness.CLOCK_BACK, id="a day back (fault 81)"),
        pytest.param(-1, -24 * 60, Lateness.NOT_DUE, id="a day back, and not due"),
    ],
)
def test_what_becomes_of_an_hour(after_due: float, seen_before_now: float, expected: Lateness) -> None:
    now = DUE + minutes(after_due)

    assert late(DUE, now, GRACE, now - minutes(seen_before_now)) is expected


def test_the_first_start_has_seen_nothing_and_goes_by_the_grace() -> None:
    assert late(DUE, DUE + minutes(10), GRACE) is Lateness.WITHIN_GRACE
    assert late(DUE, DUE + minutes(200), GRACE) is Lateness.TOO_LATE


@given(st.sampled_from(Lateness))
def test_every_judgement_sends_or_holds_or_waits(lateness: Lateness) -> None:
    assert [lateness.sends, lateness.holds, lateness is Lateness.NOT_DUE].count(True) == 1


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_later_look_never_makes_a_held_hour_one_to_send(first: int, more: int) -> None:
    order = [Lateness.ON_TIME, Lateness.WITHIN_GRACE, Lateness.TOO_LATE]
    earlier, later = (late(DUE, DUE + dt.timedelta(seconds=s), GRACE) for s in (first, first + more))

    assert order.index(earlier) <= order.index(later)
