"""One writer at a time, where a compare-and-set is not enough.

SQLite has one writer anyway; on PostgreSQL an advisory lock is held until the transaction ends
(not longer, so a pooler in between does no harm).
"""

import hashlib
from collections.abc import Collection

from sqlalchemy import Connection, text

#: Numbers of our own in the server's space of advisory locks.
UPGRADE = 7_301_905
FREEZE = 7_301_906


def take_turn(conn: Connection, number: int) -> None:
    """Waits until no other transaction holds this turn, and holds it to the end of this one."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


def take_turns(conn: Connection, names: Collection[str]) -> None:
    """The same for things with names. Everybody takes them in one order, so nobody waits for one who waits for them.

    To be called once per transaction: a second call could break the order.
    """
    if conn.dialect.name == "postgresql":
        numbers = sorted({_number(name) for name in names})
        conn.execute(_TAKE_EACH, {"numbers": numbers}).all()


_TAKE_EACH = text("SELECT pg_advisory_xact_lock(number) FROM unnest(CAST(:numbers AS bigint[])) AS number")


def _number(name: str) -> int:
    # 62 bits and above all small numbers; two names that meet by chance merely wait for each other.
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) >> 2 | 1 << 61
