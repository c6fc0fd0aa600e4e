"""Removes what has been kept for long enough, a few rows at a time; what it proved stays.

A raw report is emptied, the receipt it became stays. An opening is the one receipt that is taken away: nobody knows
whose it was. The words of a server are emptied, verdict and code stay.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, func, select, update

from distributor.delivery.evidence import Kind
from distributor.delivery.outcome import Verdict
from distributor.store.receipt_schema import receipt
from distributor.store.schema import attempt

#: Rows of one transaction: a 签收 that comes meanwhile waits for no more than these.
AT_ONCE = 200

#: Receipts that say nothing of a person and nothing for good.
OPENINGS = (Kind.FETCHED, Kind.OPENED)


class Kept(StrEnum):
    """What is kept for a time; each has a key of its own in `[retention]`."""

    RAW_REPORTS = "raw_reports"
    OPENINGS = "openings"
    REPLIES = "replies"


@dataclass(frozen=True, slots=True)
class _Rule:
    table: Table
    over: Callable[[dt.datetime], ColumnElement[bool]]
    empty: Mapping[str, Any] | None = None  # None: the row goes


_RULES: dict[Kept, _Rule] = {
    Kept.RAW_REPORTS: _Rule(
        receipt, lambda before: and_(receipt.c.raw.is_not(None), receipt.c.received_at < before), {"raw": None}
    ),
    # One that waits, or that a person must look at, has not done its work yet.
    Kept.OPENINGS: _Rule(
        receipt,
        lambda before: and_(
            receipt.c.kind.in_(OPENINGS), receipt.c.standing == "applied", receipt.c.received_at < before
        ),
    ),
    # An attempt without an end is still under way, or its process died and somebody will look.
    Kept.REPLIES: _Rule(
        attempt,
        lambda before: and_(attempt.c.text != "", attempt.c.verdict.in_(list(Verdict)), attempt.c.ended_at < before),
        {"text": ""},
    ),
}


def count_over(conn: Connection, kept: Kept, before: dt.datetime) -> int:
    """How many rows are older than `before` (UTC) and not yet removed."""
    rule = _RULES[kept]
    return conn.execute(select(func.count()).select_from(rule.table).where(rule.over(before))).scalar_one()


def remove_over(conn: Connection, kept: Kept, before: dt.datetime) -> int:
    """Removes at most `AT_ONCE` rows that are older than `before` (UTC); returns how many."""
    rule = _RULES[kept]
    ids = select(rule.table.c.id).where(rule.over(before)).order_by(rule.table.c.id).limit(AT_ONCE)
    chosen = list(conn.execute(ids).scalars())
    ours = rule.table.c.id.in_(chosen)
    if rule.empty is None:
        conn.execute(delete(rule.table).where(ours))
    else:
        conn.execute(update(rule.table).where(ours).values(dict(rule.empty)))
    return len(chosen)
