"""The table of receipts. Rows are added and not taken away, but for openings of pages when their time is over.

What may change of a row is where it belongs and whether it has done its work. Its raw form goes when the time for
keeping it is over, and what it says of a person when that person is forgotten.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from distributor.store.schema import Utc, delivery, metadata

#: `applied`: counts, and has moved its delivery where it could. `waiting`: counts, and moves it once the copy is no
#: longer on its way. `unmatched`, `review`: counts for nothing until a person has looked. `dismissed`: looked at.
STANDINGS = ("applied", "waiting", "unmatched", "review", "dismissed")

receipt = Table(
    "receipt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey(delivery.c.id), index=True),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Utc, nullable=False),  # when it happened, as the source says
    Column("received_at", Utc, nullable=False),  # when it came in here
    Column("digest", String(64), nullable=False),  # the same report again has the same
    Column("standing", Text, nullable=False),
    Column("note", Text, nullable=False),  # why a person must look
    Column("details", Text, nullable=False),  # plain JSON: who, remark, status, mode …
    Column("raw", LargeBinary),
    CheckConstraint("standing IN ({})".format(", ".join(f"'{each}'" for each in STANDINGS)), name="standing"),
)
Index("uq_receipt_digest", receipt.c.digest, unique=True)
Index("ix_receipt_standing", receipt.c.standing, receipt.c.id)
