"""Heartbeats in a real database and a real file: restored, copied and moved for real."""

import datetime as dt
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.delivery.gap import Gap, Heartbeat, Machine
from distributor.errors import Unavailable
from distributor.store.database import Database
from distributor.store.instance import beat, first_beat, judge, known, last_seen
from distributor.store.machine import read_note, this_machine, write_note

COPY = Machine("copy", "another boot", dt.timedelta(minutes=1), dt.datetime(2000, 1, 1, tzinfo=dt.UTC))


def here() -> Machine:
    return this_machine(dt.datetime.now(dt.UTC))


def live(database: Database, note: Path, times: int = 1) -> Heartbeat | None:
    """So many heartbeats of an installation, each noted."""
    last = read_note(note)
    for _ in range(times):
        with database.write() as conn:
            last = beat(conn, last, here())
        if last is None:
            return None
        write_note(note, last)
    return last


def look(database: Database, note: Path, machine: Machine | None = None) -> Gap:
    with database.read() as conn:
        return judge(conn, read_note(note), machine or here())


@pytest.fixture
def note(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / "instance.json"


def test_a_life_without_trouble_is_fine(database: Database, note: Path) -> None:
    assert look(database, note) is Gap.FINE
    last = live(database, note, 3)
    assert last is not None
    assert last.count == 3
    assert look(database, note) is Gap.FINE
    assert read_note(note) == last
    with database.read() as conn:
        assert last_seen(conn) == last
        assert known(conn, last).shared == (database.dialect == "postgresql")


def test_a_crash_before_the_note_is_fine_and_life_goes_on(database: Database, note: Path) -> None:
    last = live(database, note, 2)
    assert last is not None
    assert last.count == 2
    with database.write() as conn:
        ahead = beat(conn, last, here())
    assert look(database, note) is Gap.FINE
    with database.write() as conn:
        again = first_beat(conn, read_note(note), here())
    assert ahead is not None
    assert again is not None
    assert (again.instance, again.count, again.previous) == (last.instance, 4, ahead.mark)
    write_note(note, again)
    assert live(database, note) is not None


def test_a_restored_file_is_noticed_at_the_start_and_while_running(sqlite_url: str, tmp_path: Path, note: Path) -> None:
    database = Database.open(sqlite_url)
    path = database.path
    assert path is not None
    live(database, note, 2)
    database.close()
    shutil.copy(path, tmp_path / "backup.db")
    database = Database.open(sqlite_url)
    last = live(database, note, 5)
    database.close()
    shutil.copy(tmp_path / "backup.db", path)
    database = Database.open(sqlite_url)
    assert look(database, note) is Gap.RESTORED_BACKUP
    with database.write() as conn:
        assert beat(conn, last, here()) is None
        begun = first_beat(conn, last, here())  # a person has looked
    assert last is not None
    assert begun is not None
    assert begun.instance != last.instance
    write_note(note, begun)
    assert look(database, note) is Gap.FINE
    database.close()


def test_a_file_put_where_no_note_is_was_restored_or_copied(sqlite: Database, note: Path) -> None:
    live(sqlite, note)
    note.unlink()
    assert look(sqlite, note) is Gap.RESTORED_BACKUP
    assert look(sqlite, note, replace(COPY, now=here().now)) is Gap.CLONED


def test_a_second_machine_on_a_shared_database_is_welcome(postgres: Database, tmp_path: Path) -> None:
    live(postgres, tmp_path / "one.json", 2)
    assert look(postgres, tmp_path / "two.json") is Gap.FINE
    live(postgres, tmp_path / "two.json", 2)
    assert look(postgres, tmp_path / "one.json") is Gap.FINE
    assert live(postgres, tmp_path / "one.json") is not None


def test_a_copy_of_a_whole_installation_is_noticed_by_both(database: Database, note: Path, tmp_path: Path) -> None:
    live(database, note, 2)
    copied = Path(shutil.copy(note, tmp_path / "copied.json"))
    live(database, copied, 3)
    assert look(database, note) is Gap.CLONED
    assert live(database, note) is None
    live(database, copied)
    assert live(database, note) is None  # also when the copy is only one heartbeat ahead of the other


def test_a_copy_on_another_machine_is_noticed_before_it_writes(database: Database, note: Path) -> None:
    live(database, note)
    assert look(database, note, replace(COPY, now=here().now)) is Gap.CLONED


@pytest.mark.parametrize(("by", "gap"), [(1, Gap.CLOCK_JUMP), (-1, Gap.CLOCK_BACK)])
def test_a_clock_moved_by_a_day_is_noticed(database: Database, note: Path, by: int, gap: Gap) -> None:
    live(database, note)
    machine = here()
    assert look(database, note, replace(machine, now=machine.now + dt.timedelta(days=by))) is gap


def test_this_machine_is_the_same_at_every_look() -> None:
    one, two = here(), here()
    assert (one.host, one.boot) == (two.host, two.boot)
    assert one.boot
    assert one.uptime <= two.uptime


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"at": "2026-11-23T09:00:00"}'])
def test_a_damaged_note_is_named_with_what_to_do(note: Path, content: bytes) -> None:
    note.parent.mkdir()
    note.write_bytes(content)
    with pytest.raises(Unavailable, match=r"cannot be read.*delete it") as caught:
        read_note(note)
    assert caught.value.place is not None
    assert caught.value.place.file == str(note)


def test_a_note_is_replaced_whole_or_not_at_all(
    database: Database, note: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = live(database, note)
    assert first is not None

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="cannot be written"):
        write_note(note, replace(first, count=99))
    assert read_note(note) == first
