"""Who an identity provider says that a login is, logins on their way there and back, and how a session began."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("web_session", sa.Column("via", sa.Text, nullable=False, server_default="password"))
    op.create_table(
        "login_identity",
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("linked_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("login", name="pk_login_identity"),
        sa.ForeignKeyConstraint(["login"], ["login.key"], name="fk_login_identity_login", ondelete="CASCADE"),
        sa.UniqueConstraint("issuer", "subject", name="uq_login_identity_issuer_subject"),
        sa.UniqueConstraint("issuer", "email", name="uq_login_identity_issuer_email"),
        sa.CheckConstraint("subject IS NOT NULL OR email IS NOT NULL", name="ck_login_identity_somebody"),
    )
    op.create_table(
        "login_journey",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("browser_hash", sa.String(64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_login_journey"),
    )
