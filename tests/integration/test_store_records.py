"""The audit chain, the suppression list and the sender's lock."""

import datetime as dt
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from distributor.errors import Unavailable
from distributor.store import audit, suppressions
from distributor.store.database import Database
from distributor.store.sender_lock import SenderBusy, acquire, lock_path
from tests.integration.frozen import NOW


def log(database: Database, *actions: str) -> None:
    with database.write() as conn:
        for number, action in enumerate(actions):
            audit.append(conn, action, "第12期", {"次": number}, "editor", NOW, bulletin_id=number % 2)


def test_the_audit_log_keeps_what_it_was_given(database: Database) -> None:
    log(database, "finalise", "send")
    with database.read() as conn:
        first, second = audit.entries(conn)
        assert (first.action, first.subject, first.actor, first.at, first.details) == (
            "finalise",
            "第12期",
            "editor",
            NOW,
            {"次": 0},
        )
        assert audit.entries(conn, 1) == (second,)
        assert audit.verify(conn) is None


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE id = 2", 2),
        ("UPDATE audit SET details = '{}' WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("DELETE FROM audit WHERE id = 3", 3),
        ("UPDATE audit SET hash = previous WHERE id = 3", 3),
        ("DELETE FROM audit", 1),
    ],
)
def test_a_changed_removed_or_cut_off_entry_shows(database: Database, tampering: str, found: int) -> None:
    log(database, "a", "b", "c")
    with database.write() as conn:
        conn.exec_driver_sql(tampering)
        assert audit.verify(conn) == found


def test_many_writers_make_one_chain(database: Database) -> None:
    def write() -> None:
        for _ in range(5):
            log(database, "x")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as conn:
        assert [entry.id for entry in audit.entries(conn)] == list(range(1, 21))
        assert audit.verify(conn) is None


def test_an_offered_address_counts_only_when_a_person_says_so(database: Database) -> None:
    why = {"reason": "550 5.1.1", "source": "d1", "now": NOW}
    with database.write() as conn:
        suppressions.offer(conn, "email", "a@x", **why)  # type: ignore[arg-type] # one set of reasons for all calls
        assert suppressions.is_suppressed(conn, "email", ["a@x", "b@x"]) == frozenset()
        later = NOW + dt.timedelta(days=1)
        suppressions.add(conn, "email", "a@x", reason="confirmed by phone", source="editor", now=later)
        suppressions.offer(conn, "email", "a@x", **why)  # type: ignore[arg-type] # one set of reasons for all calls
        suppressions.add(conn, "wecom", "b@x", **why)  # type: ignore[arg-type] # one set of reasons for all calls
        assert suppressions.is_suppressed(conn, "email", ["a@x", "b@x"]) == frozenset({"a@x"})
        assert [each.reason for each in suppressions.list_suppressions(conn)] == ["confirmed by phone", "550 5.1.1"]
        assert suppressions.list_suppressions(conn, "offered") == ()
        assert suppressions.remove(conn, "email", "a@x")
        assert not suppressions.remove(conn, "email", "a@x")
        assert suppressions.is_suppressed(conn, "email", ["a@x"]) == frozenset()


def test_the_second_sender_is_told_who_the_first_is(sqlite: Database) -> None:
    with acquire(sqlite, "host 11 since nine"):
        with pytest.raises(SenderBusy, match="host 11 since nine") as caught:
            acquire(sqlite, "host 12")
        assert (caught.value.code, caught.value.owner) == ("sender_busy", "host 11 since nine")
    lock = acquire(sqlite, "h")
    assert sqlite.path is not None
    assert lock_path(sqlite.path).read_text() == "h"
    lock.release()
    lock.release()


def test_who_only_asks_whether_somebody_sends_turns_no_sender_away(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker = acquire(sqlite, "asks")
    monkeypatch.setattr("time.sleep", lambda seconds: asker.release())
    with acquire(sqlite, "sends"):
        assert sqlite.path is not None
        assert lock_path(sqlite.path).read_text() == "sends"


def test_the_lock_ends_with_a_killed_process(sqlite: Database) -> None:
    script = (
        "import sys\nfrom distributor.store.database import Database\n"
        "from distributor.store.sender_lock import acquire\n"
        "lock = acquire(Database.open(sys.argv[1]), 'other'); print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, sqlite.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "held\n"
    with pytest.raises(SenderBusy, match="other"):
        acquire(sqlite, "me")
    other.kill()
    other.communicate()
    acquire(sqlite, "me").release()


def test_a_lock_file_that_cannot_be_made_is_said_so(sqlite: Database) -> None:
    assert sqlite.path is not None
    Path(lock_path(sqlite.path)).mkdir()
    with pytest.raises(Unavailable, match="lock file of the sender"):
        acquire(sqlite, "me")


def test_senders_on_postgresql_need_no_lock(postgres: Database) -> None:
    with acquire(postgres, "one"), acquire(postgres, "two"):
        pass
