"""Lets time pass on the database's clock, for tests: everything stamped by it grows older. And waits for a lock."""

import datetime as dt
import time

from sqlalchemy import text, update

from distributor.store.database import Database
from distributor.store.service_schema import breaker, lease, window_grant


def let_pass(database: Database, **by_so_much: float) -> None:
    """Makes it so much later, or earlier: `let_pass(database, minutes=5)`."""
    by = dt.timedelta(**by_so_much) // dt.timedelta(milliseconds=1)
    columns = (window_grant.c.at_ms, breaker.c.since_ms, breaker.c.until_ms, lease.c.until_ms)
    with database.write() as conn:
        for column in columns:
            conn.execute(update(column.table).values({column.name: column - by}))


def wait_for_a_waiter(postgres: Database) -> None:
    """Returns when a statement waits for a lock."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with postgres.read() as conn:
            if conn.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits")
