"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STATES = (
    "'queued', 'claimed', 'sending', 'deferred', 'accepted', 'delivered', 'bounced', 'failed', 'unknown', "
    "'suppressed', 'cancelled'"
)


def upgrade() -> None:
    _bulletins()
    _deliveries()
    _attempts()
    _records()


def _bulletins() -> None:
    op.create_table(
        "bulletin",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("publication", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("year", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("directory_digest", sa.Text, nullable=False),
        sa.Column("file_name", sa.Text, nullable=False),
        sa.Column("finalised_at", _TIME, nullable=False),
        sa.Column("released_at", _TIME),
        sa.Column("valid_until", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_bulletin"),
        sa.UniqueConstraint("publication", "issuer", "year", "kind", "number", "edition", name="uq_bulletin_key"),
    )
    op.create_index("ix_bulletin_digest", "bulletin", ["digest"])
    op.create_table(
        "asset",
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("bulletin_id", "path", name="pk_asset"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_asset_bulletin_id", ondelete="CASCADE"),
    )
    op.create_table(
        "rendition",
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_rendition"),
    )
    op.create_table(
        "dispatch",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("group_name", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("rendition_digest", sa.Text, nullable=False),
        sa.Column("on_unknown", sa.Text, nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("released_at", _TIME),
        sa.Column("hold", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_dispatch"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_dispatch_bulletin_id"),
        sa.ForeignKeyConstraint(["rendition_digest"], ["rendition.digest"], name="fk_dispatch_rendition_digest"),
        sa.UniqueConstraint("bulletin_id", "group_name", "channel", name="uq_dispatch_letter"),
        sqlite_autoincrement=True,
    )


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("dispatch_id", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("role", sa.Text),
        sa.Column("credited", sa.Text, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("released_at", _TIME),
        sa.Column("next_attempt_at", _TIME),
        sa.Column("valid_until", _TIME),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("verp_hash", sa.String(64)),
        sa.Column("link_hash", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_delivery_bulletin_id"),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name="fk_delivery_dispatch_id"),
        sa.UniqueConstraint("bulletin_id", "channel", "address", name="uq_delivery_copy"),
        sa.UniqueConstraint("verp_hash", name="uq_delivery_verp_hash"),
        sa.UniqueConstraint("link_hash", name="uq_delivery_link_hash"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="ck_delivery_state"),
    )
    op.create_index("ix_delivery_dispatch_id", "delivery", ["dispatch_id"])
    due = sa.text("state IN ('queued', 'deferred')")
    op.create_index("ix_delivery_due", "delivery", ["next_attempt_at", "id"], sqlite_where=due, postgresql_where=due)
    leased = sa.text("state IN ('claimed', 'sending')")
    op.create_index("ix_delivery_leased", "delivery", ["lease_until"], sqlite_where=leased, postgresql_where=leased)


def _attempts() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("stage", sa.Text, nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("enhanced", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_attempt_delivery_id"),
        sa.UniqueConstraint("delivery_id", "epoch", name="uq_attempt_epoch"),
    )


def _records() -> None:
    op.create_table(
        "suppression",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
        sa.UniqueConstraint("channel", "address", name="uq_suppression_address"),
        sa.CheckConstraint("standing IN ('offered', 'active')", name="ck_suppression_standing"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("bulletin_id", sa.Integer),
        sa.Column("details", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_bulletin_id", "audit", ["bulletin_id"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("last_id", sa.Integer, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"id": 1, "last_id": 0, "hash": "0" * 64}])
