"""Bulletins that were withdrawn after copies had left."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("bulletin_id", name="pk_withdrawal"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_withdrawal_bulletin_id"),
    )
