"""A copy that was cancelled while a carrier had it is not tried again when it comes back."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("delivery", sa.Column("called_off", sa.Boolean, nullable=False, server_default=sa.false()))
