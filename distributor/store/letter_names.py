"""Finds the delivery that a token names, and the deliveries that an address may stand for.

Envelope tokens have their hash on the row of the delivery. Message tokens get theirs when one is first looked for
in vain: then every letter that has no name yet gets one, so letters of earlier versions are found as well.
"""

import datetime as dt
from collections.abc import Callable

from sqlalchemy import Connection, exists, func, insert, select

from distributor.address import same
from distributor.delivery.outcome import Verdict
from distributor.store.mail_schema import address_alias, letter_name
from distributor.store.records import DeliveryRecord
from distributor.store.rows import chunks, deliveries, delivery_record
from distributor.store.schema import attempt, delivery
from distributor.store.turns import take_turns

#: Gives the hash of the message token of a delivery.
NameOf = Callable[[str], str]


def by_envelope(conn: Connection, hashed: str) -> DeliveryRecord | None:
    """The delivery whose envelope token has this hash."""
    row = conn.execute(deliveries().where(delivery.c.verp_hash == hashed)).first()
    return delivery_record(row) if row else None


def by_message(conn: Connection, hashed: str) -> DeliveryRecord | None:
    """The delivery whose message token has this hash, among those that were named."""
    row = conn.execute(
        deliveries().join(letter_name, letter_name.c.delivery_id == delivery.c.id).where(letter_name.c.hash == hashed)
    ).first()
    return delivery_record(row) if row else None


def name_letters(conn: Connection, name_of: NameOf) -> int:
    """Names every letter that has no name yet; returns how many."""
    take_turns(conn, ["letter_names"])
    named = exists().where(letter_name.c.delivery_id == delivery.c.id)
    nameless = conn.execute(select(delivery.c.id).where(~named)).scalars().all()
    for part in chunks(nameless):
        conn.execute(insert(letter_name), [{"hash": name_of(each), "delivery_id": each} for each in part])
    return len(nameless)


def tried_at(conn: Connection, address: str, *, since: dt.datetime) -> tuple[DeliveryRecord, ...]:
    """Letters to an address that were handed over, or may have been, since a time; the newest bulletin first."""
    gone = exists().where(
        attempt.c.delivery_id == delivery.c.id,
        attempt.c.started_at >= since,
        attempt.c.verdict.in_([Verdict.ACCEPTED, Verdict.UNKNOWN]),
    )
    rows = conn.execute(deliveries().where(func.lower(delivery.c.address) == same(address), gone).limit(3))
    return tuple(delivery_record(row) for row in rows)


def aliases_of(conn: Connection, address: str) -> tuple[str, ...]:
    """The other addresses that a person has confirmed for this one."""
    query = select(address_alias.c.alias).where(address_alias.c.address == same(address))
    return tuple(conn.execute(query.order_by(address_alias.c.alias)).scalars())


def add_alias(conn: Connection, address: str, alias: str, *, actor: str, now: dt.datetime) -> bool:
    """Records that reports about `alias` speak of `address`; False when that was known."""
    if same(alias) in aliases_of(conn, address):
        return False
    conn.execute(insert(address_alias).values(address=same(address), alias=same(alias), actor=actor, at=now))
    return True
