"""Senders and their signs of life: what a silent one, a dead one and a frozen one lose, and what they keep."""

import datetime as dt
import os
import subprocess
import sys
import threading
import time

import pytest

from distributor.delivery.state import Fact, State
from distributor.store import bulletins, deliveries, dispatches, leases
from distributor.store.claims import claim, sweep
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.processes import has_ended, this_process
from distributor.store.records import Claim, Swept
from distributor.store.senders import SENDERSHIP, signs_of_life
from tests.integration.frozen import LATER, NOW, frozen, letter
from tests.integration.passing import let_pass

QUARTER = dt.timedelta(minutes=15)


def two_in_hand(database: Database, owner: str = "w") -> tuple[Claim, Claim]:
    """One row that a sender has only claimed, and one that it is handing over."""
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter("a", "b")), now=NOW)
        dispatches.release(conn, record.id, at=NOW, valid_until=LATER)
        claimed, marked = claim(conn, owner=owner, limit=2, lease=QUARTER, now=NOW)
        assert apply_moves(conn, [Move(marked.delivery_id, Fact.MARK, marked.epoch)], now=NOW) == [State.SENDING]
    return claimed, marked


def signs(database: Database, process: str, owner: str = "w") -> None:
    """What a sender writes as its sign of life."""
    with database.write() as conn:
        assert leases.take(conn, f"sender:{owner}", process, SENDERSHIP)


def swept(database: Database) -> Swept:
    with database.write() as conn:
        return sweep(conn, now=NOW)


def state(database: Database, one: Claim) -> State:
    with database.read() as conn:
        return next(row.state for row in deliveries.deliveries_of(conn, 1) if row.id == one.delivery_id)


@pytest.fixture
def ended() -> str:
    """The name of a process that has ended, and was forgotten by the system."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{this_process().rpartition('/')[0].rpartition('/')[0]}/{child.pid}/{_begun(child.pid)}"
    assert not has_ended(name)
    child.communicate(b"\n")
    return name


def _begun(number: int) -> str:
    with open(f"/proc/{number}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[19]


def test_a_silent_sender_loses_what_it_only_claimed_and_keeps_what_it_hands_over(database: Database) -> None:
    claimed, marked = two_in_hand(database)
    signs(database, "of another machine")
    assert swept(database) == Swept(0, 0)
    let_pass(database, seconds=SENDERSHIP.total_seconds())
    assert swept(database) == Swept(requeued=1, unknown=0)
    assert (state(database, claimed), state(database, marked)) == (State.QUEUED, State.SENDING)
    with database.write() as conn:  # it wakes: what it lost cannot set out, what it handed over is booked
        late = [
            Move(claimed.delivery_id, Fact.MARK, claimed.epoch),
            Move(marked.delivery_id, Fact.ACCEPT, marked.epoch),
        ]
        assert apply_moves(conn, late, now=NOW) == [None, State.ACCEPTED]


def test_a_sender_that_keeps_no_lease_is_left_to_the_leases_of_its_rows(database: Database) -> None:
    two_in_hand(database)
    signs(database, "of another machine", owner="another")
    let_pass(database, seconds=SENDERSHIP.total_seconds())
    assert swept(database) == Swept(0, 0)


def test_what_a_process_handed_over_that_certainly_ended_is_in_doubt_at_once(database: Database, ended: str) -> None:
    claimed, marked = two_in_hand(database)
    signs(database, ended)
    assert swept(database) == Swept(requeued=1, unknown=1)
    assert (state(database, claimed), state(database, marked)) == (State.QUEUED, State.UNKNOWN)
    with database.read() as conn:
        rows = {row.id: row for row in deliveries.deliveries_of(conn, 1, history=True)}
    assert rows[marked.delivery_id].history[-1].verdict == "unknown"


def test_a_process_that_lives_keeps_its_rows(database: Database) -> None:
    two_in_hand(database)
    signs(database, this_process())
    assert swept(database) == Swept(0, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda view, number, begun: f"{view}/{number}/{begun}", False),
        (lambda view, number, begun: f"{view}/{number}/{int(begun) + 1}", True),
        (lambda view, number, begun: f"another boot/{number}/{int(begun) + 1}", False),
        (lambda view, number, begun: f"another boot/{2**22 - 3}/{begun}", False),
        (lambda view, number, begun: f"{view}/{2**22 - 3}/{begun}", True),
        (lambda view, number, begun: "host/12/5f1e", False),
        (lambda view, number, begun: "", False),
    ],
    ids=["itself", "number used again", "elsewhere", "elsewhere, unknown", "no such process", "an old name", "no name"],
)
def test_only_a_process_that_could_be_seen_is_said_to_have_ended(change: object, expected: bool) -> None:
    view, number, begun = this_process().rsplit("/", 2)
    assert callable(change)
    assert has_ended(change(view, number, begun)) is expected


def test_a_process_that_was_killed_and_not_yet_asked_about_has_ended() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    name = f"{this_process().rsplit('/', 2)[0]}/{child.pid}/{_begun(child.pid)}"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # a zombie from here on
    assert has_ended(name)
    child.communicate()


def test_a_sender_gives_signs_of_life_as_long_as_it_sends(postgres: Database) -> None:
    two_in_hand(postgres)
    with signs_of_life(postgres, "w", length=dt.timedelta(seconds=0.3)):
        first = _until(postgres)
        end = time.monotonic() + 20
        while _until(postgres) < first + 500:  # well past the end of the first
            assert time.monotonic() < end
        assert swept(postgres) == Swept(0, 0)
    assert swept(postgres) == Swept(requeued=1, unknown=0)


def test_a_frozen_transaction_of_a_sender_does_not_stop_the_sweep(postgres: Database) -> None:
    claimed, _ = two_in_hand(postgres)
    signs(postgres, "of another machine")
    let_pass(postgres, seconds=SENDERSHIP.total_seconds())
    with postgres.write() as conn:
        apply_moves(conn, [Move(claimed.delivery_id, Fact.MARK, claimed.epoch)], now=NOW)
        found: list[Swept] = []
        sweeping = threading.Thread(target=lambda: found.append(swept(postgres)))
        sweeping.start()
        sweeping.join(5)
        assert found == [Swept(0, 0)]
    assert swept(postgres) == Swept(0, 0)  # it had marked it in time


def test_senders_of_the_day_before_yesterday_are_forgotten(database: Database) -> None:
    signs(database, "of another machine")
    with database.write() as conn:
        assert leases.take(conn, "clock", "w", SENDERSHIP)
    swept(database)
    assert _names(database) == {"clock", "sender:w"}
    let_pass(database, days=2)
    swept(database)
    assert _names(database) == {"clock"}


def _names(database: Database) -> set[str]:
    with database.read() as conn:
        return set(conn.exec_driver_sql("SELECT name FROM lease").scalars())


def _until(database: Database) -> int:
    with database.read() as conn:
        return int(conn.exec_driver_sql("SELECT until_ms FROM lease WHERE name = 'sender:w'").scalar_one())
