"""Outcomes that the database could not take yet, kept in a file beside it until it can.

One JSON line per outcome, flushed to the disk before anything else happens. The file's room is reserved
beforehand, because the usual reason to need it is a full disk; unused room is NUL bytes. Replaying an
outcome that was committed after all changes nothing.
"""

import contextlib
import datetime as dt
import errno
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact
from distributor.errors import Place, Unavailable
from distributor.store.attempts import plain
from distributor.store.database import Database, retrying
from distributor.store.outcomes import Recorded, write_outcomes
from distributor.words import words

#: Room for the outcomes of every connection that may be open at once, with long replies.
RESERVED = 256 * 1024


class OutcomeJournal:
    """The file of one database. Only the sender that holds the sender lock may use it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        self._end = 0

    def open(self) -> list[Recorded]:
        """Makes or opens the file, reserves its room, and returns what an earlier sender left in it.

        Raises `Unavailable` when the disk has no room even for this, and for a line that cannot be read: what it
        says happened to a letter, so the file is left as it is for a person to look at.
        """
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            os.posix_fallocate(self._descriptor, 0, RESERVED)
            os.fsync(self._descriptor)
            content = os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)
        except OSError as error:
            self.close()
            raise Unavailable(
                words("The journal of outcomes cannot be written."),
                do=words("Free some space and check the rights of the folder, then start again."),
                place=Place(str(self._path)),
            ) from error
        written, _, _ = content.partition(b"\0")
        # A last line without its end was being written when the process died; its outcome stays unknown.
        whole = written[: written.rfind(b"\n") + 1]
        self._end = len(whole)
        return [self._outcome(number, line) for number, line in enumerate(whole.split(b"\n")[:-1], 1)]

    def append(self, outcomes: Sequence[Recorded]) -> bool:
        """Keeps outcomes durably; False when even the journal cannot be written."""
        lines = b"".join(json.dumps(_plain(each), ensure_ascii=False).encode() + b"\n" for each in outcomes)
        try:
            _write(self._descriptor, lines, self._end)
            os.fsync(self._descriptor)
        except OSError:
            # What is there of it must not be taken for a line, nor be the tail of a shorter one.
            with contextlib.suppress(OSError):
                _write(self._descriptor, b"\0" * len(lines), self._end)
            return False
        self._end += len(lines)
        return True

    def clear(self) -> None:
        """Forgets everything: it is in the database now. A failure is harmless, since replaying is."""
        if not self._end:
            return
        try:
            _write(self._descriptor, b"\0" * self._end, 0)
            os.fsync(self._descriptor)
        except OSError:
            return
        self._end = 0

    def close(self) -> None:
        """Closes the file; what is in it waits for the next `open`."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _outcome(self, number: int, line: bytes) -> Recorded:
        try:
            return _read(json.loads(line))
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self.close()
            raise Unavailable(
                words("Line {number} of the journal of outcomes is damaged.", number=number),
                do=words(
                    "Keep a copy of the file, delete that line in it, and start again. What it said is then not "
                    "known: `distributor status` shows the copies in doubt, `distributor resolve` settles them."
                ),
                place=Place(str(self._path), number),
            ) from error


def _write(descriptor: int, content: bytes, at: int) -> None:
    """Writes all of it: on a disk that is nearly full, one call may write a part and say nothing."""
    rest = memoryview(content)
    while rest:
        written = os.pwrite(descriptor, rest, at)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rest, at = rest[written:], at + written


def journal_path(database: Path) -> Path:
    """Where the journal of a database file is."""
    return Path(f"{database}.outcomes")


def replay_journal(database: Database, *, now: dt.datetime) -> int:
    """Writes what an earlier sender could not; returns how many outcomes there were. Needs the sender lock."""
    if database.path is None or not journal_path(database.path).exists():
        return 0
    journal = OutcomeJournal(journal_path(database.path))
    try:
        kept = journal.open()
        if kept:
            retrying(database, lambda conn: write_outcomes(conn, kept, now=now, again=True))
            journal.clear()
    finally:
        journal.close()
    return len(kept)


def _plain(recorded: Recorded) -> dict[str, Any]:
    values = asdict(recorded)
    values["at"] = recorded.at.isoformat()
    at = recorded.judgement.next_attempt_at
    values["judgement"]["next_attempt_at"] = at.isoformat() if at else None
    values["outcome"]["wait"] = None
    values["outcome"]["reply"]["text"] = plain(recorded.outcome.reply.text)
    values["outcome"]["reply"]["enhanced"] = plain(recorded.outcome.reply.enhanced)
    return values


def _read(values: dict[str, Any]) -> Recorded:
    judgement, outcome = values["judgement"], values["outcome"]
    at = judgement["next_attempt_at"]
    return Recorded(
        delivery_id=values["delivery_id"],
        epoch=values["epoch"],
        dispatch_id=values["dispatch_id"],
        channel=values["channel"],
        address=values["address"],
        judgement=Judgement(
            **{
                **judgement,
                "fact": Fact(judgement["fact"]),
                "next_attempt_at": dt.datetime.fromisoformat(at) if at else None,
            }
        ),
        outcome=Outcome(
            Verdict(outcome["verdict"]), Fault(outcome["fault"]), Stage(outcome["stage"]), Reply(**outcome["reply"])
        ),
        at=dt.datetime.fromisoformat(values["at"]),
    )
