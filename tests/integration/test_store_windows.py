"""Windows that hold exactly: against a model that counts by hand, and under processes that hammer one limit."""

import datetime as dt
import signal
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, select

from distributor.delivery.throttle import Limit, Scope, Want, parse_limit
from distributor.store import database as database_room
from distributor.store import windows
from distributor.store.database import Database, retrying
from distributor.store.service_schema import window_grant
from distributor.store.troubles import Busy
from distributor.store.windows import Grants, give_back, grant, purge, usage
from tests.integration.passing import let_pass
from tests.integration.postgres import PostgresServer, name_of

MINUTE = dt.timedelta(minutes=1)


def wants(count: int, *limits: str, scope: str = "account:main") -> list[Want]:
    """So many letters under the limits of one scope."""
    counted = Scope(scope, tuple(parse_limit(limit) for limit in limits))
    return [Want(f"{scope}/{n}", (counted,)) for n in range(count)]


def ask(database: Database, asked: list[Want]) -> Grants:
    with database.write() as conn:
        return grant(conn, asked)


def test_a_full_window_refuses_and_says_when_to_come_back(database: Database) -> None:
    first = ask(database, wants(25, "20/minute"))
    assert (len(first.granted), len(first.refused)) == (20, 5)
    assert first.wait == MINUTE + dt.timedelta(milliseconds=1)
    assert {(each.scope, each.limit) for each in first.refused} == {("account:main", "20/minute")}
    assert ask(database, wants(1, "20/minute")).granted == ()
    let_pass(database, seconds=59)
    again = ask(database, wants(1, "20/minute"))
    assert again.granted == ()
    assert again.wait is not None
    assert again.wait <= dt.timedelta(seconds=1, milliseconds=1)
    let_pass(database, seconds=again.wait.total_seconds())
    assert len(ask(database, wants(25, "20/minute")).granted) == 20


def test_a_grant_is_stamped_by_the_database_to_the_millisecond(database: Database) -> None:
    before = dt.datetime.now(dt.UTC)
    [granted] = ask(database, wants(1, "20/minute")).granted
    after = dt.datetime.now(dt.UTC)
    assert before - dt.timedelta(milliseconds=1) <= granted.at <= after
    assert (granted.key, granted.scopes) == ("account:main/0", frozenset({"account:main"}))


def test_several_limits_of_one_scope_all_hold(database: Database) -> None:
    limits = ("3/minute", "5/hour", "100/day")
    assert len(ask(database, wants(9, *limits)).granted) == 3
    let_pass(database, minutes=1, seconds=1)
    second = ask(database, wants(9, *limits))
    assert len(second.granted) == 2
    assert {each.limit for each in second.refused} == {"5/hour"}
    let_pass(database, minutes=1, seconds=1)
    assert ask(database, wants(9, *limits)).granted == ()


def test_a_want_takes_room_in_all_its_scopes_or_in_none(database: Database) -> None:
    account = Scope("account:main", (parse_limit("3/minute"),))
    qq, sina = (Scope(f"domain:main:{name}", (parse_limit("1/minute"),)) for name in ("qq.com", "sina.com"))
    asked = [Want(f"{n}", (account, domain)) for n, domain in enumerate([qq, qq, qq, sina])]
    answer = ask(database, asked)
    assert [each.key for each in answer.granted] == ["0", "3"]
    assert {each.scope for each in answer.refused} == {"domain:main:qq.com"}
    with database.read() as conn:
        found = usage(conn, [account, qq, sina])
    assert [(each.used, each.count, bool(each.wait)) for each in found] == [(2, 3, False), (1, 1, True), (1, 1, True)]


def test_what_was_not_used_can_be_given_back(database: Database) -> None:
    granted = ask(database, wants(9, "5/minute")).granted
    with database.write() as conn:
        give_back(conn, granted[:2])
        give_back(conn, granted[:1])  # twice does no harm
        give_back(conn, [])
    assert len(ask(database, wants(9, "5/minute")).granted) == 2


def test_a_transaction_that_is_undone_grants_nothing(database: Database) -> None:
    def broken() -> None:
        with database.write() as conn:
            assert len(grant(conn, wants(5, "5/minute")).granted) == 5
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert len(ask(database, wants(9, "5/minute")).granted) == 5


def test_no_wants_and_wants_without_limits_wait_for_nothing(database: Database) -> None:
    assert ask(database, []) == Grants((), ())
    assert len(ask(database, [Want("free", ()), *wants(2)]).granted) == 3
    # The limit that is set later knows of them.
    assert len(ask(database, wants(9, "5/minute")).granted) == 3


def test_a_restart_grants_no_fresh_quota(database: Database, database_url: str) -> None:
    assert len(ask(database, wants(15, "20/minute")).granted) == 15
    database.close()
    reopened = Database.open(database_url)
    assert len(ask(reopened, wants(15, "20/minute")).granted) == 5
    reopened.close()


def test_grants_older_than_a_day_are_forgotten(database: Database) -> None:
    ask(database, wants(4, "5/minute"))
    ask(database, wants(3, "5/minute", scope="domain:main:old"))
    let_pass(database, hours=23)
    assert len(ask(database, wants(1, "5/day")).granted) == 1
    let_pass(database, hours=1, seconds=1)
    ask(database, wants(1, "5/minute"))
    with database.write() as conn:
        scopes = conn.execute(select(window_grant.c.scope, func.count()).group_by(window_grant.c.scope)).all()
        assert dict(map(tuple, scopes)) == {"account:main": 2, "domain:main:old": 3}  # who asks, cleans up
        assert purge(conn) == 3
        assert purge(conn) == 0


class ModelClock:
    """The database's clock as a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000_000_000_000

    def __call__(self, conn: Connection) -> int:
        return self.now


@contextmanager
def undone(database: Database, clock: ModelClock) -> Iterator[Connection]:
    """One transaction on the model's clock, undone at the end: examples share a database, not their rows."""
    with patch.object(windows, "read_clock", clock), database.write() as conn:
        try:
            yield conn
        finally:
            conn.rollback()


LIMITS = st.builds(Limit, st.integers(1, 6), st.sampled_from([dt.timedelta(seconds=s) for s in (1, 2, 5, 60)]))
SCOPES = st.dictionaries(st.sampled_from("abc"), st.lists(LIMITS, max_size=2).map(tuple), min_size=1)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 300, 999, 1000, 1001, 2000, 2001, 5001, 60_001]) | st.integers(0, 70_000),
        st.lists(st.lists(st.sampled_from("abc"), max_size=3, unique=True), max_size=8),
        st.integers(0, 3),
    ),
    max_size=12,
)
MODEL = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def room(stamps: list[int], limits: tuple[Limit, ...], now: int) -> bool:
    """The model: whether one more leaves every window that ends now within its count."""
    return all(sum(now - limit.milliseconds <= at for at in stamps) < limit.count for limit in limits)


def overfull(stamps: list[int], limit: Limit) -> bool:
    ordered = sorted(stamps)
    return any(b - a <= limit.milliseconds for a, b in zip(ordered, ordered[limit.count :], strict=False))


@MODEL
@given(scopes=SCOPES, steps=STEPS)
def test_grants_are_those_of_a_model_that_counts_by_hand(
    database: Database, scopes: dict[str, tuple[Limit, ...]], steps: list[tuple[int, list[list[str]], int]]
) -> None:
    """No window is ever overfull, no room stays unused, and the wait is right to the millisecond."""
    clock, stamps = ModelClock(), defaultdict[str, list[int]](list)
    with undone(database, clock) as conn:
        for passed, batch, returned in steps:
            clock.now += passed
            asked = [
                Want(str(n), tuple(Scope(name, scopes.get(name, ())) for name in names))
                for n, names in enumerate(batch)
            ]
            answer = grant(conn, asked)
            granted = {each.key for each in answer.granted}
            for want in asked:
                fits = all(room(stamps[scope.name], scope.limits, clock.now) for scope in want.scopes)
                assert fits == (want.key in granted)
                for scope in want.scopes if fits else ():
                    stamps[scope.name].append(clock.now)
            assert not any(overfull(stamps[name], limit) for name, limits in scopes.items() for limit in limits)
            for refusal in answer.refused:
                later = clock.now + refusal.wait // dt.timedelta(milliseconds=1)
                want = asked[int(refusal.key)]
                assert all(room(stamps[scope.name], scope.limits, later) for scope in want.scopes)
                assert not all(room(stamps[scope.name], scope.limits, later - 1) for scope in want.scopes)
            for unused in answer.granted[:returned]:
                give_back(conn, [unused])
                for name in unused.scopes:
                    stamps[name].remove(clock.now)


@MODEL
@given(
    limit=LIMITS,
    steps=st.lists(st.tuples(st.integers(0, 3000), st.integers(-90_000_000, 0) | st.just(0), st.integers(0, 9))),
)
def test_a_clock_that_is_set_back_lets_no_window_overflow_and_stops_nobody_for_long(
    database: Database, limit: Limit, steps: list[tuple[int, int, int]]
) -> None:
    clock, true, stamps = ModelClock(), 0, list[int]()
    with undone(database, clock) as conn:
        for passed, back, count in steps:
            true += passed
            clock.now += passed + back
            answer = grant(conn, [Want(str(n), (Scope("a", (limit,)),)) for n in range(count)])
            stamps += [true] * len(answer.granted)
            assert not overfull(stamps, limit)
            assert answer.wait is None or answer.wait <= limit.window + dt.timedelta(milliseconds=1)


def test_batches_that_name_scopes_in_other_orders_do_not_lock_each_other_out(database: Database) -> None:
    scopes = [Scope(f"domain:{n}", (parse_limit("40/day"),)) for n in range(6)]
    start, granted, lock = threading.Barrier(4), Counter[str](), threading.Lock()

    def work(turn: int) -> None:
        start.wait()
        for n in range(15):
            chosen = (scopes[turn:] + scopes[:turn])[:: 1 if n % 2 else -1]
            asked = [Want("w", (scope,)) for scope in chosen]
            answer = retrying(database, partial(grant, wants=asked))
            with lock:
                granted.update(name for each in answer.granted for name in each.scopes)

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert granted == dict.fromkeys((scope.name for scope in scopes), 40)


_HAMMER = """
import sys, time
from distributor.delivery.throttle import Scope, Want, parse_limit
from distributor.store.database import Database, retrying
from distributor.store.windows import grant

url, size, total = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
database = Database.open(url)
scopes = (Scope("account:main", (parse_limit("30/3 seconds"),)), Scope("domain:main:qq.com"))
print("ready", flush=True)
sys.stdin.readline()
while True:
    answer = retrying(database, lambda conn: grant(conn, [Want("w", scopes)] * size))
    print(len(answer.granted), flush=True)
    with database.read() as conn:
        if conn.exec_driver_sql("SELECT count(*) FROM window_grant").scalar() >= 2 * total:
            break
    time.sleep(0.0 if answer.wait is None else answer.wait.total_seconds())
"""


def hammer(url: str, size: int, total: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _HAMMER, url, str(size), str(total)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_processes_that_hammer_a_limit_keep_it_exactly_and_use_it_up(database: Database, database_url: str) -> None:
    """Three processes, one killed and replaced on the way: never 31 in 3 s, and at least 95 % of the room used."""
    total, window = 91, 3000
    running = [hammer(database_url, size, total) for size in (1, 7, 20)]
    for process in running:
        go(process)
    assert running[0].stdout is not None
    while running[0].stdout.readline().strip() != "0":  # the first window is full
        pass
    running[0].send_signal(signal.SIGKILL)
    running.append(hammer(database_url, 3, total))
    go(running[-1])
    codes = [(process.communicate(timeout=60), process.returncode)[1] for process in running]
    assert codes == [-signal.SIGKILL, 0, 0, 0]
    for scope in ("account:main", "domain:main:qq.com"):
        with database.read() as conn:
            stamps = list(
                conn.execute(
                    select(window_grant.c.at_ms).where(window_grant.c.scope == scope).order_by("at_ms")
                ).scalars()
            )
        assert not overfull(stamps, Limit(30, dt.timedelta(milliseconds=window)))
        # The 91st grant belongs to the fourth window: three full ones lie before it.
        assert stamps[90] - stamps[0] <= 3 * window / 0.95


def test_a_lost_server_connection_costs_no_exactness(postgres: Database, postgres_server: PostgresServer) -> None:
    url = postgres.url
    assert len(ask(postgres, wants(15, "20/minute")).granted) == 15
    postgres_server.disconnect_all(url)
    answer = retrying(postgres, lambda conn: grant(conn, wants(15, "20/minute")))
    assert len(answer.granted) == 5


def test_a_server_set_to_another_isolation_still_lets_waiters_see_what_was_granted(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    postgres_server.execute(
        f"ALTER DATABASE {name_of(postgres_url)} SET default_transaction_isolation = 'repeatable read'"
    )
    first, second = Database.open(postgres_url), Database.open(postgres_url)
    answers: list[Any] = []
    with first.write() as conn:
        grant(conn, wants(15, "20/minute"))
        waiter = threading.Thread(target=lambda: answers.append(ask(second, wants(15, "20/minute"))))
        waiter.start()
        with postgres_server.connect() as watch:
            blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            while watch.execute(blocked).fetchone() == (0,):
                pass
    waiter.join()
    assert [len(answer.granted) for answer in answers] == [5]
    first.close()
    second.close()


def test_a_program_frozen_within_a_grant_does_not_stop_the_others(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_room, "_FROZEN", "300ms")
    frozen, other = Database.open(postgres_url), Database.open(postgres_url)
    granted: list[int] = []

    def freeze() -> None:
        with frozen.write() as conn:
            granted.append(len(grant(conn, wants(15, "20/minute")).granted))
            granted.append(len(ask(other, wants(20, "20/minute")).granted))  # until the server gives the frozen up

    with pytest.raises(Busy):
        freeze()
    assert granted == [15, 20]
    frozen.close()
    other.close()
