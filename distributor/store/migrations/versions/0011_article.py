"""Articles of Official Accounts (公众号): where they stand, their steps, their pictures, their readers."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_STATES = (
    "'new', 'drafting', 'drafted', 'previewed', 'publishing', 'publish_taken', 'published', "
    "'sending', 'send_taken', 'sent', 'failed', 'unknown'"
)


def upgrade() -> None:
    texts = ("digest", "media_id", "publish_id", "msg_id", "statistics_id", "address", "trouble")
    op.create_table(
        "article",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("bulletin_id", sa.Integer, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("own_id", sa.String(32), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        sa.Column("changed_at", _TIME, nullable=False),
        sa.Column("out_at", _TIME),
        sa.Column("look_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.ForeignKeyConstraint(["bulletin_id"], ["bulletin.id"], name="fk_article_bulletin_id"),
        sa.UniqueConstraint("bulletin_id", "account", name="uq_article_bulletin_id"),
        sa.CheckConstraint(f"state IN ({_STATES})", name="ck_article_state"),
    )
    op.create_index("ix_article_look_at", "article", ["look_at"])
    op.create_table(
        "article_step",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("article_id", sa.Integer, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("media_id", sa.Text, nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("result", sa.Text, nullable=False),
        sa.Column("code", sa.Integer, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_article_step"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_step_article_id"),
    )
    op.create_index("ix_article_step_article_id", "article_step", ["article_id"])
    op.create_table(
        "article_picture",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("account", "place", "digest", name="pk_article_picture"),
        sa.CheckConstraint("place IN ('cover', 'content')", name="ck_article_picture_place"),
    )
    op.create_table(
        "article_readers",
        sa.Column("article_id", sa.Integer, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("readers", sa.Integer, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "day", name="pk_article_readers"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_readers_article_id"),
    )
