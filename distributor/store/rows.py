"""From rows of the database to the values of `records.py`, in one place."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, Select, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from distributor.delivery.state import State
from distributor.recipients.manners import read_manners
from distributor.recipients.model import Recipient
from distributor.store.records import AttemptRecord, BulletinKey, BulletinRecord, DeliveryRecord, DispatchRecord
from distributor.store.schema import bulletin, delivery, dispatch, rendition

T = TypeVar("T")

#: Rows per statement: well below the parameter limits of both engines (32,766 and 65,535).
CHUNK = 500


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cuts a sequence into lists of at most `size`."""
    rest = iter(values)
    while part := list(islice(rest, size)):
        yield part


def insert_new(conn: Connection, table: Table) -> Any:
    """An insert that passes over a row which is there already, by whatever key; RETURNING tells."""
    statement = postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)
    return statement.on_conflict_do_nothing()


def bulletin_record(row: Row[Any]) -> BulletinRecord:
    """One row of `bulletin`."""
    return BulletinRecord(
        id=row.id,
        key=BulletinKey(row.publication, row.issuer, row.year, row.kind, row.number),
        edition=row.edition,
        title=row.title,
        digest=row.digest,
        directory_digest=row.directory_digest,
        file_name=row.file_name,
        finalised_at=row.finalised_at,
        released_at=row.released_at,
        valid_until=row.valid_until,
        send_rule=row.send_rule,
    )


def bulletins() -> Select[Any]:
    """The rows that `bulletin_record` reads."""
    return select(bulletin)


def dispatches() -> Select[Any]:
    """The rows that `dispatch_record` reads, in the order of the directory."""
    return select(dispatch, rendition.c.document).join(rendition).order_by(dispatch.c.id)


def dispatch_record(row: Row[Any]) -> DispatchRecord:
    """One row of `dispatches`."""
    return DispatchRecord(
        id=row.id,
        bulletin_id=row.bulletin_id,
        group=row.group_name,
        direction=row.direction,
        channel=row.channel,
        released_at=row.released_at,
        hold=row.hold,
        rendition=row.document,
        on_unknown=row.on_unknown,
        manners=read_manners(row.manners),
        replaced=row.replaced_at is not None,
    )


def deliveries() -> Select[Any]:
    """The rows that `delivery_record` reads: newest bulletin first, then the order of the directory."""
    return (
        select(delivery, dispatch.c.group_name, dispatch.c.direction)
        .join(dispatch)
        .order_by(delivery.c.bulletin_id.desc(), delivery.c.dispatch_id, delivery.c.position, delivery.c.id)
    )


def delivery_record(row: Row[Any], history: Sequence[AttemptRecord] = ()) -> DeliveryRecord:
    """One row of `deliveries`, with its attempts if they were asked for."""
    return DeliveryRecord(
        id=row.id,
        bulletin_id=row.bulletin_id,
        dispatch_id=row.dispatch_id,
        group=row.group_name,
        direction=row.direction,
        channel=row.channel,
        key=row.key,
        address=row.address,
        name=row.name,
        unit=row.unit,
        role=row.role,
        credited=row.credited,
        people=row.people,
        state=State(row.state),
        reason=row.reason,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        changed_at=row.changed_at,
        valid_until=row.valid_until,
        history=tuple(history),
        listed=row.listed,
        called_off=row.called_off,
        follows=row.follows or "",
    )


def recipient(row: Row[Any]) -> Recipient:
    """The recipient a row of `deliveries` stands for."""
    return Recipient(
        key=row.key,
        channel=row.channel,
        address=row.address,
        name=row.name,
        unit=row.unit,
        role=row.role,
        group=row.group_name,
        credited=row.credited,
        people=row.people,
    )
