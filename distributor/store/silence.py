"""Copies that people have and say nothing about, while another channel of theirs is in reserve."""

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import Connection, and_, exists, select

from distributor.address import same
from distributor.delivery.evidence import MEANINGS, Grade
from distributor.delivery.state import State
from distributor.recipients.manners import Manners, read_manners
from distributor.store.chain_schema import reserve
from distributor.store.receipt_records import COUNTED
from distributor.store.receipt_schema import receipt
from distributor.store.schema import delivery, dispatch

#: What only a person says.
_SAID = [kind for kind, meaning in MEANINGS.items() if meaning.grade in (Grade.NOTED, Grade.PERSON, Grade.IDENTIFIED)]


@dataclass(frozen=True, slots=True)
class Silent:
    """A copy that the person has, as far as anybody knows, and about which nobody has said anything."""

    delivery_id: str
    released_at: dt.datetime
    manners: Manners


def silent_copies(conn: Connection) -> tuple[Silent, ...]:
    """Copies that arrived or were taken, with a further channel in reserve, of which no person has said anything."""
    heard = exists().where(
        receipt.c.delivery_id == delivery.c.id, receipt.c.kind.in_(_SAID), receipt.c.standing.in_(COUNTED)
    )
    next_one = delivery.alias("next_one")
    rows = conn.execute(
        select(delivery.c.id, delivery.c.address, delivery.c.released_at, dispatch.c.manners, reserve.c.after_address)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .join(
            reserve,
            and_(reserve.c.bulletin_id == delivery.c.bulletin_id, reserve.c.after_channel == delivery.c.channel),
        )
        .where(delivery.c.state.in_([State.ACCEPTED, State.DELIVERED]), delivery.c.released_at.is_not(None))
        .where(~heard, ~exists().where(next_one.c.follows == delivery.c.id))
        .order_by(delivery.c.released_at, delivery.c.id)
    )
    return tuple(
        dict.fromkeys(
            Silent(row.id, row.released_at, read_manners(row.manners))
            for row in rows
            if row.after_address == same(row.address)
        )
    )
