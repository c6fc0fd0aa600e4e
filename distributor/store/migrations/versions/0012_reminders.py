"""Reminders (催办): one for each copy and step."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reminder",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_reminder"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_reminder_delivery_id"),
        sa.UniqueConstraint("delivery_id", "step", name="uq_reminder_step"),
        sa.CheckConstraint("standing IN ('due', 'sending', 'sent', 'refused', 'moot')", name="ck_reminder_standing"),
    )
