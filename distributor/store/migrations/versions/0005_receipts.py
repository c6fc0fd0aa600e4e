"""Receipts, and the manners of a group as they were when its letter was frozen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STANDINGS = "'applied', 'waiting', 'unmatched', 'review', 'dismissed'"


def upgrade() -> None:
    op.create_table(
        "receipt",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("delivery_id", sa.String(32)),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("note", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("raw", sa.LargeBinary),
        sa.PrimaryKeyConstraint("id", name="pk_receipt"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_receipt_delivery_id"),
        sa.CheckConstraint(f"standing IN ({_STANDINGS})", name="ck_receipt_standing"),
    )
    op.create_index("uq_receipt_digest", "receipt", ["digest"], unique=True)
    op.create_index("ix_receipt_delivery_id", "receipt", ["delivery_id"])
    op.create_index("ix_receipt_standing", "receipt", ["standing", "id"])
    op.add_column("dispatch", sa.Column("manners", sa.Text, nullable=False, server_default="{}"))
