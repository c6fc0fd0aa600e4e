"""Reads a finalised bulletin back from the store, with its pictures, exactly as it was read when it was finalised."""

import tempfile
from pathlib import Path

from distributor.bulletin.model import Reading
from distributor.bulletin.reading import read_bulletin
from distributor.store.bulletins import get_bulletin, get_source
from distributor.store.database import Connection


def reopen(conn: Connection, bulletin_id: int) -> Reading:
    """The reading of a stored bulletin. Raises `BadInput` for an id that is not there."""
    record = get_bulletin(conn, bulletin_id)
    source, pictures = get_source(conn, bulletin_id)
    with tempfile.TemporaryDirectory(prefix="distributor-") as folder:
        # The reader of the file decides by its ending; nothing else of its name is taken over.
        file = Path(folder) / f"bulletin{Path(record.file_name).suffix}"
        file.write_bytes(source)
        for path, content in pictures.items():
            _beside(Path(folder), path).write_bytes(content)
        return read_bulletin(file)


def _beside(folder: Path, path: str) -> Path:
    """Where a picture lies that the bulletin names by `path`; finalising let none out of the bulletin's folder."""
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise ValueError(f"a stored picture lies outside its bulletin: {path!r}")
    place.parent.mkdir(parents=True, exist_ok=True)
    return place
