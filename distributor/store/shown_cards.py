"""Cards that members have before their eyes: which are to be changed or taken back, and what became of that."""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from distributor.delivery.evidence import ACKNOWLEDGEMENTS
from distributor.delivery.outcome import Verdict
from distributor.store.attempts import plain
from distributor.store.chain_schema import card_change
from distributor.store.receipt_records import COUNTED
from distributor.store.receipt_schema import receipt
from distributor.store.rows import insert_new
from distributor.store.schema import attempt, delivery
from distributor.store.withdrawal_schema import withdrawal

SIGNED, RECALLED = "signed", "recalled"


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A message that the platform took: by which account, when (UTC), and what the platform calls it."""

    delivery_id: str
    account: str
    member: str
    name: str
    unit: str
    shown_at: dt.datetime
    reference: Mapping[str, str] = field(default_factory=dict)


def signed_cards(conn: Connection, *, since: dt.datetime, limit: int) -> tuple[ShownCard, ...]:
    """Cards shown after `since` whose copy has a 签收 and whose button does not say so; the oldest first.

    A button that was pressed says so already.
    """
    copy = delivery.alias("copy")  # the same person's, on whatever channel
    signed = exists().where(
        copy.c.bulletin_id == delivery.c.bulletin_id,
        copy.c.key == delivery.c.key,
        receipt.c.delivery_id == copy.c.id,
        receipt.c.kind.in_(list(ACKNOWLEDGEMENTS)),
        receipt.c.standing.in_(COUNTED),
        receipt.c.source != "wecom",
    )
    return _cards(conn, _shown(SIGNED).where(signed, attempt.c.ended_at > since).limit(limit))


def withdrawn_cards(conn: Connection, *, limit: int, bulletin_id: int | None = None) -> tuple[ShownCard, ...]:
    """Cards of withdrawn bulletins that were not asked back yet, the oldest first."""
    query = _shown(RECALLED).where(exists().where(withdrawal.c.bulletin_id == delivery.c.bulletin_id)).limit(limit)
    return _cards(conn, query if bulletin_id is None else query.where(delivery.c.bulletin_id == bulletin_id))


def book_change(conn: Connection, delivery_id: str, kind: str, result: str, reply: str, *, now: dt.datetime) -> None:
    """Writes down what became of a change; the first word on it stays."""
    values = {"delivery_id": delivery_id, "kind": kind, "at": now, "result": result, "reply": plain(reply)}
    conn.execute(insert_new(conn, card_change).values(values))


def _shown(kind: str) -> Select[Any]:
    done = exists().where(card_change.c.delivery_id == delivery.c.id, card_change.c.kind == kind)
    return (
        select(
            delivery.c.id,
            delivery.c.address,
            delivery.c.name,
            delivery.c.unit,
            attempt.c.account,
            attempt.c.ended_at,
            attempt.c.reference,
        )
        .join(attempt, attempt.c.delivery_id == delivery.c.id)
        .where(delivery.c.channel == "wecom", attempt.c.verdict == Verdict.ACCEPTED, attempt.c.reference != "", ~done)
        .order_by(attempt.c.ended_at, delivery.c.id)
    )


def _cards(conn: Connection, query: Select[Any]) -> tuple[ShownCard, ...]:
    return tuple(
        ShownCard(row.id, row.account, row.address, row.name, row.unit, row.ended_at, json.loads(row.reference))
        for row in conn.execute(query)
    )
