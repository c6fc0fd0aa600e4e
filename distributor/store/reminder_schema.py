"""The table of reminders (催办): one row for each copy and step, so that nobody is reminded twice of the same."""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Integer, Table, Text, UniqueConstraint

from distributor.store.schema import Utc, delivery, metadata

#: `sending` is committed before the last irrevocable byte, as with letters; a row that stays there is never repeated.
STANDINGS = ("due", "sending", "sent", "refused", "moot")

reminder = Table(
    "reminder",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey(delivery.c.id), nullable=False),
    Column("step", Text, nullable=False),  # the day it is for, and whose wish it was
    Column("standing", Text, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default="email"),  # by which it goes; phone: the editors are told
    Column("account", Text, nullable=False, server_default=""),  # by which it went
    UniqueConstraint("delivery_id", "step", name="uq_reminder_step"),
    CheckConstraint("standing IN ({})".format(", ".join(f"'{each}'" for each in STANDINGS)), name="standing"),
)
