"""The mailbox that is read, the names by which letters come back, and other addresses of recipients."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "mailbox",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("validity", sa.BigInteger, nullable=False),
        sa.Column("last_uid", sa.BigInteger, nullable=False),
        sa.Column("read_at", _TIME),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("trouble_since", _TIME),
        sa.PrimaryKeyConstraint("name", name="pk_mailbox"),
    )
    op.create_table(
        "mailbox_mail",
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("validity", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("fate", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("settled", sa.Boolean, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("mailbox", "validity", "uid", name="pk_mailbox_mail"),
        sa.CheckConstraint("fate IN ('taken', 'failed', 'quarantined')", name="ck_mailbox_mail_fate"),
    )
    op.create_table(
        "letter_name",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("delivery_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_letter_name"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="fk_letter_name_delivery_id"),
        sa.UniqueConstraint("delivery_id", name="uq_letter_name_delivery_id"),
    )
    op.create_table(
        "address_alias",
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("alias", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("address", "alias", name="pk_address_alias"),
    )
