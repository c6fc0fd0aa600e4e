"""What the editors must be told."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "alert",
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("first_at", _TIME, nullable=False),
        sa.Column("last_at", _TIME, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("told", sa.Integer, nullable=False),
        sa.Column("told_at", _TIME),
        sa.Column("tried_at", _TIME),
        sa.PrimaryKeyConstraint("cause", name="pk_alert"),
    )
