"""The tables, once, for both engines; and the three column types that make the engines alike.

Times are UTC everywhere: a naive time is refused, because nobody can say later what it meant.
`migrations/` builds these tables; a test keeps the two in step.
"""

import datetime as dt
import json
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    not_,
    true,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from distributor.delivery.reason import Reason
from distributor.delivery.state import State


class Utc(TypeDecorator[dt.datetime]):
    """An aware time, kept in UTC. SQLite has no time zones and gets the naive UTC form."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Names(TypeDecorator[tuple[str, ...]]):
    """A short list of names, as JSON text in which each name stands readable between quotes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str:
        return json.dumps(list(value or ()), ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...]:
        return tuple(json.loads(value or "[]"))


class database_seconds(FunctionElement[int]):
    """The database's own clock, in whole seconds since 1970. Leases use it, so hosts need not agree on time."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_seconds, "sqlite")
def _sqlite_seconds(element: database_seconds, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(strftime('%s', 'now') AS INTEGER)"


@compiles(database_seconds, "postgresql")
def _postgresql_seconds(element: database_seconds, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(floor(extract(epoch FROM clock_timestamp())) AS BIGINT)"


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

bulletin = Table(
    "bulletin",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("publication", Text, nullable=False),  # the title that all numbers share
    Column("issuer", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("edition", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("digest", Text, nullable=False, index=True),
    Column("directory_digest", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("finalised_at", Utc, nullable=False),
    Column("released_at", Utc),
    Column("valid_until", Utc),
    Column("send_rule", Text, nullable=False, server_default=""),  # its own; empty: the office's
    UniqueConstraint("publication", "issuer", "year", "kind", "number", "edition", name="uq_bulletin_key"),
)

#: The bulletin file itself (path "") and the pictures it refers to.
asset = Table(
    "asset",
    metadata,
    Column("bulletin_id", ForeignKey(bulletin.c.id, ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

#: Renditions are kept for good under their digest: a re-freeze never erases what some people already got.
rendition = Table(
    "rendition",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("document", Text, nullable=False),
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bulletin_id", ForeignKey(bulletin.c.id), nullable=False),
    Column("group_name", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("rendition_digest", ForeignKey(rendition.c.digest), nullable=False),
    Column("on_unknown", Text, nullable=False),
    Column("planned", Integer, nullable=False),  # rows owed; the books are checked against it
    Column("released_at", Utc),
    Column("hold", Text),
    Column("manners", Text, nullable=False, server_default="{}"),  # how the group is asked for receipts, as JSON
    Column("replaced_at", Utc),  # another letter took its place; it stays for those who got it
    sqlite_autoincrement=True,  # a rebuilt dispatch never takes the number of an old one
)
Index(
    "uq_dispatch_letter",
    dispatch.c.bulletin_id,
    dispatch.c.group_name,
    dispatch.c.channel,
    unique=True,
    sqlite_where=dispatch.c.replaced_at.is_(None),
    postgresql_where=dispatch.c.replaced_at.is_(None),
)

_STATES = ", ".join(f"'{state}'" for state in State)

delivery = Table(
    "delivery",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("bulletin_id", ForeignKey(bulletin.c.id), nullable=False),
    Column("dispatch_id", ForeignKey(dispatch.c.id), nullable=False, index=True),
    Column("position", Integer, nullable=False),  # the order of the directory, for people's eyes
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("role", Text),
    Column("credited", Names, nullable=False),
    Column("people", Names, nullable=False),
    Column("listed", Boolean, nullable=False, server_default=true()),  # by the last freeze
    # A person cancelled it while a carrier had it: should it come back from there, it is not tried again.
    Column("called_off", Boolean, nullable=False, server_default=false()),
    Column("follows", String(32)),  # the copy on an earlier channel that it took over for
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("owner", Text),
    Column("lease_until", BigInteger),  # by `database_seconds`
    Column("attempts", Integer, nullable=False),
    Column("released_at", Utc),
    Column("next_attempt_at", Utc),  # NULL while queued: not released
    Column("valid_until", Utc),
    Column("changed_at", Utc, nullable=False),
    Column("verp_hash", String(64), unique=True),
    Column("link_hash", String(64), unique=True),
    # One copy per address and channel, whatever else goes wrong.
    UniqueConstraint("bulletin_id", "channel", "address", name="uq_delivery_copy"),
    CheckConstraint(f"state IN ({_STATES})", name="state"),
)


def _in_states(*states: State) -> ColumnElement[bool]:
    # Written out, not bound: a partial index serves only a query that repeats its words.
    return delivery.c.state.in_([literal_column(f"'{state}'") for state in states])


#: Rows that a worker may claim, and rows that one holds: each has an index of its own.
claimable = _in_states(State.QUEUED, State.DEFERRED)
leased = _in_states(State.CLAIMED, State.SENDING)

#: Rows whose letter was refused for its content: the same text is not tried again until a person says so.
put_aside = and_(delivery.c.state == State.QUEUED, delivery.c.reason == Reason.CONTENT)
#: Rows that go by themselves when their time comes.
going = and_(claimable, not_(put_aside))

Index(
    "ix_delivery_due",
    delivery.c.next_attempt_at,
    delivery.c.id,
    sqlite_where=claimable,
    postgresql_where=claimable,
)
Index(
    "ix_delivery_follows",
    delivery.c.follows,
    sqlite_where=delivery.c.follows.is_not(None),
    postgresql_where=delivery.c.follows.is_not(None),
)
Index("ix_delivery_leased", delivery.c.lease_until, sqlite_where=leased, postgresql_where=leased)

attempt = Table(
    "attempt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("delivery_id", ForeignKey(delivery.c.id), nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("owner", Text, nullable=False),
    Column("account", Text, nullable=False, server_default=""),  # of the carrier; "" on rows of earlier versions
    Column("started_at", Utc, nullable=False),
    Column("ended_at", Utc),
    Column("verdict", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("code", Integer, nullable=False),
    Column("enhanced", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("reference", Text, nullable=False, server_default=""),  # what the platform calls the message, as JSON
    UniqueConstraint("delivery_id", "epoch", name="uq_attempt_epoch"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Utc, nullable=False),
    UniqueConstraint("channel", "address", name="uq_suppression_address"),
    CheckConstraint("standing IN ('offered', 'active')", name="standing"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("bulletin_id", Integer, index=True),
    Column("details", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

#: One row: the end of the audit chain. Writers queue on it, and a cut-off tail shows.
audit_head = Table(
    "audit_head",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("last_id", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)
