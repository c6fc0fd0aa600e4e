"""A backup's archive: files with a manifest of their digests, readable by the owner alone, whole or not there.

A compressed tar, so that any machine can open it in twenty years. Members have the names they have in the office's
folder; unpacking the archive into an empty folder is restoring it.
"""

import datetime as dt
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from distributor import __version__
from distributor.errors import BadInput, Place
from distributor.store.backup import verified_counts
from distributor.words import words

MANIFEST = "backup.json"
ENDING = ".tar.gz"

_FORMAT = 1
_PIECE = 1 << 20


def write_archive(
    draft: Path, files: Mapping[str, Path], *, database: str, rows: Mapping[str, int], now: dt.datetime
) -> None:
    """Writes files under their names into a new archive, flushed to the disk; `database` is the name of its copy."""
    manifest = {
        "format": _FORMAT,
        "made_at": now.isoformat(),
        "version": __version__,
        "database": database,
        "rows": dict(rows),
        "files": {name: _digest(_pieces_of(path)) for name, path in files.items()},
    }
    leaf = draft.with_name(MANIFEST)
    leaf.write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as archive:
            for name, path in {MANIFEST: leaf, **files}.items():
                with path.open("rb") as content:
                    archive.addfile(_member(name, os.fstat(content.fileno()).st_size, now), content)
        stream.flush()
        os.fsync(stream.fileno())


def place_archive(draft: Path, target: Path) -> None:
    """Gives the archive its name at once. Raises `BadInput` when that name is taken."""
    try:
        os.link(draft, target)
    except FileExistsError as error:
        raise in_the_way(target) from error
    except OSError:  # a disk that knows no second names, such as a USB stick
        if target.exists():
            raise in_the_way(target) from None
        draft.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def verify_archive(path: Path, *, workshop: Path | None = None) -> dict[str, int]:
    """Reads an archive from end to end and returns the row counts of its database, none when it holds none.

    The database is unpacked into `workshop` for that. Raises `BadInput` when a file is missing, was changed, or this
    is no backup; `Unavailable` for a damaged database.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            manifest = json.loads(b"".join(_pieces(archive, MANIFEST)))
            for name, digest in manifest["files"].items():
                if _digest(_pieces(archive, name)) != digest:
                    raise _not_whole(path, name)
            return _verified_rows(archive, manifest, path, workshop)
    except (tarfile.TarError, EOFError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_whole(path, str(error)) from error


def in_the_way(path: Path) -> BadInput:
    """There is something where the archive should go."""
    return BadInput(
        words("There is already a file {path}.", path=path), do=words("Give another name, or name a folder.")
    )


def _verified_rows(
    archive: tarfile.TarFile, manifest: dict[str, Any], path: Path, workshop: Path | None
) -> dict[str, int]:
    name = manifest["database"]
    if not name:
        return {}
    with tempfile.TemporaryDirectory(dir=workshop) as folder:
        copy = Path(folder, "database")
        with copy.open("wb") as stream:
            stream.writelines(_pieces(archive, name))
        rows = dict(verified_counts(copy))
    if rows != manifest["rows"]:
        raise _not_whole(path, name)
    return rows


def _member(name: str, size: int, now: dt.datetime) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = size, 0o600, now.timestamp()
    return member


def _pieces(archive: tarfile.TarFile, name: str) -> Iterator[bytes]:
    stream = archive.extractfile(name)
    if stream is None:
        raise KeyError(name)
    with stream:
        while piece := stream.read(_PIECE):
            yield piece


def _pieces_of(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):
            yield piece


def _digest(pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _not_whole(path: Path, what: str) -> BadInput:
    return BadInput(
        words("The backup is not whole: {what}", what=what),
        do=words("Use an earlier backup, and check the disk that this one lies on."),
        place=Place(str(path)),
    )
