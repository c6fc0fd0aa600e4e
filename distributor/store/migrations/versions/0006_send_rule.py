"""The send rule of a bulletin's own; and no table of firings: the hour is in the rows of deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("bulletin", sa.Column("send_rule", sa.Text, nullable=False, server_default=""))
    op.drop_table("firing")
