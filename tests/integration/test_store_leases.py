"""Who leads: one at a time, also with a frozen leader, a dead one and a clock set back."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributor.store.database import Database
from distributor.store.leases import Lease, end, give_up, holder, holds, renew, take
from tests.integration.passing import let_pass

LENGTH = dt.timedelta(seconds=30)


def lead(database: Database, owner: str) -> Lease | None:
    with database.write() as conn:
        return take(conn, "leader", owner, LENGTH)


def leads(database: Database, held: Lease) -> bool:
    with database.write() as conn:
        return holds(conn, held)


@pytest.fixture
def held(database: Database) -> Lease:
    taken = lead(database, "one")
    assert taken is not None
    return taken


def test_one_leads_until_its_lease_is_over(database: Database, held: Lease) -> None:
    assert (held.name, held.owner, held.epoch) == ("leader", "one", 1)
    assert lead(database, "two") is None
    let_pass(database, seconds=29)
    assert lead(database, "two") is None
    let_pass(database, seconds=1)
    second = lead(database, "two")
    assert second is not None
    assert second.epoch == 2
    with database.read() as conn:
        assert holder(conn, "leader") == second
        assert holder(conn, "another") is None


def test_a_leader_that_renews_stays_and_keeps_its_epoch(database: Database, held: Lease) -> None:
    for _ in range(3):
        let_pass(database, seconds=20)
        with database.write() as conn:
            again = renew(conn, held, LENGTH)
        assert again is not None
        assert again.epoch == 1
        assert lead(database, "two") is None
    mine = lead(database, "one")
    assert mine is not None
    assert mine.epoch == 1


def test_a_leader_frozen_past_its_lease_may_do_nothing_more(database: Database, held: Lease) -> None:
    let_pass(database, seconds=30)
    assert not leads(database, held)  # also while nobody else has come
    second = lead(database, "two")
    assert second is not None
    assert not leads(database, held)
    with database.write() as conn:
        assert renew(conn, held, LENGTH) is None
        give_up(conn, held)  # not its own any more
        assert holds(conn, second)
    let_pass(database, seconds=30)
    again = lead(database, "one")
    assert again is not None
    assert again.epoch == 3
    assert not leads(database, held)  # the same owner, but another time


def test_a_leader_that_gives_up_is_followed_at_once(database: Database, held: Lease) -> None:
    with database.write() as conn:
        give_up(conn, held)
        assert not holds(conn, held)
        assert holder(conn, "leader") is None
    second = lead(database, "two")
    assert second is not None
    assert second.epoch == 2


def test_the_lease_of_a_dead_holder_can_be_ended_by_one_who_knows(database: Database, held: Lease) -> None:
    with database.write() as conn:
        end(conn, "nobody")
        end(conn, "leader")
        assert not holds(conn, held)
    second = lead(database, "two")
    assert second is not None
    assert second.epoch == 2


def test_nobody_takes_a_lease_while_its_holder_writes(postgres_url: str) -> None:
    first, second = Database.open(postgres_url), Database.open(postgres_url, patience=dt.timedelta(seconds=30))
    held = lead(first, "one")
    assert held is not None
    order: list[str] = []

    def follow() -> None:
        assert lead(second, "two") is None
        order.append("two asked")

    with first.write() as conn:
        assert holds(conn, held)
        follower = threading.Thread(target=follow)
        follower.start()
        blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while conn.exec_driver_sql(blocked).scalar() == 0:
            pass
        order.append("one wrote")
    follower.join()
    assert order == ["one wrote", "two asked"]
    first.close()
    second.close()


def test_a_clock_set_back_by_a_day_makes_no_lease_of_a_day(database: Database, held: Lease) -> None:
    let_pass(database, days=-1)
    assert lead(database, "two") is None
    assert leads(database, held)
    let_pass(database, seconds=30)
    assert lead(database, "two") is not None


def test_threads_that_want_to_lead_get_one_leader(database: Database) -> None:
    start = threading.Barrier(6)

    def work(n: int) -> Lease | None:
        start.wait()
        return lead(database, f"owner {n}")

    with ThreadPoolExecutor(6) as pool:
        assert sum(taken is not None for taken in pool.map(work, range(6))) == 1
