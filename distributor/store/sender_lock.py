"""One sender per SQLite file: two would share neither rate limits nor the order of attempts.

The lock is `flock` on a file beside the database, so it ends with the process, however that ends.
On PostgreSQL there is no such lock: claims fence the senders against each other.
"""

import errno
import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from distributor.errors import Place, Refused, Unavailable
from distributor.store.database import Database
from distributor.words import words

#: How often a lock file that is deleted just then is made anew.
_TRIES = 10


#: For so long, in seconds, the lock is asked for again.
PATIENCE = 0.1


class SenderBusy(Refused):
    """Another process sends from this database; `owner` says which."""

    code = "sender_busy"

    def __init__(self, owner: str, place: str) -> None:
        super().__init__(
            words("Another process already sends from this database: {owner}.", owner=owner or "?"),
            do=words("Let it finish, or stop it; whatever is due goes out with it."),
            place=Place(place),
        )
        self.owner = owner


class SenderLock:
    """A held lock; `release` (or the end of the process) gives it back."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def release(self) -> None:
        """Gives the lock back. The file stays: removing it would let two processes lock two files of one name."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(database: Database, owner: str) -> SenderLock:
    """Takes the lock and writes `owner` (host, process, since when) into its file.

    Raises `SenderBusy` naming the holder after `PATIENCE`, `Unavailable` when the lock file cannot be made.
    """
    if database.path is None:
        return SenderLock(None)
    path = lock_path(database.path)
    try:
        for _ in range(_TRIES):
            descriptor = _locked(path)
            if _is_there(descriptor, path):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, owner.encode())
                return SenderLock(descriptor)
            os.close(descriptor)
    except OSError as error:
        raise _unusable(path) from error
    raise _unusable(path)


def somebody_sends(database: Database) -> bool:
    """Whether another process holds the lock now; never so on PostgreSQL, which has none."""
    try:
        acquire(database, "").release()
    except SenderBusy:
        return True
    return False


def _lock(descriptor: int) -> None:
    """Locks, trying again for a moment: who only asks whether somebody sends holds the lock for as long as that."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                raise
            time.sleep(PATIENCE / 10)
        else:
            return


def lock_path(database: Path) -> Path:
    """Where the lock of a database file is; `database` is its real name, not a link to it."""
    return Path(f"{database}.sender.lock")


def _locked(path: Path) -> int:
    """The lock file, opened and locked. Raises `SenderBusy`, or `OSError` when it cannot be."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _lock(descriptor)
    except OSError as error:
        holder = os.pread(descriptor, 1000, 0).decode("utf-8", "replace")
        os.close(descriptor)
        if error.errno in (errno.EAGAIN, errno.EACCES):
            raise SenderBusy(holder, str(path)) from error
        raise
    return descriptor


def _is_there(descriptor: int, path: Path) -> bool:
    """Whether the locked file is the one of that name: a deleted one locks nobody out."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _unusable(path: Path) -> Unavailable:
    return Unavailable(
        words("The lock file of the sender cannot be used."),
        do=words("Check the rights of the folder; the database must lie on a local disk."),
        place=Place(str(path)),
    )
