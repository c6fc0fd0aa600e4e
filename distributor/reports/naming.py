"""How a bulletin is named in a command that a person is told to type."""

from distributor.store.bulletins import find_by_number
from distributor.store.database import Connection
from distributor.store.records import BulletinRecord


def short_name(conn: Connection, record: BulletinRecord) -> str:
    """The number where it means this bulletin alone, otherwise the id; safe to type in a shell."""
    found = find_by_number(conn, record.key.number)
    series = {(one.key.title, one.key.issuer, one.key.kind) for one in found}
    if found and found[0].id == record.id and len(series) == 1 and record.key.number.isdecimal():
        return record.key.number
    return f"'#{record.id}'"  # a bare # begins a comment
