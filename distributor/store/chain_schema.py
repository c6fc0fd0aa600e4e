"""The tables behind several channels: who is reached how when a copy fails, changes of cards, accounts looked up."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from distributor.store.schema import Names, Utc, bulletin, delivery, dispatch, metadata

#: One row per further channel of a person, frozen with the bulletin. It holds the whole copy that will take over, its
#: id and tokens included, so that the transaction which writes a failure needs nothing but this row.
reserve = Table(
    "reserve",
    metadata,
    Column("id", String(32), primary_key=True),  # of the delivery that it becomes
    Column("bulletin_id", ForeignKey(bulletin.c.id), nullable=False),
    Column("dispatch_id", ForeignKey(dispatch.c.id), nullable=False),
    Column("position", Integer, nullable=False),
    Column("after_channel", Text, nullable=False),
    Column("after_address", Text, nullable=False),  # as `address.same` writes it
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("role", Text),
    Column("credited", Names, nullable=False),
    Column("people", Names, nullable=False),
    Column("verp_hash", String(64)),
    Column("link_hash", String(64)),
)
Index("ix_reserve_after", reserve.c.bulletin_id, reserve.c.after_channel, reserve.c.after_address)

#: What was asked of the platform's directory, hashed; an empty `userid` says that nobody was found.
wecom_lookup = Table(
    "wecom_lookup",
    metadata,
    Column("corp_id", Text, primary_key=True),
    Column("asked", String(64), primary_key=True),
    Column("userid", Text, nullable=False),
    Column("at", Utc, nullable=False),
)

#: One row per change of a card that was asked of the platform, and what it said.
card_change = Table(
    "card_change",
    metadata,
    Column("delivery_id", ForeignKey(delivery.c.id), primary_key=True),
    Column("kind", Text, primary_key=True),  # signed: its button says 已签收; recalled: it was taken back
    Column("at", Utc, nullable=False),
    Column("result", Text, nullable=False),  # done, late, refused
    Column("reply", Text, nullable=False),
)
