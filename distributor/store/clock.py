"""The database's own clock to the millisecond. Whatever several machines must agree on counts by it."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Connection, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MILLISECOND = dt.timedelta(milliseconds=1)


class database_milliseconds(FunctionElement[int]):
    """Whole milliseconds since 1970, never rounded up."""

    type = BigInteger()
    inherit_cache = True


@compiles(database_milliseconds, "sqlite")
def _sqlite(element: database_milliseconds, compiler: SQLCompiler, **kw: Any) -> str:
    # Both parts are of one moment: SQLite keeps 'now' still within a statement. Its unixepoch('subsec') is too new.
    return "(CAST(strftime('%s', 'now') AS INTEGER) * 1000 + CAST(substr(strftime('%f', 'now'), 4) AS INTEGER))"


@compiles(database_milliseconds, "postgresql")
def _postgresql(element: database_milliseconds, compiler: SQLCompiler, **kw: Any) -> str:
    return "CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS BIGINT)"


def read_clock(conn: Connection) -> int:
    """The time of this moment, in milliseconds; not of the transaction's begin."""
    return conn.execute(select(database_milliseconds())).scalar_one()


def moment(milliseconds: int) -> dt.datetime:
    """A time of the database's clock as people know it, in UTC."""
    return _EPOCH + milliseconds * _MILLISECOND


def milliseconds_of(time: dt.datetime) -> int:
    """The reverse of `moment`."""
    return (time - _EPOCH) // _MILLISECOND


def span(milliseconds: int) -> dt.timedelta:
    """A length of time."""
    return milliseconds * _MILLISECOND


def milliseconds_in(length: dt.timedelta) -> int:
    """The reverse of `span`."""
    return length // _MILLISECOND
