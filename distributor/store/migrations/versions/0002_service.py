"""What running services agree on: windows, breakers, leases, firings, pauses and heartbeats."""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _sending()
    _leading()
    _heartbeats()


def _sending() -> None:
    op.create_table(
        "window_grant",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", "scope", name="pk_window_grant"),
    )
    op.create_index("ix_window_grant_scope", "window_grant", ["scope", "at_ms"])
    op.create_table(
        "breaker",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("standing", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("openings", sa.Integer, nullable=False),
        sa.Column("fault", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("since_ms", sa.BigInteger),
        sa.Column("until_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("account", name="pk_breaker"),
        sa.CheckConstraint("standing IN ('closed', 'open', 'half_open')", name="ck_breaker_standing"),
    )
    op.create_table(
        "pause",
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("bulletin_id", sa.Integer),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_pause"),
    )
    op.create_index("ix_pause_bulletin_id", "pause", ["bulletin_id"])


def _leading() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("length_ms", sa.BigInteger, nullable=False),
        sa.Column("until_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
    op.create_table(
        "firing",
        sa.Column("schedule", sa.Text, nullable=False),
        sa.Column("due", _TIME, nullable=False),
        sa.Column("fired_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("schedule", "due", name="pk_firing"),
    )


def _heartbeats() -> None:
    op.create_table(
        "instance",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("boot", sa.Text, nullable=False),
        sa.Column("uptime_ms", sa.BigInteger, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("mark", sa.String(32), nullable=False),
        sa.Column("previous", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_instance"),
    )
    identity = op.create_table(
        "identity",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
    )
    op.bulk_insert(identity, [{"id": 1, "name": uuid.uuid4().hex}])
