"""A huge file is refused for what it is, without being read into memory (fault 34)."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from distributor.dispatch.dropped import Dropped, Fate
from distributor.dispatch.taking_in import take_stray
from distributor.store.database import Database
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

GIGABYTE = 2**30
MOST = 64 * 2**20


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


def huge(path: Path) -> Path:
    """A file of a gigabyte that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(GIGABYTE)
    return path


def most_memory(work: Callable[[], Dropped]) -> tuple[Dropped, int]:
    tracemalloc.start()
    try:
        return work(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["huge.md", "huge.docx", "huge.doc"])
def test_34_a_bulletin_of_a_gigabyte_is_refused_and_the_next_one_goes_on(bureau: Bureau, name: str) -> None:
    path = huge(bureau.inbox / name)
    dropped, most = most_memory(lambda: bureau.take(path))
    assert dropped.fate is Fate.REFUSED
    assert most < MOST
    assert bureau.take(bureau.drop()).fate is Fate.TAKEN


def test_34_a_picture_of_a_gigabyte_is_a_finding_with_its_place(bureau: Bureau) -> None:
    huge(bureau.inbox / "巡河.png")
    path = bureau.drop(text=BULLETIN.format(number=7).replace("**石桥镇", "![巡河](巡河.png)\n\n**石桥镇"))
    dropped, most = most_memory(lambda: bureau.take(path))
    assert dropped.fate is Fate.REFUSED
    assert [problem.code for problem in dropped.problems] == ["picture_too_big"]
    assert most < MOST


def test_34_a_stray_picture_of_a_gigabyte_is_moved_aside_unread(bureau: Bureau) -> None:
    path = huge(bureau.inbox / "巡河.png")
    dropped, most = most_memory(lambda: take_stray(path, bureau.database))
    assert dropped.fate is Fate.REFUSED
    assert most < MOST
