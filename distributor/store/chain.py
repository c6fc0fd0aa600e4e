"""A person's channels as a chain: the copy on the next one is owed as soon as the one before has failed.

What is owed is frozen with the bulletin; here it becomes a row, in the very transaction that writes `failed` or
`suppressed`, so that no crash lies between. The dispatch it belongs to owes one more copy then.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, exists, insert, select, update

from distributor.address import same
from distributor.delivery.state import State
from distributor.recipients.model import Recipient
from distributor.store.chain_schema import reserve
from distributor.store.records import Letter
from distributor.store.rows import chunks, insert_new
from distributor.store.schema import bulletin, delivery, dispatch
from distributor.store.withdrawal_schema import withdrawal

#: Makes a new delivery's id, and the SHA-256 (hex) of its envelope token and of its link token.
NewCopy = Callable[[], tuple[str, str | None, str | None]]

#: What a reserve hands on to the copy that it becomes.
_HANDED_ON = (
    *("id", "bulletin_id", "dispatch_id", "position", "channel", "address", "key", "name", "unit", "role"),
    *("credited", "people", "verp_hash", "link_hash"),
)


def drop_reserves(conn: Connection, bulletin_id: int) -> None:
    """Forgets who would be reached how; `save_reserves` writes it anew."""
    conn.execute(delete(reserve).where(reserve.c.bulletin_id == bulletin_id))


def save_reserves(
    conn: Connection, bulletin_id: int, letters: Sequence[tuple[Letter, int]], *, new_copy: NewCopy
) -> None:
    """Writes down who is reached how when an earlier channel fails; each letter comes with its dispatch id."""
    spelling: dict[tuple[str, str], str] = {}
    for letter, _ in letters:
        for one in (*letter.recipients, *(step.recipient for step in letter.reserves)):
            spelling.setdefault((one.channel, same(one.address)), one.address)
    rows = []
    for letter, dispatch_id in letters:
        for position, found in enumerate(letter.reserves):
            one = found.recipient
            copy_id, verp_hash, link_hash = new_copy()
            rows.append(
                {
                    "id": copy_id,
                    "bulletin_id": bulletin_id,
                    "dispatch_id": dispatch_id,
                    "position": position,
                    "after_channel": found.after_channel,
                    "after_address": same(found.after_address),
                    "verp_hash": verp_hash,
                    "link_hash": link_hash,
                    # Another spelling of an address is no second recipient.
                    **_person(one, spelling[one.channel, same(one.address)]),
                }
            )
    for part in chunks(rows):
        conn.execute(insert(reserve), part)


def take_over(conn: Connection, delivery_ids: Collection[str], *, now: dt.datetime) -> int:
    """Inserts the next channel's copy of each of these that has one; returns how many copies are owed now.

    None for people who are no longer listed, nor for a bulletin that was withdrawn or corrected, nor for a copy that
    a person called off, nor for an address that has a copy already.
    """
    owed = 0
    for part in chunks(delivery_ids):
        for failed in conn.execute(_failed(part)).all():
            owed += _take_over(conn, failed, now)
    return owed


def _take_over(conn: Connection, failed: Row[Any], now: dt.datetime) -> int:
    after = (
        reserve.c.bulletin_id == failed.bulletin_id,
        reserve.c.after_channel == failed.channel,
        reserve.c.after_address == same(failed.address),
    )
    due: dict[str, dt.datetime | None] = {"released_at": None, "next_attempt_at": None, "valid_until": None}
    if failed.released_at is not None:
        length = failed.valid_until - failed.released_at
        until = max(failed.valid_until, now + length)
        due = {"released_at": failed.released_at, "next_attempt_at": now, "valid_until": until}
    new: dict[str, Any] = {
        "state": State.QUEUED,
        "reason": "",
        "epoch": 0,
        "attempts": 0,
        "listed": True,
        "changed_at": now,
    }
    rows = [
        {**{name: getattr(row, name) for name in _HANDED_ON}, **due, **new, "follows": failed.id}
        for row in conn.execute(select(reserve).where(*after).order_by(reserve.c.position))
    ]
    made: Counter[int] = Counter()
    for row in rows:
        if conn.execute(insert_new(conn, delivery).values(row).returning(delivery.c.id)).first():
            made[row["dispatch_id"]] += 1
    for dispatch_id, count in made.items():
        values: dict[str, Any] = {"planned": dispatch.c.planned + count}
        conn.execute(update(dispatch).where(dispatch.c.id == dispatch_id).values(values))
        if failed.released_at is not None:
            first = and_(dispatch.c.id == dispatch_id, dispatch.c.released_at.is_(None))
            conn.execute(update(dispatch).where(first).values(released_at=now))
    if made and failed.released_at is not None:
        later = and_(bulletin.c.id == failed.bulletin_id, bulletin.c.valid_until < due["valid_until"])
        conn.execute(update(bulletin).where(later).values(valid_until=due["valid_until"]))
    return made.total()


def _failed(delivery_ids: Sequence[str]) -> Any:
    withdrawn = exists().where(withdrawal.c.bulletin_id == delivery.c.bulletin_id)
    later = bulletin.alias("later")
    key = ("publication", "issuer", "year", "kind", "number")
    corrected = exists().where(
        *(later.c[name] == bulletin.c[name] for name in key), later.c.edition > bulletin.c.edition
    )
    return (
        select(delivery)
        .with_for_update(of=delivery)  # whoever calls it off at this moment sees what comes of it, or is seen here
        .join(bulletin, bulletin.c.id == delivery.c.bulletin_id)
        .where(delivery.c.id.in_(delivery_ids), delivery.c.listed, ~delivery.c.called_off, ~withdrawn, ~corrected)
        .where(exists().where(reserve.c.bulletin_id == delivery.c.bulletin_id))
    )


def _person(one: Recipient, address: str) -> dict[str, Any]:
    return {
        "channel": one.channel,
        "address": address,
        "key": one.key,
        "name": one.name,
        "unit": one.unit,
        "role": one.role,
        "credited": one.credited,
        "people": one.people,
    }
