"""The table of bulletins that were withdrawn (撤回) after copies had left."""

from sqlalchemy import Column, ForeignKey, Table, Text

from distributor.store.schema import Utc, bulletin, metadata

withdrawal = Table(
    "withdrawal",
    metadata,
    Column("bulletin_id", ForeignKey(bulletin.c.id), primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
)
