"""Logins of the office's own pages, their sessions, and tries in vain."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "login",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("password", sa.Text, nullable=False),
        sa.Column("made_at", _TIME, nullable=False),
        sa.Column("password_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login"),
        sa.CheckConstraint("role IN ('viewer', 'editor')", name="ck_login_role"),
    )
    op.create_table(
        "web_session",
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("login", sa.Text, nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_web_session"),
        sa.ForeignKeyConstraint(["login"], ["login.key"], name="fk_web_session_login", ondelete="CASCADE"),
    )
    op.create_index("ix_web_session_login", "web_session", ["login"])
    op.create_table(
        "login_try",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name_hash", sa.String(64), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_login_try"),
    )
    op.create_index("ix_login_try_name", "login_try", ["name_hash", "at"])
