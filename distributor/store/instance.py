"""Heartbeats: what an installation wrote last, and whether the database still says the same.

A heartbeat goes to the database first and then to the note (`store/machine.py`). A beat that finds another
mark than its own writes nothing: the database was restored under it, or a copy of this installation lives.
"""

import uuid
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from distributor.delivery.gap import Gap, Heartbeat, Known, Machine, judge_gap
from distributor.store.clock import milliseconds_in, moment, read_clock, span
from distributor.store.service_schema import identity
from distributor.store.service_schema import instance as table


def judge(conn: Connection, noted: Heartbeat | None, here: Machine) -> Gap:
    """Compares the note with the database and both with this machine."""
    return judge_gap(noted, known(conn, noted), here)


def known(conn: Connection, noted: Heartbeat | None) -> Known:
    """What the database knows of the installation whose note this is."""
    name = _database(conn)
    recorded = None if noted is None else _first(conn, name, select(table).where(table.c.id == noted.instance))
    shared = conn.dialect.name != "sqlite"
    return Known(name, moment(read_clock(conn)), recorded, last_seen(conn), shared)


def last_seen(conn: Connection) -> Heartbeat | None:
    """The newest heartbeat of any installation."""
    return _first(conn, _database(conn), select(table).order_by(table.c.at.desc(), table.c.id).limit(1))


def first_beat(conn: Connection, noted: Heartbeat | None, here: Machine) -> Heartbeat | None:
    """The heartbeat at a start, which was judged fine or which a person allowed after looking.

    It follows what the database holds, for a crash may have kept that from the note. When they do not belong
    together, a new installation begins.
    """
    held = known(conn, noted)
    fine = judge_gap(noted, held, here) is Gap.FINE
    return beat(conn, held.recorded if fine else None, here)


def beat(conn: Connection, last: Heartbeat | None, here: Machine) -> Heartbeat | None:
    """Writes the next heartbeat after `last`, which the caller then notes. Without `last` a new installation begins.

    None when the database does not hold `last` any more: due bulletins must wait until a person has looked.
    """
    if last is None:
        return _begin(conn, here)
    if last.database != _database(conn):
        return None
    following = Heartbeat(last.database, last.instance, here, last.count + 1, uuid.uuid4().hex, last.mark)
    same = (table.c.id == last.instance, table.c.count == last.count, table.c.mark == last.mark)
    written = conn.execute(update(table).where(*same).values(_values(following))).rowcount
    return following if written else None


def _begin(conn: Connection, here: Machine) -> Heartbeat:
    first = Heartbeat(_database(conn), uuid.uuid4().hex, here, 1, uuid.uuid4().hex, "")
    conn.execute(insert(table).values(id=first.instance, **_values(first)))
    return first


def _database(conn: Connection) -> str:
    name: str = conn.execute(select(identity.c.name)).scalar_one()
    return name


def _first(conn: Connection, database: str, query: Select[Any]) -> Heartbeat | None:
    row = conn.execute(query).first()
    return None if row is None else _heartbeat(row, database)


def _values(heartbeat: Heartbeat) -> dict[str, Any]:
    return {
        "host": heartbeat.machine.host,
        "boot": heartbeat.machine.boot,
        "uptime_ms": milliseconds_in(heartbeat.machine.uptime),
        "at": heartbeat.machine.now,
        "count": heartbeat.count,
        "mark": heartbeat.mark,
        "previous": heartbeat.previous,
    }


def _heartbeat(row: Row[Any], database: str) -> Heartbeat:
    # `count` is also a method of rows.
    values = row._mapping
    machine = Machine(values["host"], values["boot"], span(values["uptime_ms"]), values["at"])
    return Heartbeat(database, values["id"], machine, values["count"], values["mark"], values["previous"])
