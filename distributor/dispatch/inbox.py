"""The drop folder: which files in it have stopped changing, and which lie there although nobody reads them.

What a program keeps while somebody edits or copies (`~$x.docx`, `.x.swp`, `x.part`) is left alone. Everything
else is taken in or moved aside: no file that a person dropped stays there without a word.
"""

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

from distributor.bulletin.pictures import ENDINGS as PICTURES
from distributor.bulletin.reading import READABLE, UNREADABLE
from distributor.dispatch.dropped import REPORT, Fate

#: A bulletin is whole when it has not changed for this long.
SETTLED_AFTER = dt.timedelta(seconds=2)

#: A file that is not read is moved aside when it has not changed for this long: copying may pause.
STRAYS_AFTER = dt.timedelta(minutes=1)

#: A picture waits for its bulletin for this long, and for the next try after a refusal.
PICTURES_AFTER = dt.timedelta(hours=1)

#: Lock files, swap files, backups and half-made copies of editors, browsers and copying programs, and what
#: desktops leave in every folder.
_LEFT_ALONE = re.compile(
    rf"[.~].*|.*~|.*\.(?:tmp|temp|part|partial|filepart|crdownload|download|swp|swo|bak)|.*{re.escape(REPORT)}"
    r"|thumbs\.db|desktop\.ini",
    re.IGNORECASE | re.DOTALL,
)

_FATES = frozenset(Fate)

_Signature = tuple[int, int, int]


class Inbox:
    """Looks into the folder. Remembers only what it has seen."""

    def __init__(self, folder: Path, *, settled_after: dt.timedelta = SETTLED_AFTER) -> None:
        self.folder = folder
        self._settled_after = settled_after
        self._seen: dict[Path, tuple[_Signature, dt.datetime]] = {}
        self._left: set[tuple[Path, _Signature]] = set()

    def ready(self, now: dt.datetime) -> list[Path]:
        """The bulletins that have kept their size, time and inode for long enough, by name. `now` is UTC."""
        present = {path: signature for path in self._candidates() if (signature := _signature(path))}
        self._seen = {
            path: self._seen[path] if path in self._seen and self._seen[path][0] == signature else (signature, now)
            for path, signature in present.items()
        }
        self._left &= set(present.items())
        return self._rested(now, lambda path: self._settled_after if _is_bulletin(path) else None)

    def strays(self, now: dt.datetime) -> list[Path]:
        """What lay there at the last look, is no bulletin and has rested: to be moved aside. By name; `now` is UTC."""
        waits = any(map(_is_bulletin, self._seen))
        return self._rested(now, lambda path: _patience(path, bulletin_waits=waits))

    def leave(self, path: Path) -> None:
        """Leaves a file alone until it changes: it can be neither taken in nor moved."""
        if path in self._seen:
            self._left.add((path, self._seen[path][0]))

    def _rested(self, now: dt.datetime, patience: Callable[[Path], dt.timedelta | None]) -> list[Path]:
        return sorted(
            path
            for path, (signature, since) in self._seen.items()
            if (rest := patience(path)) is not None and now - since >= rest and (path, signature) not in self._left
        )

    def _candidates(self) -> list[Path]:
        if not self.folder.is_dir():
            return []
        return [path for path in self.folder.iterdir() if not _LEFT_ALONE.fullmatch(path.name) and _counts(path)]


def _patience(path: Path, *, bulletin_waits: bool) -> dt.timedelta | None:
    """How long something that is no bulletin may lie there; None: as long as it likes."""
    if _is_bulletin(path):
        return None
    if path.suffix.lower() in PICTURES:
        return None if bulletin_waits else PICTURES_AFTER
    return STRAYS_AFTER


def _is_bulletin(path: Path) -> bool:
    """Whether the reading room has a word to say about it: it reads the file, or says how to save it instead."""
    return path.suffix.lower() in READABLE | UNREADABLE and path.is_file()


def _counts(path: Path) -> bool:
    """A file; or a folder that somebody dropped with a bulletin in it. Folders of pictures may stay."""
    if path.is_file():
        return True
    if not path.is_dir() or path.name in _FATES:
        return False
    try:
        return any(_is_bulletin(inside) for inside in path.iterdir())
    except OSError:
        return False  # it may not be read, or is gone


def _signature(path: Path) -> _Signature | None:
    try:
        found = path.stat()
    except OSError:
        return None  # moved away between two looks
    return found.st_size, found.st_mtime_ns, found.st_ino
