"""The tables of the mailbox: how far it was read, which mails gave trouble, and by what names letters come back.

Mails themselves are kept only where they are receipts (`receipt_schema.py`); other people's mail leaves no row.
"""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table, Text

from distributor.store.schema import Utc, delivery, metadata

#: One row per folder that is read: everything up to `last_uid` was looked at, as long as `validity` stays the same
#: (RFC 3501 2.3.1.1). `trouble` is why it cannot be read now, "" when it can.
mailbox = Table(
    "mailbox",
    metadata,
    Column("name", Text, primary_key=True),
    Column("validity", BigInteger, nullable=False),
    Column("last_uid", BigInteger, nullable=False),
    Column("read_at", Utc),
    Column("trouble", Text, nullable=False),
    Column("trouble_since", Utc),
)

#: `taken`: its receipts are booked. `failed`: to be tried again. `quarantined`: given up, for a person.
FATES = ("taken", "failed", "quarantined")

#: Mails that were taken or gave trouble, until the server has been told (`settled`).
mailbox_mail = Table(
    "mailbox_mail",
    metadata,
    Column("mailbox", Text, primary_key=True),
    Column("validity", BigInteger, primary_key=True),
    Column("uid", BigInteger, primary_key=True),
    Column("fate", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("settled", Boolean, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("fate IN ({})".format(", ".join(f"'{each}'" for each in FATES)), name="fate"),
)

#: The SHA-256 of each letter's message token, by which replies and read reports name it.
letter_name = Table(
    "letter_name",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("delivery_id", ForeignKey(delivery.c.id), nullable=False, unique=True),
)

#: Another address under which a recipient's server or mail program may report, as a person has confirmed.
address_alias = Table(
    "address_alias",
    metadata,
    Column("address", Text, primary_key=True),
    Column("alias", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", Utc, nullable=False),
)
