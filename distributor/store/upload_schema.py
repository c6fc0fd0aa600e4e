"""The table of what the platforms call the files that were handed over to them."""

from sqlalchemy import Column, String, Table, Text

from distributor.store.schema import Utc, metadata

#: One row per file and enterprise. A retry names the file as the first try did, so the platform knows it again.
upload = Table(
    "upload",
    metadata,
    Column("owner", Text, primary_key=True),  # 企业ID
    Column("kind", Text, primary_key=True),  # file and image: an id for days; picture: an address that lasts
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Utc, nullable=False),
)
