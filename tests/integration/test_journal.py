"""The log as systemd's journal reads it: a level before each line, where the journal is the reader and nowhere else."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from distributor.log import configure, log


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.captureWarnings(False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("distributor").setLevel(logging.NOTSET)


def written(folder: Path, form: str, *, journal: bool) -> list[str]:
    """What one record of each level comes to, the last one with a traceback."""
    file = folder / "journal"
    with file.open("w", encoding="utf-8") as stream:
        found = os.fstat(stream.fileno())
        inode = found.st_ino if journal else found.st_ino + 1
        configure(form, "debug", stream=stream, environ={"JOURNAL_STREAM": f"{found.st_dev}:{inode}"})
        told = log("journal")
        told.debug("a")
        told.info("b")
        told.warning("c")
        try:
            raise LookupError("nobody")
        except LookupError:
            told.exception("d")
    return file.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("form", ["console", "json"])
def test_every_line_tells_the_journal_its_level(tmp_path: Path, form: str) -> None:
    lines = written(tmp_path, form, journal=True)
    assert [line[:3] for line in lines[:4]] == ["<7>", "<6>", "<4>", "<3>"]
    assert {line[:3] for line in lines[3:]} == {"<3>"}  # the traceback's lines too
    assert (len(lines) > 4) is (form == "console")


@pytest.mark.parametrize("form", ["console", "json"])
def test_any_other_reader_gets_the_lines_as_they_are(tmp_path: Path, form: str) -> None:
    assert not [line for line in written(tmp_path, form, journal=False) if line.startswith("<")]
