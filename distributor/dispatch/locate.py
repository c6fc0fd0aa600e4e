"""Finds the finalised bulletin a person means: by its file, its number, its title or its id."""

import datetime as dt
from pathlib import Path

from distributor.bulletin.reading import read_bulletin
from distributor.dispatch.intake import key_of
from distributor.dispatch.plan import ChangedSince
from distributor.errors import BadInput, Place
from distributor.reports.naming import short_name
from distributor.store.bulletins import find_by_digest, find_by_key, find_by_number, list_bulletins
from distributor.store.database import Connection
from distributor.store.freezing import OlderEdition
from distributor.store.records import BulletinRecord
from distributor.words import words


def locate(conn: Connection, wanted: str | None, *, today: dt.date, older: bool = False) -> BulletinRecord | None:
    """Returns the finalised bulletin, or None when `wanted` is a file that was never finalised.

    None as `wanted` means the newest bulletin. Raises `BadInput` when nothing or more than one
    bulletin answers to it, `ChangedSince` when the file's number was finalised with another text, and
    `OlderEdition` when it has been corrected since, unless `older` ones are good enough: to look at.
    """
    record = _find(conn, wanted, today=today)
    if record is not None and not older:
        require_latest(conn, record)
    return record


def require_latest(conn: Connection, record: BulletinRecord) -> None:
    """Raises `OlderEdition` when a later edition of the same number has been finalised."""
    latest = find_by_key(conn, record.key)[-1]
    if latest.edition > record.edition:
        raise OlderEdition(
            words("{label} has been corrected: {newer} has taken its place.", label=record.title, newer=latest.title),
            do=words(
                "Name the newer one: {name}. `distributor status` and `distributor why` still show the older one.",
                name=short_name(conn, latest),
            ),
        )


def _find(conn: Connection, wanted: str | None, *, today: dt.date) -> BulletinRecord | None:
    if wanted is None:
        return _newest(conn)
    path = Path(wanted)
    if path.is_file():
        return _by_file(conn, path, today=today)
    found = find_by_number(conn, wanted)
    # The same number of another year is an older one; the same number of another publication is a doubt.
    series = {(record.key.title, record.key.issuer, record.key.kind) for record in found}
    if len(series) > 1:
        names = "; ".join(f"#{record.id} {record.title} ({record.key.year})" for record in found)
        raise BadInput(
            words("{wanted} can mean several bulletins: {names}.", wanted=wanted, names=names),
            do=words("Name one of them by its id, for example '#{id}'.", id=found[0].id),
        )
    if not found:
        raise BadInput(
            words("There is no finalised bulletin {wanted}, and no file of that name.", wanted=wanted),
            do=words("`distributor status` lists the bulletins; `distributor finalise FILE` adds one."),
        )
    return found[0]


def _newest(conn: Connection) -> BulletinRecord:
    newest = list_bulletins(conn, limit=1)
    if not newest:
        raise BadInput(
            words("No bulletin has been finalised yet."),
            do=words("`distributor finalise FILE` adds one."),
        )
    return newest[0]


def _by_file(conn: Connection, path: Path, *, today: dt.date) -> BulletinRecord | None:
    reading = read_bulletin(path)
    if record := find_by_digest(conn, reading.digest):
        return record
    editions = find_by_key(conn, key_of(reading.bulletin, today=today))
    if not editions:
        return None
    raise ChangedSince(
        words("{file} differs from the text of {label} that was finalised.", file=path.name, label=editions[-1].title),
        do=words("Finalise it again, or bring back the finalised text; nothing was sent."),
        place=Place(str(path)),
    )
