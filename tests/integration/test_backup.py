"""Backups: of one moment, whole or not there, for the owner alone, and without what would let others send."""

import datetime as dt
import json
import os
import shlex
import sqlite3
import stat
import subprocess
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from distributor.dispatch.archive import MANIFEST, verify_archive
from distributor.dispatch.backup import back_up
from distributor.errors import BadInput, Unavailable
from distributor.receipts.tokens import load_key
from distributor.settings import DatabaseSettings, Folders, Office, Settings
from distributor.store.bulletins import list_bulletins, save_frozen
from distributor.store.database import Database
from distributor.store.journal import journal_path
from tests.integration.frozen import NOW, frozen, letter


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An office with everything it edits, and one bulletin in its database."""
    home = tmp_path / "office"
    (home / "templates" / "email" / "报").mkdir(parents=True)
    (home / "templates" / "email" / "报" / "subject.txt").write_text("{{ title }}", encoding="utf-8")
    for name in ("distributor.toml", "recipients.yaml", "calendar.yaml"):
        (home / name).write_text(f"# {name}\n", encoding="utf-8")
    load_key(home / "secrets" / "token.key")
    (home / "secrets" / "smtp").write_text("hunter2")
    (home / "inbox").mkdir()
    add_bulletin(home, "12")
    return home


def settings_of(home: Path, **changes: Any) -> Settings:
    return Settings(office=Office(name="云岭区河长办", sender="hzb@example.gov.cn"), **changes).at(home)


def add_bulletin(home: Path, number: str) -> None:
    database = Database.open(f"sqlite:///{home}/data/distributor.db")
    with database.write() as conn:
        save_frozen(conn, frozen(letter("a", "b"), number=number), now=NOW, token_hashes=lambda d: (f"v{d}", f"l{d}"))
    database.close()


def unpacked(archive: Path, folder: Path) -> Path:
    """Restores as the manual says: unpack into an empty folder."""
    folder.mkdir()
    subprocess.run(["tar", "-xzf", str(archive), "-C", str(folder)], check=True)
    return folder


def names(archive: Path) -> set[str]:
    with tarfile.open(archive) as tar:
        return set(tar.getnames())


def test_everything_the_office_cannot_lose_is_in_it_and_no_password(home: Path, tmp_path: Path) -> None:
    settings = settings_of(home, folders=Folders(templates=Path("templates")))
    made = back_up(settings, home / "distributor.toml", tmp_path / "backups", now=NOW)

    assert made.path == tmp_path / "backups" / "distributor-20261123-170000.tar.gz"
    assert names(made.path) == {
        MANIFEST, "distributor.toml", "recipients.yaml", "calendar.yaml", "secrets/token.key",
        "templates/email/报/subject.txt", "data/distributor.db",
    }  # fmt: skip
    assert (made.rows["bulletin"], made.rows["delivery"], made.missing) == (1, 2, ())
    assert made.size == made.path.stat().st_size


def test_it_is_for_the_owner_alone_whatever_the_umask(home: Path, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    finally:
        os.umask(old)
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    with tarfile.open(made.path) as tar:
        assert {member.mode for member in tar} == {0o600}


def test_what_was_saved_can_be_unpacked_and_used(home: Path, tmp_path: Path) -> None:
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    restored = unpacked(made.path, tmp_path / "restored")

    assert load_key(restored / "secrets" / "token.key") == load_key(home / "secrets" / "token.key")
    database = Database.open(f"sqlite:///{restored}/data/distributor.db")
    with database.read() as conn:
        assert [record.key.number for record in list_bulletins(conn)] == ["12"]
    database.close()


def test_while_others_write_the_copy_is_of_one_moment(home: Path, tmp_path: Path) -> None:
    """Each transaction writes one bulletin with two deliveries; no copy may hold one without the other."""
    stop = threading.Event()

    def write() -> None:
        number = 100
        while not stop.is_set():
            add_bulletin(home, str(number))
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [
            back_up(settings_of(home), home / "distributor.toml", tmp_path / f"{n}.tar.gz", now=NOW) for n in range(3)
        ]
    finally:
        stop.set()
        writer.join()
    counts = [(each.rows["bulletin"], each.rows["delivery"]) for each in made]
    assert all(deliveries == 2 * bulletins for bulletins, deliveries in counts)
    assert counts == sorted(counts)


def test_answers_that_wait_in_the_journal_are_saved_too(home: Path, tmp_path: Path) -> None:
    journal_path(home / "data" / "distributor.db").write_bytes(b'{"answer": 1}\n' + b"\0" * 1000)
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    restored = unpacked(made.path, tmp_path / "restored")
    assert journal_path(restored / "data" / "distributor.db").read_bytes() == b'{"answer": 1}\n'


def test_an_empty_journal_is_left_out(home: Path, tmp_path: Path) -> None:
    journal_path(home / "data" / "distributor.db").write_bytes(b"\0" * 1000)
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    assert "data/distributor.db.outcomes" not in made.files


def test_files_outside_the_folder_keep_their_whole_path(home: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (home / "recipients.yaml").rename(tmp_path / "elsewhere" / "list.yaml")
    settings = settings_of(home, folders=Folders(recipients=tmp_path / "elsewhere" / "list.yaml"))
    made = back_up(settings, home / "distributor.toml", tmp_path, now=NOW)
    assert f"outside{tmp_path}/elsewhere/list.yaml" in made.files
    unpacked(made.path, tmp_path / "restored")


def test_what_is_not_there_is_said(home: Path, tmp_path: Path) -> None:
    (home / "calendar.yaml").unlink()
    (home / "data" / "distributor.db").unlink()
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    assert made.missing == (str(home / "calendar.yaml"), str(home / "data" / "distributor.db"))
    assert made.rows == {}
    assert not made.command


def test_postgresql_is_saved_by_its_own_tool(home: Path, tmp_path: Path) -> None:
    url = "postgresql+psycopg://hzb:hunter2@db.example.gov.cn:5433/bulletin"
    settings = settings_of(home, database=DatabaseSettings(url=url))
    made = back_up(settings, home / "distributor.toml", tmp_path / "b.tar.gz", now=NOW)
    assert shlex.split(made.command) == [
        "pg_dump", "--format=custom", "--file=b.dump", "postgresql://hzb@db.example.gov.cn:5433/bulletin",
    ]  # fmt: skip
    assert "secrets/token.key" in made.files
    assert not any("distributor.db" in name for name in made.files)


def test_no_backup_takes_the_place_of_another(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "b.tar.gz"
    back_up(settings_of(home), home / "distributor.toml", target, now=NOW)
    before = target.read_bytes()
    with pytest.raises(BadInput):
        back_up(settings_of(home), home / "distributor.toml", target, now=NOW)
    back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    with pytest.raises(BadInput):
        back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    assert target.read_bytes() == before


def test_a_target_that_is_another_file_is_refused(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadInput):
        back_up(settings_of(home), home / "distributor.toml", tmp_path / "notes.txt", now=NOW)


def test_38_a_damaged_database_gives_no_backup_and_leaves_nothing_behind(home: Path, tmp_path: Path) -> None:
    (home / "data" / "distributor.db").write_bytes(b"no database at all" * 1000)
    target = tmp_path / "backups"
    with pytest.raises(Unavailable):
        back_up(settings_of(home), home / "distributor.toml", target, now=NOW)
    assert list(target.iterdir()) == []


def test_35_a_place_that_cannot_be_written_is_said(home: Path) -> None:
    (home / "file").touch()
    with pytest.raises(Unavailable) as refusal:
        back_up(settings_of(home), home / "distributor.toml", home / "file" / "b.tar.gz", now=NOW)
    assert refusal.value.do


@pytest.mark.parametrize("where", [0.3, 0.5, 0.7, 0.95])
def test_a_backup_with_a_changed_byte_is_not_whole(home: Path, tmp_path: Path, where: float) -> None:
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    assert verify_archive(made.path) == made.rows
    octets = bytearray(made.path.read_bytes())
    octets[int(len(octets) * where)] ^= 0xFF
    made.path.write_bytes(octets)
    with pytest.raises((BadInput, Unavailable)):
        verify_archive(made.path)


@pytest.mark.parametrize("keep", [0, 1, 100, 3000])
def test_a_backup_that_was_cut_short_is_not_whole(home: Path, tmp_path: Path, keep: int) -> None:
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW)
    made.path.write_bytes(made.path.read_bytes()[:keep])
    with pytest.raises(BadInput):
        verify_archive(made.path)


def test_a_backup_whose_file_or_rows_were_exchanged_is_not_whole(home: Path, tmp_path: Path) -> None:
    made = back_up(settings_of(home), home / "distributor.toml", tmp_path / "a.tar.gz", now=NOW)
    folder = unpacked(made.path, tmp_path / "changed")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["rows"]["bulletin"] = 2
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert_not_whole(folder, tmp_path / "rows.tar.gz")

    manifest["rows"]["bulletin"] = 1
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    (folder / "recipients.yaml").write_text("groups: {}")
    assert_not_whole(folder, tmp_path / "file.tar.gz")

    (folder / "recipients.yaml").unlink()
    assert_not_whole(folder, tmp_path / "gone.tar.gz")


def assert_not_whole(folder: Path, archive: Path) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted(folder.rglob("*")):
            tar.add(path, path.relative_to(folder).as_posix(), recursive=False)
    with pytest.raises(BadInput):
        verify_archive(archive)


def test_the_copy_needs_no_companion_files(home: Path, tmp_path: Path) -> None:
    """What is still in the WAL is in the copy too."""
    with closing(sqlite3.connect(home / "data" / "distributor.db")) as held_open:
        held_open.execute("PRAGMA wal_autocheckpoint = 0")
        held_open.execute("INSERT INTO rendition VALUES ('late', '{}')")
        held_open.commit()
        assert (home / "data" / "distributor.db-wal").stat().st_size
        made = back_up(settings_of(home), home / "distributor.toml", tmp_path, now=NOW + dt.timedelta(seconds=1))
    assert made.rows["rendition"] == 2
