"""What the reader's page must know of a copy, found by the hash of its link's token in one look."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    literal_column,
    select,
)

from distributor.delivery.evidence import ACKNOWLEDGEMENTS, Kind
from distributor.delivery.state import State
from distributor.recipients.manners import Manners, read_manners
from distributor.store.receipt_records import COUNTED, Receipt, receipt_record, receipt_rows
from distributor.store.receipt_schema import receipt
from distributor.store.rows import chunks
from distributor.store.schema import bulletin, delivery, dispatch
from distributor.store.withdrawal_schema import withdrawal

#: What the page shows of receipts.
SHOWN = ACKNOWLEDGEMENTS | {Kind.RETURNED}


@dataclass(frozen=True, slots=True)
class Visit:
    """One copy as its page shows it. `replaced`: a correction (更正) has taken the place of its bulletin.

    `receipts` are what people said on the page or by phone, as far as it counts, in the order of arrival.
    """

    delivery_id: str
    bulletin_id: int
    digest: str
    title: str
    channel: str
    address: str
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


def find_visits(conn: Connection, link_hashes: Collection[str]) -> dict[str, Visit]:
    """The copies whose links these are, by the hash; what is nobody's is missing."""
    found = _look(conn, "link_hash", link_hashes)
    return {row.link_hash: visit for row, visit in found}


def get_visit(conn: Connection, delivery_id: str) -> Visit | None:
    """The same, by the copy's id."""
    return next((visit for _, visit in _look(conn, "id", [delivery_id])), None)


def _look(conn: Connection, column: str, keys: Collection[str]) -> list[tuple[Row[Any], Visit]]:
    rows = [
        row for part in chunks(keys, _SIZES[-1]) for row in conn.execute(_copies(column, _size(part)), _values(part))
    ]
    receipts: defaultdict[str, list[Receipt]] = defaultdict(list)
    for part in chunks((row.id for row in rows), _SIZES[-1]):
        for row in conn.execute(_said(_size(part)), _values(part)):
            receipts[row.delivery_id].append(receipt_record(row))
    return [(row, _visit(row, receipts[row.id])) for row in rows]


def _visit(row: Row[Any], receipts: Sequence[Receipt]) -> Visit:
    return Visit(
        delivery_id=row.id,
        bulletin_id=row.bulletin_id,
        digest=row.digest,
        title=row.title,
        channel=row.channel,
        address=row.address,
        name=row.name,
        unit=row.unit,
        role=row.role,
        people=row.people,
        direction=row.direction,
        manners=_manners(row.manners),
        state=State(row.state),
        released_at=row.released_at,
        replaced=row.replaced,
        withdrawn_at=row.withdrawn_at,
        receipts=tuple(receipts),
    )


#: A few letters have many readers, and each letter has one text of manners.
_manners = lru_cache(maxsize=256)(read_manners)

#: Few sizes, so that few statements are compiled, each of them once (as in `moves`).
_SIZES = (1, 4, 16, 64)
_NAMES = tuple(f"key_{number}" for number in range(_SIZES[-1]))


def _size(keys: list[str]) -> int:
    return next(size for size in _SIZES if size >= len(keys))


def _values(keys: list[str]) -> dict[str, str]:
    """The parameters of a statement for so many keys; a key that is named twice is found once."""
    size = _size(keys)
    return dict(zip(_NAMES[:size], keys + keys[-1:] * (size - len(keys)), strict=True))


def _one_of(size: int) -> list[BindParameter[str]]:
    return [bindparam(name) for name in _NAMES[:size]]


@cache
def _copies(column: str, size: int) -> Select[Any]:
    later = bulletin.alias("later")
    key = ("publication", "issuer", "year", "kind", "number")
    corrected = exists().where(
        and_(*(later.c[name] == bulletin.c[name] for name in key)), later.c.edition > bulletin.c.edition
    )
    columns = (
        "id",
        "bulletin_id",
        "channel",
        "address",
        "name",
        "unit",
        "role",
        "people",
        "state",
        "released_at",
        "link_hash",
    )
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
        .where(delivery.c[column].in_(_one_of(size)))
    )


@cache
def _said(size: int) -> Select[Any]:
    ours = receipt.c.delivery_id.in_(_one_of(size))
    shown = receipt.c.kind.in_([_written(kind) for kind in sorted(SHOWN)])
    counts = receipt.c.standing.in_([_written(standing) for standing in COUNTED])
    return receipt_rows().where(ours, shown, counts).order_by(receipt.c.id)


def _written(word: str) -> ColumnElement[str]:
    return literal_column(f"'{word}'")
