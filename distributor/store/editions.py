"""Editions of one number: of one that a correction (勘误) has replaced, nothing is sent any more.

Copies that were in a carrier's hands when the correction was finalised may come back from there. Whoever reads
the older text after the newer one takes it for the last word.
"""

from sqlalchemy import ColumnElement, Connection, and_, literal, select

from distributor.store.records import BulletinKey
from distributor.store.schema import bulletin

_KEY = ("publication", "issuer", "year", "kind", "number")


def of_key(key: BulletinKey) -> ColumnElement[bool]:
    """The bulletins of one number, in all its editions."""
    wanted = (key.title, key.issuer, key.year, key.kind, key.number)
    return and_(*(bulletin.c[name] == value for name, value in zip(_KEY, wanted, strict=True)))


def is_corrected(bulletin_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a later edition of a row's bulletin has been finalised. Costs one look for each correction."""
    older, newer = bulletin.alias(), bulletin.alias()
    same = and_(*(older.c[name] == newer.c[name] for name in _KEY), older.c.edition < newer.c.edition)
    return bulletin_id.in_(select(older.c.id).select_from(newer).join(older, same).where(newer.c.edition > 1))


def corrected(conn: Connection, bulletin_id: int) -> bool:
    """Whether a later edition of this bulletin has been finalised."""
    return conn.execute(select(is_corrected(literal(bulletin_id)))).scalar_one()
