"""What the reader's page must know of a copy, found by the hash of its link's token in one look."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, exists, select

from distributor.delivery.state import State
from distributor.recipients.manners import Manners, read_manners
from distributor.store.receipts import Receipt, counted, receipts_of
from distributor.store.schema import bulletin, delivery, dispatch
from distributor.store.withdrawal_schema import withdrawal


@dataclass(frozen=True, slots=True)
class Visit:
    """One copy as its page shows it. `replaced`: a correction (更正) has taken the place of its bulletin.

    `receipts` are those that count, in the order of arrival.
    """

    delivery_id: str
    bulletin_id: int
    digest: str
    title: str
    name: str
    unit: str
    role: str | None
    people: tuple[str, ...]
    direction: str
    manners: Manners
    state: State
    released_at: dt.datetime | None
    replaced: bool
    withdrawn_at: dt.datetime | None
    receipts: tuple[Receipt, ...]


def find_visit(conn: Connection, link_hash: str) -> Visit | None:
    """The copy whose link this is; None when it is nobody's."""
    row = conn.execute(_BY_LINK, {"link_hash": link_hash}).first()
    return None if row is None else _visit(conn, row)


def get_visit(conn: Connection, delivery_id: str) -> Visit | None:
    """The same, by the copy's id."""
    row = conn.execute(_BY_ID, {"delivery_id": delivery_id}).first()
    return None if row is None else _visit(conn, row)


def _visit(conn: Connection, row: Row[Any]) -> Visit:
    return Visit(
        delivery_id=row.id,
        bulletin_id=row.bulletin_id,
        digest=row.digest,
        title=row.title,
        name=row.name,
        unit=row.unit,
        role=row.role,
        people=row.people,
        direction=row.direction,
        manners=read_manners(row.manners),
        state=State(row.state),
        released_at=row.released_at,
        replaced=row.replaced,
        withdrawn_at=row.withdrawn_at,
        receipts=counted(receipts_of(conn, [row.id]).get(row.id, ())),
    )


def _looks(condition: ColumnElement[bool]) -> Select[Any]:
    later = bulletin.alias("later")
    key = ("publication", "issuer", "year", "kind", "number")
    corrected = exists().where(
        and_(*(later.c[name] == bulletin.c[name] for name in key)), later.c.edition > bulletin.c.edition
    )
    columns = ("id", "bulletin_id", "name", "unit", "role", "people", "state", "released_at")
    return (
        select(
            *(delivery.c[name] for name in columns),
            bulletin.c.digest,
            bulletin.c.title,
            dispatch.c.direction,
            dispatch.c.manners,
            corrected.label("replaced"),
            withdrawal.c.at.label("withdrawn_at"),
        )
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .join(bulletin, bulletin.c.id == delivery.c.bulletin_id)
        .outerjoin(withdrawal, withdrawal.c.bulletin_id == delivery.c.bulletin_id)
        .where(condition)
    )


# Built once: building costs more than running.
_BY_LINK = _looks(delivery.c.link_hash == bindparam("link_hash"))
_BY_ID = _looks(delivery.c.id == bindparam("delivery_id"))
