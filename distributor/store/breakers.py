"""The circuit breakers of the accounts, one for all processes: the rules are in `delivery/breaker.py`.

A worker asks `admit` before it uses an account and tells afterwards how it went, with the passage it got.
Answers of tries from before the last change of standing are not counted: five lines that fail together open
the breaker once. All times are the database's.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from distributor.delivery.breaker import (
    Breaker,
    Standing,
    closed_by_hand,
    failed,
    on_this_clock,
    probing,
    succeeded,
    unused,
)
from distributor.delivery.outcome import Fault
from distributor.store import audit
from distributor.store import service_schema as tables
from distributor.store.attempts import plain
from distributor.store.clock import milliseconds_of, moment, read_clock
from distributor.store.turns import take_turns


@dataclass(frozen=True, slots=True)
class Passage:
    """Whether an account may be used. A `probe` is for exactly one letter over one line.

    When not `admitted`, `wait` says how long to leave the account alone.
    """

    account: str
    admitted: bool
    probe: bool
    epoch: int
    wait: dt.timedelta = dt.timedelta()


def admit(conn: Connection, account: str) -> Passage:
    """Asks to use an account. While the breaker is open nobody may; when its pause is over, one caller gets a probe."""
    now = _begin(conn, account)
    was = _load(conn, account)
    known = on_this_clock(was, now)
    if known.standing is Standing.CLOSED:
        return Passage(account, True, False, known.epoch)
    if wait := known.wait(now):
        _save(conn, was, known)
        return Passage(account, False, False, known.epoch, wait)
    probe = probing(known, now)
    _save(conn, was, probe)
    return Passage(account, True, True, probe.epoch)


def record_failure(
    conn: Connection,
    passage: Passage,
    fault: Fault,
    *,
    text: str = "",
    wait: dt.timedelta | None = None,
    times: int = 1,
) -> Breaker | None:
    """Tells that a try failed, `times` in a row; `text` is what the server said, `wait` the pause it asked for.

    Returns the breaker when this failure opened it, so that one caller tells the editor, else None. A fault of a
    recipient or a text counts as success.
    """
    now = _begin(conn, passage.account)
    was = _load(conn, passage.account)
    if was.epoch != passage.epoch:
        return None
    now_is = was
    for _ in range(times):
        now_is = failed(now_is, fault, now, text=plain(text), wait=wait)
    _save(conn, was, now_is)
    return now_is if now_is.standing is Standing.OPEN else None


def record_success(conn: Connection, passage: Passage) -> bool:
    """Tells that the account did its work. True when this closed the breaker."""
    now = _begin(conn, passage.account)
    was = _load(conn, passage.account)
    if was.epoch != passage.epoch:
        return False
    _save(conn, was, succeeded(was, now))
    return was.standing is Standing.HALF_OPEN


def give_back_probe(conn: Connection, passage: Passage) -> None:
    """Tells that a probe was not used: nothing was due, or the program ends. The next caller gets it."""
    now = _begin(conn, passage.account)
    was = _load(conn, passage.account)
    if was.epoch == passage.epoch:
        _save(conn, was, unused(was, now))


def close_breaker(conn: Connection, account: str, actor: str, now: dt.datetime) -> bool:
    """A person says that the trouble is over; it is booked. False when the breaker was closed already."""
    time = _begin(conn, account)
    was = _load(conn, account)
    if was.standing is Standing.CLOSED:
        return False
    _save(conn, was, closed_by_hand(was, time))
    audit.append(conn, "breaker_closed", f"account:{account}", {"fault": was.fault, "text": was.text}, actor, now)
    return True


def breakers(conn: Connection) -> tuple[Breaker, ...]:
    """The breakers of all accounts that ever had trouble."""
    return tuple(_breaker(row) for row in conn.execute(select(tables.breaker).order_by(tables.breaker.c.account)))


def _begin(conn: Connection, account: str) -> dt.datetime:
    take_turns(conn, [f"breaker:{account}"])
    return moment(read_clock(conn))


def _load(conn: Connection, account: str) -> Breaker:
    row = conn.execute(select(tables.breaker).where(tables.breaker.c.account == account)).first()
    return Breaker(account) if row is None else _breaker(row)


def _save(conn: Connection, was: Breaker, now_is: Breaker) -> None:
    if now_is == was:
        return
    values = {
        "standing": now_is.standing,
        "epoch": now_is.epoch,
        "failures": now_is.failures,
        "openings": now_is.openings,
        "fault": now_is.fault,
        "text": now_is.text,
        "since_ms": None if now_is.since is None else milliseconds_of(now_is.since),
        "until_ms": None if now_is.until is None else milliseconds_of(now_is.until),
    }
    same = tables.breaker.c.account == now_is.account
    if not conn.execute(update(tables.breaker).where(same).values(values)).rowcount:
        conn.execute(insert(tables.breaker).values(account=now_is.account, **values))


def _breaker(row: Row[Any]) -> Breaker:
    return Breaker(
        account=row.account,
        standing=Standing(row.standing),
        epoch=row.epoch,
        failures=row.failures,
        openings=row.openings,
        fault=Fault(row.fault),
        text=row.text,
        since=None if row.since_ms is None else moment(row.since_ms),
        until=None if row.until_ms is None else moment(row.until_ms),
    )
