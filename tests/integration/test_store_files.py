"""The files around the database: one lock however it is called, a journal that neither loses nor invents."""

import errno
import fcntl
import os
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact
from distributor.errors import Unavailable
from distributor.settings import Office, Settings
from distributor.store import bulletins
from distributor.store.database import Database
from distributor.store.inspection import sqlite_file
from distributor.store.journal import OutcomeJournal, journal_path
from distributor.store.outcomes import Recorded
from distributor.store.sender_lock import SenderBusy, acquire, lock_path
from tests.integration.frozen import NOW, frozen, letter


def outcome(number: int, text: str = "ok") -> Recorded:
    accepted = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", text))
    return Recorded(f"{number:032x}", 1, 1, "email", "a@example.gov.cn", Judgement(Fact.ACCEPT), accepted, NOW)


def test_a_link_to_the_database_finds_the_same_lock_and_the_same_journal(sqlite: Database, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert sqlite.path is not None
    (elsewhere / "link.db").symlink_to(sqlite.path)
    linked = Database.open(f"sqlite:///{elsewhere / 'link.db'}")
    assert linked.path is not None
    with acquire(sqlite, "the first"), pytest.raises(SenderBusy, match="the first"):
        acquire(linked, "the second")
    assert journal_path(linked.path) == journal_path(sqlite.path)
    linked.close()


def test_a_folder_that_is_a_link_finds_the_same_lock(sqlite: Database, tmp_path: Path) -> None:
    (tmp_path / "other").symlink_to(tmp_path, target_is_directory=True)
    linked = Database.open(f"sqlite:///{tmp_path / 'other' / 'distributor.db'}")
    with acquire(sqlite, "the first"), pytest.raises(SenderBusy):
        acquire(linked, "the second")
    linked.close()


def test_a_lock_file_that_is_deleted_before_it_is_locked_locks_nobody_out(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that open the file before and after it is deleted would each lock a file of their own."""
    assert sqlite.path is not None
    path = lock_path(sqlite.path)
    real = fcntl.flock
    deleted: list[int] = []

    def deleting(descriptor: int, wish: int) -> None:
        if not deleted:
            path.unlink()
            deleted.append(descriptor)
        real(descriptor, wish)

    monkeypatch.setattr(fcntl, "flock", deleting)
    with acquire(sqlite, "the first"):
        assert path.read_text() == "the first"
        with pytest.raises(SenderBusy, match="the first"):
            acquire(sqlite, "the second")


def test_a_lock_file_that_never_stays_is_said_so(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sqlite.path is not None
    path = lock_path(sqlite.path)
    monkeypatch.setattr(fcntl, "flock", lambda descriptor, wish: path.unlink())
    with pytest.raises(Unavailable, match="lock file of the sender"):
        acquire(sqlite, "me")


@pytest.mark.parametrize("damaged", [b"garbage", b'{"delivery_id": 1}', b"[]", b"\xff\xfe", b'"x"', b""])
def test_a_damaged_line_of_the_journal_is_named_and_the_file_kept(tmp_path: Path, damaged: bytes) -> None:
    path = tmp_path / "outcomes"
    journal = OutcomeJournal(path)
    journal.open()
    assert journal.append([outcome(1)])
    journal.close()
    whole = path.read_bytes().rstrip(b"\0")
    path.write_bytes(whole + damaged + b"\n")
    with pytest.raises(Unavailable, match="Line 2 of the journal") as caught:
        journal.open()
    assert caught.value.place is not None
    assert (caught.value.place.file, caught.value.place.line) == (str(path), 2)
    assert caught.value.do is not None
    assert path.read_bytes().rstrip(b"\0") == whole + damaged + b"\n"
    path.write_bytes(whole)  # as the advice says
    assert [kept.delivery_id for kept in journal.open()] == [outcome(1).delivery_id]
    journal.close()


def test_what_is_written_in_parts_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: real(file, bytes(content)[:100], at))
    journal = OutcomeJournal(tmp_path / "outcomes")
    journal.open()
    assert journal.append([outcome(1), outcome(2)])
    journal.close()
    assert len(journal.open()) == 2
    journal.clear()
    journal.close()
    assert journal.open() == []
    journal.close()


@pytest.mark.parametrize("says", ["an error", "nothing"])
def test_what_is_not_written_whole_is_not_kept_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    """Room for two of four lines: neither they nor a piece of the third may be found by the next sender."""
    path = tmp_path / "outcomes"
    journal = OutcomeJournal(path)
    journal.open()
    assert journal.append([outcome(1), outcome(2)])
    whole = len(path.read_bytes().rstrip(b"\0"))
    real, room = os.pwrite, whole * 2 + 100

    def nearly_full(file: int, content: bytes, at: int) -> int:
        if at >= room and says == "an error":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, bytes(content)[: max(room - at, 0)], at)

    monkeypatch.setattr(os, "pwrite", nearly_full)
    assert not journal.append([outcome(number) for number in (3, 4, 5, 6)])
    assert path.read_bytes().rstrip(b"\0").count(b"\n") == 2
    assert journal.append([outcome(7)])
    journal.close()
    assert [each.delivery_id for each in journal.open()] == [outcome(number).delivery_id for number in (1, 2, 7)]
    journal.close()


@pytest.mark.parametrize("folder", ["a?b", "100%", "100%25", "%2e", "a#b", "第 7 期", "a?x=1&y"])
def test_an_office_s_folder_may_have_any_name(tmp_path: Path, folder: str) -> None:
    home = tmp_path / folder
    settings = Settings(office=Office(name="河长办", sender="hzb@example.cn"), home=home)
    database = Database.open(settings.database_url)
    assert database.path == home / "data" / "distributor.db" == sqlite_file(settings.database_url)
    database.close()
    assert [path.name for path in tmp_path.iterdir()] == [folder]
    assert database.path.exists()


def test_a_file_name_in_another_encoding_is_stored_as_far_as_it_can_be_shown(database: Database) -> None:
    name = os.fsdecode("第7期.md".encode("gbk"))
    with database.write() as conn:
        record, _ = bulletins.save_frozen(conn, replace(frozen(letter("li")), file_name=name), now=NOW)
    assert record.file_name.endswith("7??.md")
    with database.read() as conn:
        assert bulletins.get_bulletin(conn, record.id).file_name == record.file_name
