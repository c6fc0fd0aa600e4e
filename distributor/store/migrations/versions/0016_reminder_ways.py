"""Each reminder says by which channel and account it goes; those of earlier versions went by mail."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reminder", sa.Column("channel", sa.Text, nullable=False, server_default="email"))
    op.add_column("reminder", sa.Column("account", sa.Text, nullable=False, server_default=""))
