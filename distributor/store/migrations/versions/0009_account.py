"""Each attempt says by which account it went; empty where nobody knows any more."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempt", sa.Column("account", sa.Text, nullable=False, server_default=""))
