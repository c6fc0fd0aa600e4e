"""Breakers that all processes share: opened once, probed by one, closed by its success or by a person."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from distributor.delivery.breaker import PROBE, Breaker, Standing
from distributor.delivery.outcome import Fault
from distributor.store import audit
from distributor.store.breakers import (
    Passage,
    admit,
    breakers,
    close_breaker,
    give_back_probe,
    record_failure,
    record_success,
)
from distributor.store.database import Database
from tests.integration.frozen import NOW
from tests.integration.passing import let_pass

FIVE_MINUTES = dt.timedelta(minutes=5)


def ask(database: Database, account: str = "main") -> Passage:
    with database.write() as conn:
        return admit(conn, account)


def fail(database: Database, passage: Passage, fault: Fault = Fault.ACCOUNT) -> Breaker | None:
    with database.write() as conn:
        return record_failure(conn, passage, fault, text="535 Login Fail\0")


def succeed(database: Database, passage: Passage) -> bool:
    with database.write() as conn:
        return record_success(conn, passage)


def only(database: Database) -> Breaker:
    with database.read() as conn:
        [found] = breakers(conn)
    return found


def test_an_account_without_trouble_is_admitted_and_leaves_no_row(database: Database) -> None:
    passage = ask(database)
    assert (passage.admitted, passage.probe, passage.wait) == (True, False, dt.timedelta())
    assert succeed(database, passage) is False
    with database.read() as conn:
        assert breakers(conn) == ()


def test_a_refused_login_closes_the_account_to_everybody_for_five_minutes(
    database: Database, database_url: str
) -> None:
    opened = fail(database, ask(database))
    assert opened is not None
    assert (opened.standing, opened.fault, opened.text) == (Standing.OPEN, Fault.ACCOUNT, "535 Login Fail")
    other = Database.open(database_url)
    refused = ask(other)
    assert not refused.admitted
    assert FIVE_MINUTES - dt.timedelta(seconds=30) < refused.wait <= FIVE_MINUTES
    assert ask(other, "second").admitted  # another account has a breaker of its own
    other.close()
    let_pass(database, minutes=4, seconds=59)
    assert not ask(database).admitted


def test_lines_that_fail_together_open_the_breaker_once(database: Database) -> None:
    lines = [ask(database) for _ in range(5)]
    assert [fail(database, line) is not None for line in lines] == [True, False, False, False, False]
    assert only(database).openings == 1


def test_after_the_pause_one_caller_probes_and_its_failure_doubles_the_pause(database: Database) -> None:
    fail(database, ask(database))
    let_pass(database, minutes=5)
    answers = [ask(database) for _ in range(3)]
    assert [(each.admitted, each.probe) for each in answers] == [(True, True), (False, False), (False, False)]
    late = Passage("main", True, False, epoch=0)
    assert fail(database, late) is None  # an answer from before the opening says nothing about the probe
    assert succeed(database, late) is False
    opened = fail(database, answers[0])
    assert opened is not None
    assert opened.openings == 2
    let_pass(database, minutes=9)
    assert not ask(database).admitted
    let_pass(database, minutes=1)
    assert ask(database).probe


def test_a_probe_that_succeeds_lets_everybody_go_on(database: Database) -> None:
    fail(database, ask(database))
    let_pass(database, minutes=5)
    assert succeed(database, ask(database)) is True
    assert [ask(database).probe for _ in range(3)] == [False] * 3
    assert only(database).text == ""


def test_a_probe_whose_process_died_is_replaced_after_its_time(database: Database) -> None:
    fail(database, ask(database))
    let_pass(database, minutes=5)
    lost = ask(database)
    let_pass(database, minutes=PROBE.total_seconds() / 60 - 1)
    assert not ask(database).admitted
    let_pass(database, minutes=1)
    assert ask(database).probe
    assert succeed(database, lost) is False  # it comes back too late


def test_an_unused_probe_goes_to_the_next_caller(database: Database) -> None:
    fail(database, ask(database))
    let_pass(database, minutes=5)
    probe = ask(database)
    with database.write() as conn:
        give_back_probe(conn, probe)
        give_back_probe(conn, probe)  # twice does no harm
    assert ask(database).probe
    assert not ask(database).admitted


def test_network_trouble_opens_only_after_five_in_a_row(database: Database) -> None:
    for _ in range(4):
        assert fail(database, ask(database), Fault.NETWORK) is None
    succeed(database, ask(database))
    for _ in range(4):
        assert fail(database, ask(database), Fault.NETWORK) is None
    assert ask(database).admitted
    opened = fail(database, ask(database), Fault.NETWORK)
    assert opened is not None
    assert opened.fault is Fault.NETWORK
    assert not ask(database).admitted


def test_a_person_closes_a_breaker_and_it_is_booked(database: Database) -> None:
    fail(database, ask(database))
    with database.write() as conn:
        assert close_breaker(conn, "main", "张三", NOW)
        assert not close_breaker(conn, "main", "张三", NOW)
        [entry] = audit.entries(conn)
    assert (entry.action, entry.subject, entry.actor) == ("breaker_closed", "account:main", "张三")
    assert entry.details == {"fault": "account", "text": "535 Login Fail"}
    assert ask(database).admitted


def test_a_clock_set_back_by_a_day_costs_one_pause(database: Database) -> None:
    fail(database, ask(database))
    let_pass(database, days=-1)
    assert ask(database).wait == FIVE_MINUTES
    let_pass(database, minutes=5)
    assert ask(database).probe


@pytest.mark.parametrize("moment", ["closed", "paused"])
def test_threads_open_a_breaker_once_and_get_one_probe(database: Database, moment: str) -> None:
    if moment == "paused":
        fail(database, ask(database))
        let_pass(database, minutes=5)
    start = threading.Barrier(6)

    def work(_: int) -> tuple[Passage, bool]:
        start.wait()
        passage = ask(database)
        return passage, passage.admitted and fail(database, passage) is not None

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(work, range(6)))
    assert sum(opened for _, opened in answers) == 1
    assert sum(passage.probe for passage, _ in answers) == (moment == "paused")
    assert only(database).openings == (2 if moment == "paused" else 1)
