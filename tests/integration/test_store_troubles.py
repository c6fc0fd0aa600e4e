"""Disks that fill, files that are locked or spoilt, servers that go away: what the store does and says."""

import asyncio
import contextlib
import datetime as dt
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact, State
from distributor.errors import DistributorError, Unavailable
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.claims import recover
from distributor.store.database import Database, retrying
from distributor.store.journal import OutcomeJournal, journal_path, replay_journal
from distributor.store.ledger import Ledger
from distributor.store.outcomes import Recorded
from distributor.store.records import Claim
from distributor.store.schema import delivery
from distributor.store.troubles import Busy
from distributor.words import words
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter
from tests.integration.postgres import PostgresServer

LEASE = dt.timedelta(seconds=60)
ACCEPTED = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", "好 ok"))


def released(database: Database, *names: str) -> int:
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, frozen(letter(*names)), now=NOW)
        dispatches.release(conn, record.id, at=NOW, valid_until=LATER)
    return record.id


def state(database: Database, claim: Claim) -> State:
    with database.read() as conn:
        return deliveries.find_deliveries(conn, claim.delivery_id)[0].state


@pytest.fixture
def ledger(sqlite: Database, clock: Clock) -> Iterator[Ledger]:
    ledger = Ledger(sqlite, clock=clock, pauses=[0.01])
    ledger.start()
    yield ledger
    ledger.close()


@contextlib.contextmanager
def locked(database: Database) -> Iterator[None]:
    """Another program holds the write lock."""
    other = sqlite3.connect(str(database.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def taken(ledger: Ledger, limit: int = 1) -> list[Claim]:
    return await ledger.claim(owner="w", limit=limit, lease=LEASE)


async def test_a_mark_that_cannot_be_locked_in_is_not_given(sqlite: Database, ledger: Ledger) -> None:
    released(sqlite, "li")
    [claim] = await taken(ledger)
    with locked(sqlite):
        with pytest.raises(Busy, match="locked by another program") as caught:
            await ledger.mark(claim)
        assert caught.value.do is not None
        assert state(sqlite, claim) is State.CLAIMED  # readers are not disturbed
        with pytest.raises(Busy):
            await taken(ledger)
    assert await ledger.mark(claim)


async def test_an_outcome_waits_for_the_lock_as_long_as_it_takes(sqlite: Database, ledger: Ledger) -> None:
    released(sqlite, "li")
    [claim] = await taken(ledger)
    await ledger.mark(claim)
    with locked(sqlite):
        pending = asyncio.create_task(ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED))
        with pytest.raises(Busy):  # by then the outcome was tried and refused, too
            await taken(ledger)
        assert not pending.done()
        assert state(sqlite, claim) is State.SENDING
    assert await pending is State.ACCEPTED


async def test_no_room_for_the_mark_means_no_dot(sqlite: Database, ledger: Ledger) -> None:
    released(sqlite, *(f"p{n}" for n in range(120)))
    claims = await taken(ledger, 100)
    refusing(sqlite, "UPDATE", "NEW.state = 'sending'")
    with pytest.raises(Unavailable, match="disk that holds the database is full") as caught:
        await ledger.mark(claims[0])
    assert caught.value.do is not None
    assert state(sqlite, claims[0]) is State.CLAIMED
    accepting(sqlite)
    assert await ledger.mark(claims[0])


def refusing(database: Database, verb: str, when: str) -> None:
    """Fills the disk for one kind of write: the table's growth meets `max_page_count` inside a trigger."""
    with database.write() as conn:
        conn.exec_driver_sql("CREATE TABLE ballast (content BLOB)")
        conn.exec_driver_sql(
            f"CREATE TRIGGER fill AFTER {verb} ON delivery WHEN {when} "
            "BEGIN INSERT INTO ballast VALUES (zeroblob(10000000)); END"
        )
        conn.exec_driver_sql(f"PRAGMA max_page_count={conn.exec_driver_sql('PRAGMA page_count').scalar_one() + 8}")


def accepting(database: Database) -> None:
    with database.write() as conn:
        conn.exec_driver_sql("DROP TRIGGER fill")


async def test_an_outcome_without_room_is_kept_and_written_later(sqlite: Database, ledger: Ledger) -> None:
    released(sqlite, "li", "wang")
    claim, other = await taken(ledger, 2)
    await ledger.mark(claim)
    refusing(sqlite, "UPDATE", "NEW.state = 'accepted'")
    pending = asyncio.create_task(ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="full"):
        await ledger.mark(other)  # in the batch of the outcome, or after it and together with it
    assert not pending.done()
    assert sqlite.path is not None
    assert b'"verdict": "accepted"' in journal_path(sqlite.path).read_bytes()
    accepting(sqlite)
    assert await pending is State.ACCEPTED
    await asyncio.to_thread(ledger.close)
    assert not journal_path(sqlite.path).read_bytes().strip(b"\0")


async def test_a_journal_left_by_a_killed_sender_is_read_at_the_next_start(sqlite: Database, clock: Clock) -> None:
    number = released(sqlite, "li", "wang")
    ledger = Ledger(sqlite, clock=clock)
    ledger.start()
    one, two = await taken(ledger, 2)
    await ledger.mark(one)
    await ledger.mark(two)
    await asyncio.to_thread(ledger.close)
    assert sqlite.path is not None
    journal = OutcomeJournal(journal_path(sqlite.path))
    assert journal.open() == []
    grey = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.DOT, Reply(450, "4.7.1", "later\0"))
    deferred = Judgement(Fact.DEFER, next_attempt_at=LATER - dt.timedelta(days=1), reason="recipient")
    where = (one.dispatch_id, "email", one.address)
    kept = [
        Recorded(one.delivery_id, 1, *where, Judgement(Fact.ACCEPT), ACCEPTED, NOW),
        Recorded(two.delivery_id, 1, *where, deferred, grey, NOW),
    ]
    assert journal.append(kept)
    journal.close()
    with journal_path(sqlite.path).open("r+b") as file:  # a third one was being written when the process died
        file.seek(file.read().index(b"\0"))
        file.write(b'{"delivery_id": "')
    with sqlite.write() as conn:
        recover(conn, now=NOW)
    assert replay_journal(sqlite, now=NOW) == 2
    assert replay_journal(sqlite, now=NOW) == 0
    with sqlite.read() as conn:
        rows = {row.id: row for row in deliveries.deliveries_of(conn, number, history=True)}
    assert rows[one.delivery_id].state is State.ACCEPTED
    assert rows[one.delivery_id].history[0].text == "好 ok"
    late = rows[two.delivery_id]
    assert (late.state, late.next_attempt_at, late.attempts) == (State.DEFERRED, deferred.next_attempt_at, 1)
    journal.open()
    journal.append(kept)  # committed after all: the same again changes nothing
    journal.close()
    restarted = Ledger(sqlite, clock=clock)
    restarted.start()
    restarted.close()
    with sqlite.read() as conn:
        assert {row.id: row for row in deliveries.deliveries_of(conn, number, history=True)} == rows


async def test_closing_over_a_dead_database_leaves_the_outcome_in_the_journal(sqlite: Database, clock: Clock) -> None:
    released(sqlite, "li")
    ledger = Ledger(sqlite, clock=clock, pauses=[0.01])
    ledger.start()
    [claim] = await taken(ledger)
    await ledger.mark(claim)
    with locked(sqlite):
        pending = asyncio.create_task(ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED))
        await asyncio.sleep(0)
        await asyncio.to_thread(lambda: ledger.close(patience=dt.timedelta(0)))
        with pytest.raises(Busy):
            await pending
    assert state(sqlite, claim) is State.SENDING
    assert replay_journal(sqlite, now=NOW) == 1
    assert state(sqlite, claim) is State.ACCEPTED


async def test_a_database_that_was_deleted_takes_no_mark(sqlite: Database, ledger: Ledger) -> None:
    released(sqlite, "li")
    [claim] = await taken(ledger)
    assert sqlite.path is not None
    sqlite.path.rename(sqlite.path.with_suffix(".moved"))
    with pytest.raises(Unavailable, match="moved, deleted or replaced while it was open"):
        await ledger.mark(claim)
    sqlite.path.with_suffix(".moved").rename(sqlite.path)
    assert await ledger.mark(claim)


def test_retrying_gives_up_in_the_end(sqlite: Database) -> None:
    calls: list[int] = []
    with locked(sqlite), pytest.raises(Busy):
        retrying(sqlite, lambda conn: calls.append(1), tries=2)
    retrying(sqlite, lambda conn: calls.append(1))
    assert calls == [1]


def _open(path: Path) -> DistributorError:
    with pytest.raises(DistributorError) as caught:
        Database.open(f"sqlite:///{path}")
    assert caught.value.do is not None
    assert caught.value.place is not None
    return caught.value


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_bytes(b"these are my notes, not a database\n" * 100)
    before = path.read_bytes()
    assert "is not a distributor database" in str(_open(path))
    assert path.read_bytes() == before


def test_a_damaged_database_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    path = tmp_path / "distributor.db"
    content = bytearray(path.read_bytes())
    content[100:8000] = os.urandom(7900)
    path.write_bytes(content)
    assert "damaged" in str(_open(path))


def test_a_database_that_vanished_is_not_made_anew(sqlite_url: str, tmp_path: Path) -> None:
    """An empty database would send everything a second time."""
    path = tmp_path / "distributor.db"
    Path(f"{path}.sender.lock").touch()
    path.unlink()
    error = _open(path)
    assert "distributor.db.sender.lock shows that it was in use" in str(error)
    assert not path.exists()


def test_a_folder_in_place_of_the_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "distributor.db").mkdir()
    assert "cannot be opened" in str(_open(tmp_path / "distributor.db"))


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    assert "folder of the database cannot be made" in str(_open(tmp_path / "data" / "distributor.db"))


_AS_NOBODY = """
import os, sys
from distributor.errors import Unavailable
from distributor.store.database import Database
Database.open("sqlite:///" + sys.argv[2]).close()  # everything is imported before the rights are given up
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
try:
    Database.open("sqlite:///" + sys.argv[1])
except Unavailable as error:
    print(error)
"""


@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_database_that_cannot_be_written_is_refused(sqlite_template: Path, closed: str) -> None:
    """Root may write everywhere, so a child without its rights looks at the file."""
    folder = Path(tempfile.mkdtemp())
    path = Path(shutil.copy(sqlite_template, folder / "distributor.db"))
    path.chmod(0o444 if closed == "file" else 0o666)
    folder.chmod(0o777 if closed == "file" else 0o555)
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(path), str(sqlite_template)], capture_output=True, text=True, check=True
    )
    folder.chmod(stat.S_IRWXU)
    shutil.rmtree(folder)
    assert "The database cannot be written. Check the rights" in done.stdout


async def test_terminated_connections_are_replaced_unseen(
    postgres: Database, postgres_server: PostgresServer, clock: Clock
) -> None:
    number = released(postgres, *(f"p{n}" for n in range(6)))
    ledger = Ledger(postgres, clock=clock)
    ledger.start()
    for claim in await taken(ledger, 6):
        postgres_server.disconnect_all(postgres.url)
        assert await ledger.mark(claim)
        postgres_server.disconnect_all(postgres.url)
        assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
    await asyncio.to_thread(ledger.close)
    with postgres.read() as conn:
        assert deliveries.books(conn, number).by_state == {State.ACCEPTED: 6}
        assert {row.attempts for row in deliveries.deliveries_of(conn, number)} == {1}


async def test_a_commit_whose_answer_was_lost_is_neither_doubled_nor_taken_for_a_lost_claim(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transaction is in, but the connection broke before the database could say so."""
    number = released(database, "li")
    ledger = Ledger(database, clock=clock, pauses=[0.01])
    ledger.start()
    [claim] = await taken(ledger)
    write = database.write
    lost: list[bool] = []

    @contextlib.contextmanager
    def write_and_lose() -> Iterator[Connection]:
        with write() as conn:
            yield conn
        if not lost:
            lost.append(True)
            raise Busy(words("The answer was lost."))

    monkeypatch.setattr(database, "write", write_and_lose)
    if database.dialect == "postgresql":
        assert await ledger.mark(claim)
    else:  # SQLite's answer cannot be lost so; what fails is taken as failed
        with pytest.raises(Busy):
            await ledger.mark(claim)
    lost.clear()
    assert await ledger.record(claim, Judgement(Fact.ACCEPT), ACCEPTED) is State.ACCEPTED
    await asyncio.to_thread(ledger.close)
    with database.read() as conn:
        [row] = deliveries.deliveries_of(conn, number)
        assert (row.state, row.attempts) == (State.ACCEPTED, 1)


async def test_a_server_that_restarts_loses_no_outcome(clock: Clock, postgres_template: str) -> None:
    """A server of its own: the others' must not go down with it."""
    server = PostgresServer()
    try:
        server.execute("CREATE DATABASE one")
        database = Database.open(server.url("one"))
        released(database, "li", "wang")
        ledger = Ledger(database, clock=clock, pauses=[0.01])
        ledger.start()
        one, two = await taken(ledger, 2)
        assert await ledger.mark(one)
        restarting = asyncio.create_task(asyncio.to_thread(server.restart))
        recorded = await ledger.record(one, Judgement(Fact.ACCEPT), ACCEPTED)
        await restarting
        assert recorded is State.ACCEPTED
        assert await ledger.mark(two)
        await asyncio.to_thread(ledger.close)
        assert state(database, one) is State.ACCEPTED
        database.close()
    finally:
        server.stop()


async def test_a_row_locked_by_another_transaction_is_waited_for_only_so_long(postgres_url: str, clock: Clock) -> None:
    database = Database.open(postgres_url, patience=dt.timedelta(milliseconds=100))
    released(database, "li")
    ledger = Ledger(database, clock=clock, pauses=[0.01])
    ledger.start()
    [claim] = await taken(ledger)
    with database.write() as conn:
        conn.exec_driver_sql("SELECT * FROM delivery FOR UPDATE")
        with pytest.raises(Busy):
            await ledger.mark(claim)
    assert await ledger.mark(claim)
    await asyncio.to_thread(ledger.close)
    database.close()


def test_a_deadlock_is_tried_again(postgres: Database) -> None:
    """Two transactions take two rows in opposite order: the server ends one of them, and its work is done anew."""
    number = released(postgres, "li", "wang")
    with postgres.read() as conn:
        ids = [row.id for row in deliveries.deliveries_of(conn, number)]
    met = threading.Barrier(2)
    tries: list[str] = []

    def work(order: list[str]) -> None:
        def write(conn: Connection) -> None:
            tries.append(order[0])
            for delivery_id in order:
                conn.execute(
                    update(delivery).where(delivery.c.id == delivery_id).values(attempts=delivery.c.attempts + 1)
                )
                if len(tries) <= 2 and delivery_id == order[0]:
                    met.wait(10)

        retrying(postgres, write)

    threads = [threading.Thread(target=work, args=(order,)) for order in (ids, ids[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(tries) == 3
    with postgres.read() as conn:
        assert [row.attempts for row in deliveries.deliveries_of(conn, number)] == [2, 2]


def test_a_server_that_is_not_there_is_named_without_the_password() -> None:
    with pytest.raises(Unavailable, match="does not answer") as caught:
        Database.open("postgresql://postgres:s3cret@127.0.0.1:1/none", patience=dt.timedelta(seconds=1))
    assert "s3cret" not in str(caught.value)
