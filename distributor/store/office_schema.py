"""The tables behind the office's own pages: who may log in, who is logged in, who tried in vain.

Passwords are kept as Argon2id hashes, tokens of sessions, states of logins and names that were tried as SHA-256:
nothing here opens a page or says what somebody typed. No token of an identity provider is kept.
"""

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from distributor.store.schema import Utc, metadata

ROLES = ("viewer", "editor")

login = Table(
    "login",
    metadata,
    Column("key", Text, primary_key=True),  # the name in one form and case
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # empty: none, they log in by the identity provider only
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
    Column("via", Text, nullable=False, server_default="password"),  # or "oidc"
)

#: Who a login is at an identity provider: a subject, or the e-mail address that the first entry is known by.
login_identity = Table(
    "login_identity",
    metadata,
    Column("login", ForeignKey(login.c.key, ondelete="CASCADE"), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("subject", Text),
    Column("email", Text),
    Column("linked_at", Utc, nullable=False),
    UniqueConstraint("issuer", "subject", name="uq_login_identity_issuer_subject"),
    UniqueConstraint("issuer", "email", name="uq_login_identity_issuer_email"),
    CheckConstraint("subject IS NOT NULL OR email IS NOT NULL", name="somebody"),
)

#: Logins that are on their way to the identity provider and back; a row serves once.
login_journey = Table(
    "login_journey",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("browser_hash", String(64), nullable=False),
    Column("at", Utc, nullable=False),
)

login_try = Table(
    "login_try",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name_hash", String(64), nullable=False),
    Column("at", Utc, nullable=False),
)
Index("ix_login_try_name", login_try.c.name_hash, login_try.c.at)
