"""What the platform has or counts of articles: pictures by their digest, readers by the day."""

import datetime as dt
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from distributor.store.article_schema import article_picture, article_readers
from distributor.store.turns import take_turns


def picture_name(conn: Connection, account: str, place: str, digest: str) -> str:
    """What the platform calls a picture that it has; empty when it has none such."""
    wanted = _picture(account, place, digest)
    return str(conn.execute(select(article_picture.c.name).where(*wanted)).scalar() or "")


def keep_picture(conn: Connection, account: str, place: str, digest: str, name: str, *, now: dt.datetime) -> None:
    """Books a picture that was uploaded; the newest name counts."""
    take_turns(conn, [f"picture:{account}:{place}:{digest}"])
    forget_picture(conn, account, place, digest)
    conn.execute(insert(article_picture).values(account=account, place=place, digest=digest, name=name, at=now))


def forget_picture(conn: Connection, account: str, place: str, digest: str) -> None:
    """The platform has it no more."""
    conn.execute(delete(article_picture).where(*_picture(account, place, digest)))


def note_readers(conn: Connection, article_id: int, day: dt.date, readers: int, *, now: dt.datetime) -> None:
    """Books how many read an article on one day; a later figure takes the place of an earlier one."""
    same = (article_readers.c.article_id == article_id, article_readers.c.day == day)
    conn.execute(delete(article_readers).where(*same))
    conn.execute(insert(article_readers).values(article_id=article_id, day=day, readers=readers, at=now))


def _picture(account: str, place: str, digest: str) -> tuple[Any, ...]:
    columns = article_picture.c
    return (columns.account == account, columns.place == place, columns.digest == digest)
