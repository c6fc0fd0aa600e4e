"""The tables behind the office's own pages: who may log in, who is logged in, who tried in vain.

Passwords are kept as Argon2id hashes, tokens of sessions and names that were tried as SHA-256: nothing here opens a
page or says what somebody typed.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text

from distributor.store.schema import Utc, metadata

ROLES = ("viewer", "editor")

login = Table(
    "login",
    metadata,
    Column("key", Text, primary_key=True),  # the name in one form and case
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),
    Column("made_at", Utc, nullable=False),
    Column("password_at", Utc, nullable=False),
    CheckConstraint("role IN ({})".format(", ".join(f"'{role}'" for role in ROLES)), name="role"),
)

web_session = Table(
    "web_session",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("login", ForeignKey(login.c.key, ondelete="CASCADE"), nullable=False, index=True),
    Column("begun_at", Utc, nullable=False),
    Column("seen_at", Utc, nullable=False),
)

login_try = Table(
    "login_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name_hash", String(64), nullable=False),
    Column("at", Utc, nullable=False),
)
Index("ix_login_try_name", login_try.c.name_hash, login_try.c.at)
