"""Where a bulletin stands: its books, its groups and every copy, read in one transaction."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.reports.naming import short_name
from distributor.store.articles import ArticleRecord, articles_of
from distributor.store.database import Connection
from distributor.store.deliveries import books, books_by_dispatch, deliveries_of, next_due
from distributor.store.dispatches import dispatches_of
from distributor.store.elsewhere import Elsewhere, elsewhere
from distributor.store.leases import CLOCK, holder
from distributor.store.receipt_records import Receipt, receipts_of_bulletin
from distributor.store.records import Books, BulletinRecord, DeliveryRecord, DispatchRecord


@dataclass(frozen=True, slots=True)
class Standing:
    """One bulletin's state of affairs. `next_due` is UTC, and None when nothing waits for its time."""

    record: BulletinRecord
    books: Books
    dispatches: tuple[tuple[DispatchRecord, Books], ...]
    deliveries: tuple[DeliveryRecord, ...]
    next_due: dt.datetime | None
    name: str  # how a command names the bulletin
    others: tuple[Elsewhere, ...]
    articles: tuple[ArticleRecord, ...] = ()  # beside the books: an article belongs to no recipient
    served: bool = False  # a service runs, and sends what is due by itself
    receipts: Mapping[str, tuple[Receipt, ...]] = field(default_factory=dict)  # by delivery id


def standing(conn: Connection, record: BulletinRecord) -> Standing:
    """Reads where a bulletin stands now."""
    shares = books_by_dispatch(conn, record.id)
    return Standing(
        record=record,
        books=books(conn, record.id),
        dispatches=tuple(
            (dispatch, shares.get(dispatch.id, Books(0, {}))) for dispatch in dispatches_of(conn, record.id)
        ),
        deliveries=deliveries_of(conn, record.id, history=True),
        next_due=next_due(conn, record.id),
        name=short_name(conn, record),
        others=elsewhere(conn, record.id),
        articles=articles_of(conn, record.id),
        served=holder(conn, CLOCK) is not None,
        receipts=receipts_of_bulletin(conn, record.id),
    )
