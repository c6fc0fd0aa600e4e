"""Channels in a chain: reserves, copies that take over, references of messages, changes of cards."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("delivery", sa.Column("follows", sa.String(32)))
    follows: sa.ColumnClause[str] = sa.column("follows")
    op.create_index(
        "ix_delivery_follows",
        "delivery",
        ["follows"],
        sqlite_where=follows.is_not(None),
        postgresql_where=follows.is_not(None),
    )
    op.add_column("attempt", sa.Column("reference", sa.Text, nullable=False, server_default=""))
    op.create_table(
        "reserve",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("dispatch_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        *(
            sa.Column(name, sa.Text, nullable=name == "role")
            for name in ("after_channel", "after_address", "channel", "address", "key", "name", "unit", "role")
        ),
        sa.Column("credited", sa.Text, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("verp_hash", sa.String(64)),
        sa.Column("link_hash", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_reserve"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_reserve_bulletin_id"),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name="fk_reserve_dispatch_id"),
    )
    op.create_index("ix_reserve_after", "reserve", ["bulletin_id", "after_channel", "after_address"])
    op.create_table(
        "card_change",
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("reply", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "kind", name="pk_card_change"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_card_change_delivery_id"),
    )
