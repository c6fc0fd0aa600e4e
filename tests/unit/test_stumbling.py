"""What the service says of duties that fail every second: enough, and not more."""

import datetime as dt

import pytest

from distributor.errors import Unavailable
from distributor.service import stumbling
from distributor.service.stumbling import Stumbling
from distributor.words import words

NOW = dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC)
FULL = Unavailable(words("The disk that holds the database is full."))


class Said:
    """A log that keeps what it is told."""

    def __init__(self) -> None:
        self.records: list[dict[str, object]] = []

    def error(self, action: str, **about: object) -> None:
        self.records.append({"action": action, **about})


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> dt.datetime:
        return self.now

    def passes(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> Said:
    kept = Said()
    monkeypatch.setattr(stumbling, "_log", kept)
    return kept


def test_the_same_trouble_is_written_once_a_minute(said: Said) -> None:
    clock = Clock()
    duties = Stumbling(clock)
    for _ in range(150):
        duties.failed(FULL)
        clock.passes(1)
    assert [record["action"] for record in said.records] == ["tick.failed"] * 3


def test_other_trouble_is_written_at_once(said: Said) -> None:
    duties = Stumbling(Clock())
    for error in (FULL, Unavailable(words("The database cannot be written.")), FULL):
        duties.failed(error)
    assert [record["what"] for record in said.records] == [str(FULL), "The database cannot be written.", str(FULL)]


def test_trouble_after_a_ring_that_went_well_is_written_again(said: Said) -> None:
    duties = Stumbling(Clock())
    duties.failed(FULL)
    duties.went_well()
    duties.failed(FULL)
    assert len(said.records) == 2


def test_only_what_nobody_foresaw_brings_its_place_in_the_code(said: Said) -> None:
    duties, bug = Stumbling(Clock()), KeyError("group")
    duties.failed(FULL)
    duties.failed(bug)
    assert [record["exc_info"] for record in said.records] == [None, bug]


def test_trouble_of_a_moment_is_no_reason_and_lasting_trouble_is(said: Said) -> None:
    clock = Clock()
    duties = Stumbling(clock)
    duties.failed(FULL)
    clock.passes(2)
    duties.failed(FULL)
    assert duties.what() is None
    clock.passes(1)
    duties.failed(FULL)
    assert duties.what() == str(FULL)


def test_when_it_is_over_it_is_known_how_long_it_was_and_no_reason_any_more(said: Said) -> None:
    clock = Clock()
    duties = Stumbling(clock)
    duties.failed(FULL)
    clock.passes(90)
    duties.failed(FULL)
    over = duties.went_well()
    assert over is not None
    assert (over.since, over.length, over.what) == (NOW, dt.timedelta(seconds=90), str(FULL))
    assert duties.what() is None
    assert duties.went_well() is None
