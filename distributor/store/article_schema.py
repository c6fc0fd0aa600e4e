"""The tables of articles (公众号): where each edition stands with each account, what was done, how many read it.

An article belongs to no recipient, so it is in no books; readers are counted by the platform, never named.
"""

from sqlalchemy import CheckConstraint, Column, Date, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from distributor.delivery.article import ArticleState
from distributor.store.schema import Utc, bulletin, metadata

_STATES = ", ".join(f"'{state}'" for state in ArticleState)

#: One row per bulletin edition and account. `own_id` is what the platform knows a mass send by (clientmsgid), the
#: same for ever; `statistics_id` what it counts readers by (msg_data_id). `epoch` rises with every move.
article = Table(
    "article",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bulletin_id", ForeignKey(bulletin.c.id), nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("own_id", String(32), nullable=False),
    Column("digest", Text, nullable=False),  # of the bulletin whose text the draft has
    Column("media_id", Text, nullable=False),
    Column("publish_id", Text, nullable=False),
    Column("msg_id", Text, nullable=False),
    Column("statistics_id", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("changed_at", Utc, nullable=False),
    Column("out_at", Utc),
    Column("look_at", Utc, index=True),  # when the platform is to be asked; NULL: there is nothing to ask
    UniqueConstraint("bulletin_id", "account", name="uq_article_bulletin_id"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
)

#: Every step, opened before its request: `ended_at` NULL says that no answer is on record.
article_step = Table(
    "article_step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("article_id", ForeignKey(article.c.id), nullable=False, index=True),
    Column("step", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("media_id", Text, nullable=False),
    Column("begun_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("result", Text, nullable=False),
    Column("code", Integer, nullable=False),
    Column("text", Text, nullable=False),
)

#: Pictures that the platform has, by what they are: `cover` names a lasting picture, `content` an address.
article_picture = Table(
    "article_picture",
    metadata,
    Column("account", Text, primary_key=True),
    Column("place", Text, primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("at", Utc, nullable=False),
    CheckConstraint("place IN ('cover', 'content')", name="place"),
)

#: How many people read an article on one day of the platform (Asia/Shanghai), as the platform counts.
article_readers = Table(
    "article_readers",
    metadata,
    Column("article_id", ForeignKey(article.c.id), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("readers", Integer, nullable=False),
    Column("at", Utc, nullable=False),
)
