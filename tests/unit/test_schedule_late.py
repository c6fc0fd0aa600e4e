"""An hour that has come: sent, or held because the service was down or the clock is not to be trusted."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.schedule.late import TOLERANCE, ClockWatch, Jump, Lateness, late, restored, steady

DUE = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
GRACE = dt.timedelta(hours=2)
MINUTE = dt.timedelta(minutes=1)
DAY = dt.timedelta(days=1)


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


def test_what_fell_into_a_jump_is_held_and_what_was_due_before_is_sent() -> None:
    """Fault 81: a clock that jumps a day ahead makes tomorrow's bulletin due."""
    jump = Jump(DUE - 2 * MINUTE, DUE - 2 * MINUTE + DAY)
    now = jump.shown

    assert late(DUE, now, DAY * 2, now, [jump]) is Lateness.CLOCK_AHEAD
    assert late(now, now, GRACE, now, [jump]) is Lateness.CLOCK_AHEAD
    assert late(jump.expected, now, DAY * 2, now, [jump]) is Lateness.WITHIN_GRACE


def test_a_jump_back_makes_nothing_due() -> None:
    jump = Jump(DUE + DAY, DUE)

    assert jump.by == -DAY
    assert late(DUE, DUE, GRACE, None, [jump]) is Lateness.ON_TIME


@given(st.sampled_from(Lateness))
def test_every_judgement_sends_or_holds_or_waits(lateness: Lateness) -> None:
    assert [lateness.sends, lateness.holds, lateness is Lateness.NOT_DUE].count(True) == 1


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_later_look_never_makes_a_held_hour_one_to_send(first: int, more: int) -> None:
    order = [Lateness.ON_TIME, Lateness.WITHIN_GRACE, Lateness.TOO_LATE]
    earlier, later = (late(DUE, DUE + dt.timedelta(seconds=s), GRACE) for s in (first, first + more))

    assert order.index(earlier) <= order.index(later)


@pytest.mark.parametrize(
    ("in_database", "beside_it", "expected"),
    [
        pytest.param(None, None, False, id="a first start"),
        pytest.param(DUE, None, False, id="the file is lost"),
        pytest.param(DUE, DUE, False, id="both alike"),
        pytest.param(DUE, DUE + MINUTE, False, id="one beat apart"),
        pytest.param(DUE + DAY, DUE, False, id="another machine has the place since"),
        pytest.param(DUE - DAY, DUE, True, id="yesterday's backup (fault 41)"),
        pytest.param(None, DUE, True, id="an empty database"),
    ],
)
def test_a_database_from_a_backup_is_noticed(
    in_database: dt.datetime | None, beside_it: dt.datetime | None, expected: bool
) -> None:
    assert restored(in_database, beside_it) is expected


class Clocks:
    """A wall clock and a steady one, moved by hand."""

    def __init__(self) -> None:
        self.wall, self.ticks = DUE, 0.0

    def passes(self, seconds: float, *, shown: dt.timedelta = dt.timedelta()) -> None:
        self.ticks += seconds
        self.wall += dt.timedelta(seconds=seconds) + shown

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: self.wall, lambda: self.ticks)


def test_time_that_passes_is_no_jump_however_long_nobody_looks() -> None:
    """A loop that stands still, or a machine that sleeps, is late and not wrong."""
    clocks = Clocks()
    watch = clocks.watch()
    clocks.passes(36_000)

    assert watch.look() == ()


@pytest.mark.parametrize("by", [DAY, -DAY, minutes(6), minutes(-6)], ids=str)
def test_a_jump_is_seen_with_its_size(by: dt.timedelta) -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.passes(1, shown=by)
    (jump,) = watch.look()

    assert (jump.by, jump.expected) == (by, DUE + dt.timedelta(seconds=1))


def test_small_steps_are_what_time_servers_do() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    for by in (TOLERANCE, -TOLERANCE):
        clocks.passes(1, shown=by)
        assert watch.look() == ()


def test_a_jump_is_remembered_until_it_is_settled() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.passes(1, shown=DAY)
    first = watch.look()
    clocks.passes(1)

    assert watch.look() == first
    clocks.passes(1, shown=-DAY)
    assert len(watch.look()) == 2
    watch.settle()
    clocks.passes(1)
    assert watch.look() == ()


def test_the_steady_clock_runs_forward() -> None:
    assert steady() <= steady()
