"""Leases: who gets which row, and what becomes of the rows of the dead."""

import datetime as dt
import subprocess
import sys
import threading
from collections import Counter

import pytest

from distributor.delivery.state import Fact, State
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.claims import claim, recover, sweep
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.records import Claim, Swept
from tests.integration.frozen import LATER, NOW, frozen, letter

LEASE = dt.timedelta(seconds=60)
OVER = dt.timedelta(0)  # a lease that has run out when the next statement looks


def released(database: Database, *names: str, number: str = "12") -> int:
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter(*names), number=number), now=NOW)
        dispatches.release(conn, record.id, at=NOW, valid_until=LATER)
    return record.id


def take(database: Database, limit: int = 100, owner: str = "w", lease: dt.timedelta = LEASE) -> list[Claim]:
    with database.write() as conn:
        return claim(conn, owner=owner, limit=limit, lease=lease, now=NOW)


def mark(database: Database, taken: Claim) -> State | None:
    with database.write() as conn:
        return apply_moves(conn, [Move(taken.delivery_id, Fact.MARK, taken.epoch)], now=NOW)[0]


def states(database: Database, number: int) -> dict[str, State]:
    with database.read() as conn:
        return {row.name: row.state for row in deliveries.deliveries_of(conn, number)}


def test_the_longest_waiting_rows_are_taken_first(database: Database) -> None:
    number = released(database, "a", "b", "c", "d")
    with database.write() as conn:
        waits = {"A": 3, "B": 1, "C": 2, "D": 4}
        for row in deliveries.deliveries_of(conn, number):
            at = NOW - dt.timedelta(minutes=waits[row.name])
            deliveries.apply_fact(conn, row.id, Fact.RETRY, reason="", now=NOW, next_attempt_at=at)
    assert [taken.name for taken in take(database, 3)] == ["D", "A", "C"]
    assert [taken.name for taken in take(database, 3)] == ["B"]


def test_a_claim_can_be_limited_to_bulletins_and_deliveries(database: Database) -> None:
    first = released(database, "a", number="1")
    second = released(database, "a", "b", number="2")
    with database.write() as conn:
        only = deliveries.find_deliveries(conn, "B")[0].id
        assert claim(conn, owner="w", limit=9, lease=LEASE, now=NOW, bulletin_ids=[]) == []
        [one] = claim(conn, owner="w", limit=9, lease=LEASE, now=NOW, bulletin_ids=[first])
        assert one.bulletin_id == first
        [two] = claim(conn, owner="w", limit=9, lease=LEASE, now=NOW, bulletin_ids=[second], delivery_ids=[only])
        assert two.delivery_id == only
        assert len(claim(conn, owner="w", limit=9, lease=LEASE, now=NOW)) == 1


def test_rows_out_of_date_are_not_claimed_but_given_up(database: Database) -> None:
    number = released(database, "a", "b")
    with database.write() as conn:
        [taken] = claim(conn, owner="w", limit=1, lease=LEASE, now=NOW)
        assert claim(conn, owner="w", limit=9, lease=LEASE, now=LATER) == []
        assert sweep(conn, now=LATER) == Swept(requeued=0, unknown=0, expired=1)
        rows = {row.id: row for row in deliveries.deliveries_of(conn, number)}
        assert rows.pop(taken.delivery_id).state is State.CLAIMED  # its lease still runs
        [late] = rows.values()
        assert (late.state, late.reason) == (State.FAILED, "expired")


def test_what_waits_for_a_person_is_not_given_up_as_too_late(database: Database) -> None:
    number = released(database, "a", "b")
    with database.write() as conn:
        [letter_of_both] = dispatches.dispatches_of(conn, number)
        dispatches.hold(conn, letter_of_both.id, "content")
        assert sweep(conn, now=LATER) == Swept(requeued=0, unknown=0, expired=0)
        dispatches.unhold(conn, letter_of_both.id)
        assert sweep(conn, now=LATER) == Swept(requeued=0, unknown=0, expired=2)


def test_a_sweep_queues_what_was_only_claimed_and_doubts_what_was_marked(database: Database) -> None:
    number = released(database, "a", "b", "c")
    one, two, three = take(database, lease=OVER)
    assert mark(database, two) is State.SENDING  # the mark renews the lease
    with database.write() as conn:
        assert sweep(conn, now=NOW) == Swept(requeued=2, unknown=0)
        conn.exec_driver_sql("UPDATE delivery SET lease_until = lease_until - 700 WHERE state = 'sending'")
        assert sweep(conn, now=NOW) == Swept(requeued=0, unknown=1)
        assert sweep(conn, now=NOW) == Swept(requeued=0, unknown=0)
        rows = {row.name: row for row in deliveries.deliveries_of(conn, number, history=True)}
        assert rows[two.name].history[0].verdict == "unknown"
        assert conn.exec_driver_sql("SELECT count(*) FROM delivery WHERE owner IS NOT NULL").scalar() == 0
    assert states(database, number) == {one.name: State.QUEUED, two.name: State.UNKNOWN, three.name: State.QUEUED}
    assert Counter(taken.name for taken in take(database)) == Counter([one.name, three.name])


def test_a_running_lease_is_left_alone(database: Database) -> None:
    released(database, "a")
    take(database)
    with database.write() as conn:
        assert sweep(conn, now=NOW + dt.timedelta(hours=1)) == Swept(0, 0)  # business time does not end a lease


@pytest.mark.parametrize("moment", ["frozen before the mark", "frozen after the mark"])
def test_a_worker_frozen_past_its_lease_cannot_send_twice(database: Database, moment: str) -> None:
    number = released(database, "a")
    [taken] = take(database, lease=OVER)
    if moment == "frozen after the mark":
        assert mark(database, taken) is State.SENDING
        with database.write() as conn:
            conn.exec_driver_sql("UPDATE delivery SET lease_until = 0")
    with database.write() as conn:
        sweep(conn, now=NOW)
    again = take(database)
    assert mark(database, taken) is None
    if moment == "frozen after the mark":
        assert again == []
        with database.write() as conn:
            late = Move(taken.delivery_id, Fact.ACCEPT, taken.epoch)
            assert apply_moves(conn, [late], now=NOW) == [State.ACCEPTED]
    else:
        assert [each.epoch for each in again] == [taken.epoch + 1]
        assert states(database, number) == {"A": State.CLAIMED}


def test_recovery_sweeps_every_lease_whoever_holds_it(database: Database) -> None:
    number = released(database, "a", "b", "c")
    one, two = take(database, 2, owner="host:11:x")
    [three] = take(database, 1, owner="other_host:11:x")
    mark(database, two)
    with database.write() as conn:
        assert recover(conn, now=NOW) == Swept(requeued=2, unknown=1)
        assert recover(conn, now=NOW) == Swept(0, 0)
    assert states(database, number) == {one.name: State.QUEUED, two.name: State.UNKNOWN, three.name: State.QUEUED}


def test_claimers_in_threads_never_share_a_row(database: Database) -> None:
    released(database, *(f"p{n}" for n in range(200)))
    got: list[Claim] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        while part := take(database, 7):
            got.extend(part)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 200
    assert len({taken.delivery_id for taken in got}) == 200
    assert {taken.epoch for taken in got} == {1}


_CLAIMER = """
import datetime as dt, sys
from distributor.store.claims import claim
from distributor.store.database import Database

database = Database.open(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
now = dt.datetime.fromisoformat(sys.argv[2])
while True:
    with database.write() as conn:
        part = claim(conn, owner="w", limit=7, lease=dt.timedelta(seconds=60), now=now)
    if not part:
        break
    print(*(taken.delivery_id for taken in part), sep="\\n")
"""


def test_claimers_in_processes_never_share_a_row(database: Database, database_url: str) -> None:
    released(database, *(f"p{n}" for n in range(200)))
    command = [sys.executable, "-c", _CLAIMER, database_url, NOW.isoformat()]
    claimers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    for claimer in claimers:
        assert claimer.stdout is not None
        assert claimer.stdout.readline() == "ready\n"
    for claimer in claimers:
        assert claimer.stdin is not None
        claimer.stdin.write("go\n")
        claimer.stdin.flush()
    got = [line for claimer in claimers for line in claimer.communicate(timeout=60)[0].split()]
    assert len(got) == len(set(got)) == 200


_SENDER = """
import asyncio, datetime as dt, sys
from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact
from distributor.store.database import Database
from distributor.store.ledger import Ledger

async def main(url, now):
    database = Database.open(url)
    ledger = Ledger(database, clock=lambda: now)
    ledger.start()
    accepted = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250))
    async def send(claim):
        if await ledger.mark(claim):
            print("dot", claim.delivery_id, flush=True)
            await asyncio.sleep(0.001)
            await ledger.record(claim, Judgement(Fact.ACCEPT), accepted)
            print("done", claim.delivery_id, flush=True)
    while claims := await ledger.claim(owner="w", limit=5, lease=dt.timedelta(seconds=60)):
        await asyncio.gather(*(send(claim) for claim in claims))

asyncio.run(main(sys.argv[1], dt.datetime.fromisoformat(sys.argv[2])))
"""


@pytest.mark.parametrize("dots", [1, 8, 23])
def test_a_killed_sender_leaves_rows_that_recovery_settles(database: Database, database_url: str, dots: int) -> None:
    """SIGKILL after so many dots: nothing that was reported done is lost, no dot's row is ever queued again."""
    number = released(database, *(f"p{n}" for n in range(60)))
    sender = subprocess.Popen(
        [sys.executable, "-c", _SENDER, database_url, NOW.isoformat()], stdout=subprocess.PIPE, text=True
    )
    assert sender.stdout is not None
    said: list[list[str]] = []
    while sum(line[0] == "dot" for line in said) < dots:
        said.append(sender.stdout.readline().split())
    sender.kill()
    said += [line.split() for line in sender.stdout.read().splitlines()]
    sender.wait()
    sender.stdout.close()
    dotted = {line[1] for line in said if line[0] == "dot"}
    done = {line[1] for line in said if line[0] == "done"}
    with database.write() as conn:
        recover(conn, now=NOW)
        found = {row.id: row.state for row in deliveries.deliveries_of(conn, number)}
        assert deliveries.books(conn, number).planned == len(found) == 60
    assert {found[each] for each in done} <= {State.ACCEPTED}
    assert {found[each] for each in dotted} <= {State.ACCEPTED, State.UNKNOWN}
    assert set(found.values()) <= {State.QUEUED, State.ACCEPTED, State.UNKNOWN}
    assert sum(state is State.UNKNOWN for state in found.values()) <= 5  # at most what was in flight
    assert len(take(database)) == sum(state is State.QUEUED for state in found.values())
