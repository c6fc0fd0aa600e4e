"""Heartbeats compared: a restored backup, a clone and a moved clock are told from an ordinary night off."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from distributor.delivery.gap import TOLERANCE, Gap, Heartbeat, Known, Machine, judge_gap

NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)

OFFICE = Machine(host="office", boot="monday", uptime=HOUR, now=NOW)
LAST = Heartbeat("db", "office-1", OFFICE, count=50, mark="m50", previous="m49")


def machine(passed: dt.timedelta = MINUTE, *, clock: dt.timedelta = dt.timedelta(), **other: Any) -> Machine:
    """The office's machine some time later, its clock moved by `clock`."""
    later = replace(OFFICE, uptime=OFFICE.uptime + passed, now=NOW + passed + clock)
    return replace(later, **other)


def known(here: Machine, recorded: Heartbeat | None = LAST, **other: Any) -> Known:
    """A database that holds `recorded`; its clock is the machine's unless told otherwise."""
    return replace(Known("db", here.now, recorded, recorded, shared=False), **other)


def test_the_first_start_is_fine() -> None:
    assert judge_gap(None, known(machine(), None), machine()) is Gap.FINE


@pytest.mark.parametrize(
    "here",
    [
        machine(),
        machine(30 * DAY),
        machine(30 * DAY, boot="tuesday", uptime=MINUTE),
        machine(clock=TOLERANCE),
        machine(clock=-TOLERANCE),
        machine(host="container-2"),
        machine(boot="tuesday", uptime=MINUTE),
    ],
    ids=["next beat", "long off", "restarted after a month", "fast", "slow", "container renamed", "rebooted"],
)
def test_an_ordinary_absence_is_fine(here: Machine) -> None:
    assert judge_gap(LAST, known(here), here) is Gap.FINE


def test_a_crash_between_database_and_note_is_fine() -> None:
    ahead = replace(LAST, count=51, mark="m51", previous="m50")
    assert judge_gap(LAST, known(machine(), ahead), machine()) is Gap.FINE


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("recorded", [replace(LAST, count=20, mark="m20", previous="m19"), None])
def test_a_database_that_knows_less_than_the_note_was_restored(recorded: Heartbeat | None, shared: bool) -> None:
    found = known(machine(), recorded, shared=shared)
    assert judge_gap(LAST, found, machine()) is Gap.RESTORED_BACKUP


@pytest.mark.parametrize(
    "recorded",
    [
        replace(LAST, count=52, mark="x52", previous="x51"),
        replace(LAST, count=50, mark="x50"),
        replace(LAST, count=51, mark="x51", previous="x50"),
    ],
    ids=["two more", "as many", "one more, of others"],
)
def test_marks_that_this_installation_did_not_write_are_a_clone_s(recorded: Heartbeat) -> None:
    assert judge_gap(LAST, known(machine(), recorded), machine()) is Gap.CLONED


def test_database_and_note_on_another_machine_are_a_clone() -> None:
    here = machine(host="copy", boot="other")
    assert judge_gap(LAST, known(here), here) is Gap.CLONED


def test_a_file_without_its_note_is_a_copy_or_a_backup() -> None:
    """On a shared database a machine without a note is only new."""
    copy = machine(host="copy", boot="other")
    assert judge_gap(None, known(copy), copy) is Gap.CLONED
    assert judge_gap(None, known(machine()), machine()) is Gap.RESTORED_BACKUP
    assert judge_gap(None, known(copy, shared=True), copy) is Gap.FINE


def test_a_note_about_another_database_says_nothing_of_this_one() -> None:
    other = replace(LAST, database="trial")
    assert judge_gap(other, known(machine(), None), machine()) is Gap.FINE
    assert judge_gap(other, known(machine(), None, shared=True, newest=LAST), machine()) is Gap.FINE
    assert judge_gap(other, known(machine(), None, newest=LAST), machine()) is Gap.RESTORED_BACKUP


@pytest.mark.parametrize(
    ("here", "gap"),
    [
        (machine(clock=DAY), Gap.CLOCK_JUMP),
        (machine(clock=TOLERANCE + MINUTE), Gap.CLOCK_JUMP),
        (machine(clock=-DAY), Gap.CLOCK_BACK),
        (machine(DAY, clock=-TOLERANCE - MINUTE), Gap.CLOCK_BACK),
        (machine(boot="tuesday", uptime=MINUTE, clock=-DAY), Gap.CLOCK_BACK),
    ],
    ids=["a day on", "six minutes on", "a day back", "slow after a day", "back after a restart"],
)
def test_a_moved_clock_is_seen_against_the_time_since_the_start(here: Machine, gap: Gap) -> None:
    assert judge_gap(LAST, known(here), here) is gap


@pytest.mark.parametrize("noted", [LAST, None])
@pytest.mark.parametrize(("off", "gap"), [(DAY, Gap.CLOCK_JUMP), (-DAY, Gap.CLOCK_BACK), (MINUTE, Gap.FINE)])
def test_a_clock_that_differs_from_the_database_server_s_is_seen(
    noted: Heartbeat | None, off: dt.timedelta, gap: Gap
) -> None:
    here = machine(2 * DAY, boot="tuesday")
    found = known(here, shared=True, now=here.now - off)
    assert judge_gap(noted, found, here) is gap
