"""Lets time pass on the database's clock, for tests: everything stamped by it grows older."""

import datetime as dt

from sqlalchemy import update

from distributor.store.database import Database
from distributor.store.service_schema import breaker, lease, window_grant


def let_pass(database: Database, **time: float) -> None:
    """Makes it so much later, or earlier: `let_pass(database, minutes=5)`."""
    by = dt.timedelta(**time) // dt.timedelta(milliseconds=1)
    columns = (window_grant.c.at_ms, breaker.c.since_ms, breaker.c.until_ms, lease.c.until_ms)
    with database.write() as conn:
        for column in columns:
            conn.execute(update(column.table).values({column.name: column - by}))
