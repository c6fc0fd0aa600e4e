"""One writer at a time, where a compare-and-set is not enough.

SQLite has one writer anyway; on PostgreSQL an advisory lock is held until the transaction ends
(not longer, so a pooler in between does no harm).
"""

from sqlalchemy import Connection, text

#: Numbers of our own in the server's space of advisory locks.
UPGRADE = 7_301_905
FREEZE = 7_301_906


def take_turn(conn: Connection, number: int) -> None:
    """Waits until no other transaction holds this turn, and holds it to the end of this one."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})
