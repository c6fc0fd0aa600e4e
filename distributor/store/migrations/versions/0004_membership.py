"""Who is still listed, and letters that another freeze replaced but some people got."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("delivery", sa.Column("listed", sa.Boolean, nullable=False, server_default=sa.true()))
    op.execute("UPDATE delivery SET listed = false WHERE state = 'cancelled' AND reason = 'superseded'")
    _dispatches()


def _dispatches() -> None:
    """One current letter per group and channel, beside any number of replaced ones."""
    conn = op.get_bind()
    is_sqlite = conn.dialect.name == "sqlite"
    last = conn.scalar(sa.text("SELECT seq FROM sqlite_sequence WHERE name = 'dispatch'")) if is_sqlite else None
    # SQLite makes a new table of it and drops the old one.
    with op.batch_alter_table("dispatch", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.add_column(sa.Column("replaced_at", _TIME))
        table.drop_constraint("uq_dispatch_letter", type_="unique")
    if last is not None:  # no new letter takes the number of an old one
        conn.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = 'dispatch'"))
        conn.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES ('dispatch', :last)"), {"last": last})
    current = sa.text("replaced_at IS NULL")
    op.create_index(
        "uq_dispatch_letter",
        "dispatch",
        ["bulletin_id", "group_name", "channel"],
        unique=True,
        sqlite_where=current,
        postgresql_where=current,
    )
