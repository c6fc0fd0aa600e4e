"""Finds finalised bulletins: by content, by key, by what an editor types. Freezing is in `freezing.py`."""

import re
import unicodedata
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, or_, select

from distributor.errors import BadInput
from distributor.store.editions import of_key
from distributor.store.freezing import save_frozen
from distributor.store.records import BulletinKey, BulletinRecord, FreezeResult
from distributor.store.rows import bulletin_record, bulletins
from distributor.store.schema import asset, bulletin
from distributor.words import words

__all__ = [
    "FreezeResult",
    "find_by_digest",
    "find_by_key",
    "find_by_number",
    "get_bulletin",
    "get_source",
    "is_asset",
    "latest_before",
    "latest_of_series",
    "list_bulletins",
    "save_frozen",
]


def get_bulletin(conn: Connection, bulletin_id: int) -> BulletinRecord:
    """The bulletin with this id. Raises `BadInput` when there is none."""
    found = _many(conn, bulletins().where(bulletin.c.id == bulletin_id))
    if not found:
        raise BadInput(
            words("There is no bulletin {wanted}.", wanted=f"#{bulletin_id}"),
            do=words("List the bulletins with: distributor status"),
        )
    return found[0]


def get_source(conn: Connection, bulletin_id: int) -> tuple[bytes, dict[str, bytes]]:
    """The bulletin file as frozen, and its pictures by the path written in it."""
    rows = conn.execute(select(asset.c.path, asset.c.content).where(asset.c.bulletin_id == bulletin_id))
    contents = {path: bytes(content) for path, content in rows}
    return contents.pop("", b""), contents


def is_asset(conn: Connection, content: bytes) -> bool:
    """Whether a file with exactly this content is a picture of a finalised bulletin."""
    same = (asset.c.path != "", asset.c.content == content)
    return conn.execute(select(exists().where(*same))).scalar_one()


def find_by_digest(conn: Connection, digest: str) -> BulletinRecord | None:
    """The newest bulletin with exactly this content."""
    return _first(conn, bulletins().where(bulletin.c.digest == digest).order_by(bulletin.c.id.desc()))


def find_by_key(conn: Connection, key: BulletinKey) -> tuple[BulletinRecord, ...]:
    """All editions of one number, the latest last."""
    return _many(conn, bulletins().where(of_key(key)).order_by(bulletin.c.edition))


def find_by_number(conn: Connection, text: str) -> tuple[BulletinRecord, ...]:
    """What an editor types: "12", "第12期", "2026-12", "2026年第12期", a title or part of it, "#3". Newest first."""
    wanted = unicodedata.normalize("NFKC", text).strip()
    if not wanted:
        return ()
    newest = bulletins().order_by(bulletin.c.id.desc())
    if match := re.fullmatch(r"#\s*(\d{1,9})", wanted):
        return _many(conn, newest.where(bulletin.c.id == int(match[1])))
    if (number := _number(wanted)) is not None and (found := _many(conn, newest.where(number))):
        return found
    exactly = or_(bulletin.c.title.in_((text.strip(), wanted)), bulletin.c.publication.in_((text.strip(), wanted)))
    return _many(conn, newest.where(exactly)) or _many(
        conn, newest.where(bulletin.c.title.contains(wanted, autoescape=True))
    )


def list_bulletins(conn: Connection, limit: int = 20, *, before: int | None = None) -> tuple[BulletinRecord, ...]:
    """The newest bulletins, newest first; with `before`, those that were finalised before the one of this id."""
    older = bulletins() if before is None else bulletins().where(bulletin.c.id < before)
    return _many(conn, older.order_by(bulletin.c.id.desc()).limit(limit))


def latest_of_series(conn: Connection, key: BulletinKey) -> BulletinRecord | None:
    """The newest bulletin of the same title and issuer, whatever its number."""
    return _first(conn, bulletins().where(_series(key)).order_by(bulletin.c.id.desc()))


def latest_before(conn: Connection, bulletin_id: int) -> BulletinRecord | None:
    """The bulletin of the same title and issuer before this one: the one its recipients are compared with."""
    series = _series(get_bulletin(conn, bulletin_id).key)
    return _first(conn, bulletins().where(series, bulletin.c.id < bulletin_id).order_by(bulletin.c.id.desc()))


def _series(key: BulletinKey) -> ColumnElement[bool]:
    return and_(bulletin.c.publication == key.title, bulletin.c.issuer == key.issuer)


def _number(wanted: str) -> ColumnElement[bool] | None:
    match = re.fullmatch(r"(?:(\d{4})\s*(?:-|/|年)\s*)?第?\s*(\d{1,6})\s*期?", wanted)
    if not match:
        return None
    number = func.ltrim(bulletin.c.number, "0") == match[2].lstrip("0")
    return and_(number, bulletin.c.year == int(match[1])) if match[1] else number


def _many(conn: Connection, query: Select[Any]) -> tuple[BulletinRecord, ...]:
    return tuple(bulletin_record(row) for row in conn.execute(query))


def _first(conn: Connection, query: Select[Any]) -> BulletinRecord | None:
    row = conn.execute(query.limit(1)).first()
    return bulletin_record(row) if row else None
