"""The further channels of people, as frozen with the bulletin: where each is reached next, asked by whoever reminds."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from distributor.store.chain_schema import reserve


@dataclass(frozen=True, slots=True)
class NextChannel:
    """One link of a person's chain. `after_address` is in the spelling of `address.same`."""

    key: str
    after_channel: str
    after_address: str
    channel: str
    address: str


def next_channels(conn: Connection, bulletin_id: int) -> tuple[NextChannel, ...]:
    """Every link of a bulletin's chains, used or not, in the order of the directory."""
    rows = conn.execute(select(reserve).where(reserve.c.bulletin_id == bulletin_id).order_by(reserve.c.position))
    return tuple(NextChannel(row.key, row.after_channel, row.after_address, row.channel, row.address) for row in rows)
