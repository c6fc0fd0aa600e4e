"""Receipts as they are read: one by one, by delivery, by bulletin, and what they prove together."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from distributor.delivery.evidence import Kind, Rung, Sign, evidence_of
from distributor.delivery.state import State
from distributor.errors import BadInput
from distributor.store.receipt_schema import receipt
from distributor.store.rows import chunks
from distributor.store.schema import delivery
from distributor.words import words

#: Receipts of these standings are evidence.
COUNTED = ("applied", "waiting")

#: These need a person.
OPEN = ("unmatched", "review")


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt as stored. Times are UTC; `at` is what the source says, `received_at` when it came in here."""

    id: int
    delivery_id: str | None
    kind: Kind
    source: str
    at: dt.datetime
    received_at: dt.datetime
    standing: str  # applied | waiting | unmatched | review | dismissed
    note: str
    details: Mapping[str, Any]

    @property
    def sign(self) -> Sign:
        """What it says, as far as evidence goes."""
        return Sign(self.kind, self.at, self.source)


def receipts_of(conn: Connection, delivery_ids: Iterable[str]) -> dict[str, tuple[Receipt, ...]]:
    """What came back about each of these deliveries, in the order of arrival, whatever its standing."""
    found: defaultdict[str, list[Receipt]] = defaultdict(list)
    for ids in chunks(delivery_ids):
        for row in conn.execute(receipt_rows().where(receipt.c.delivery_id.in_(ids)).order_by(receipt.c.id)):
            found[row.delivery_id].append(receipt_record(row))
    return {delivery_id: tuple(receipts) for delivery_id, receipts in found.items()}


def receipts_of_bulletin(conn: Connection, bulletin_id: int) -> dict[str, tuple[Receipt, ...]]:
    """What came back about each copy of a bulletin, by delivery id."""
    ours = select(delivery.c.id).where(delivery.c.bulletin_id == bulletin_id)
    found: defaultdict[str, list[Receipt]] = defaultdict(list)
    for row in conn.execute(receipt_rows().where(receipt.c.delivery_id.in_(ours)).order_by(receipt.c.id)):
        found[row.delivery_id].append(receipt_record(row))
    return {delivery_id: tuple(receipts) for delivery_id, receipts in found.items()}


def evidence_for(conn: Connection, delivery_id: str) -> Rung:
    """The highest rung that is proved for one delivery. Raises `BadInput` when it is not there."""
    row = conn.execute(select(delivery.c.state, delivery.c.reason).where(delivery.c.id == delivery_id)).first()
    if row is None:
        raise no_delivery(delivery_id)
    kinds = (each.kind for each in counted(receipts_of(conn, [delivery_id]).get(delivery_id, ())))
    return evidence_of(State(row.state), row.reason, kinds)


def receipts_to_look_at(conn: Connection, limit: int = 200) -> tuple[Receipt, ...]:
    """What fits nothing or needs a person's eye, the newest first."""
    query = receipt_rows().where(receipt.c.standing.in_(OPEN)).order_by(receipt.c.id.desc()).limit(limit)
    return tuple(receipt_record(row) for row in conn.execute(query))


def get_receipt(conn: Connection, receipt_id: int) -> Receipt | None:
    """One receipt; None when there is none of this number."""
    row = conn.execute(receipt_rows().where(receipt.c.id == receipt_id)).first()
    return None if row is None else receipt_record(row)


def raw_form(conn: Connection, receipt_id: int) -> bytes | None:
    """The report as it came in; None when there was none, or it is not kept any more."""
    raw: bytes | None = conn.execute(select(receipt.c.raw).where(receipt.c.id == receipt_id)).scalar()
    return raw


def counted(receipts: Iterable[Receipt]) -> tuple[Receipt, ...]:
    """Those that are evidence."""
    return tuple(each for each in receipts if each.standing in COUNTED)


def signs_of(receipts: Collection[Receipt]) -> tuple[Sign, ...]:
    """The signs of those receipts that are evidence."""
    return tuple(each.sign for each in counted(receipts))


def receipt_rows() -> Select[Any]:
    """The rows that `receipt_record` reads; the raw form may be large and stays where it is."""
    return select(*(column for column in receipt.c if column.name != "raw"))


def receipt_record(row: Row[Any]) -> Receipt:
    """One row of `receipt_rows`."""
    return Receipt(
        id=row.id,
        delivery_id=row.delivery_id,
        kind=Kind(row.kind),
        source=row.source,
        at=row.at,
        received_at=row.received_at,
        standing=row.standing,
        note=row.note,
        details=json.loads(row.details),
    )


def no_delivery(delivery_id: str) -> BadInput:
    """What to raise for a delivery that is not there."""
    return BadInput(words("There is no delivery {wanted}.", wanted=delivery_id))
