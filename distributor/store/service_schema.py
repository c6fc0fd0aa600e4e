"""The tables by which running services agree: what may leave, who leads, what rests.

Columns named `…_ms` count milliseconds on the database's clock, which is one for all machines. `metadata`,
taken from here, knows these tables and those of `schema.py`.
"""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from distributor.delivery.breaker import Standing
from distributor.store.schema import Utc, metadata

#: One row per grant and scope. A window is counted, never kept as a number, so it is right after any restart.
window_grant = Table(
    "window_grant",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
)
Index("ix_window_grant_scope", window_grant.c.scope, window_grant.c.at_ms)

_STANDINGS = ", ".join(f"'{standing}'" for standing in Standing)

breaker = Table(
    "breaker",
    metadata,
    Column("account", Text, primary_key=True),
    Column("standing", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("openings", Integer, nullable=False),
    Column("fault", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("since_ms", BigInteger),
    Column("until_ms", BigInteger),
    CheckConstraint(f"standing IN ({_STANDINGS})", name="standing"),
)

#: Rows stay when a lease ends: the epoch must never begin anew.
lease = Table(
    "lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("length_ms", BigInteger, nullable=False),
    Column("until_ms", BigInteger, nullable=False),
)

#: What rests until a person lets it go on.
pause = Table(
    "pause",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("bulletin_id", Integer, index=True),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Utc, nullable=False),
)

#: The last heartbeat of each installation that uses this database.
instance = Table(
    "instance",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("host", Text, nullable=False),
    Column("boot", Text, nullable=False),
    Column("uptime_ms", BigInteger, nullable=False),
    Column("at", Utc, nullable=False),
    Column("count", Integer, nullable=False),
    Column("mark", String(32), nullable=False),
    Column("previous", String(32), nullable=False),
)

#: One row: this database's name, which a backup and a copy share and another database does not.
identity = Table(
    "identity",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(32), nullable=False),
)

__all__ = ["breaker", "identity", "instance", "lease", "metadata", "pause", "window_grant"]

#: What the editors must be told, one row per cause; `told` of `count` are known to them.
alert = Table(
    "alert",
    metadata,
    Column("cause", Text, primary_key=True),
    Column("what", Text, nullable=False),
    Column("first_at", Utc, nullable=False),
    Column("last_at", Utc, nullable=False),
    Column("count", Integer, nullable=False),
    Column("told", Integer, nullable=False),  # how many of `count` the editors know of
    Column("told_at", Utc),
    Column("tried_at", Utc),
)
