"""Takes a person out of the rows: what names them gives way to a pseudonym, and what they said goes.

The rows stay, with their states, verdicts and kinds of evidence, so the books still balance. Texts of bulletins and
letters are not touched: what an office has published is not in the record of who got it. Audit entries have a door
of their own (`audit.redact`).
"""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    and_,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from distributor.address import same
from distributor.store.chain_schema import card_change, reserve
from distributor.store.mail_schema import address_alias
from distributor.store.receipt_schema import receipt
from distributor.store.reminder_schema import reminder
from distributor.store.rows import chunks
from distributor.store.schema import Names, attempt, delivery, suppression
from distributor.store.tables import metadata

#: What the office has published, the audit log, and the office's own people are not touched here.
_LEFT_TABLES = frozenset(
    {"bulletin", "asset", "rendition", "audit", "audit_head", "login", "login_identity", "web_session"}
)
#: A group's or unit's name is not a person's, and the key is a copy's own matter.
_LEFT_COLUMNS = frozenset({"group_name", "unit", "credited", "manners"})

#: What a receipt keeps of a report: what it proves, and not what it says.
_PROOF = ("mail", "because", "ground", "by", "action", "status", "class", "mode", "late")


@dataclass(frozen=True, slots=True)
class Masks:
    """What stands in the place of what. `texts` gives any text with every name and address of theirs replaced.

    `hints` are pieces of which at least one is in a text that `texts` would change, in lower case.
    """

    name: str
    key: str
    addresses: Mapping[tuple[str, str], str]  # by channel and address as `same` writes it
    texts: Callable[[str], str]
    hints: tuple[str, ...]
    octets: tuple[bytes, ...]


def addresses_of(conn: Connection, keys: Collection[str]) -> frozenset[tuple[str, str]]:
    """Every (channel, address) under which the people with these keys stand anywhere in the record."""
    found: set[tuple[str, str]] = set()
    for table in metadata.sorted_tables:
        if {"key", "channel", "address"} <= set(table.c.keys()):
            for part in chunks(sorted(keys)):
                rows = conn.execute(select(table.c.channel, table.c.address).where(table.c.key.in_(part)).distinct())
                found |= {(row.channel, same(row.address)) for row in rows}
    return frozenset(found)


def forget_copies(conn: Connection, delivery_ids: Collection[str], keys: Collection[str], masks: Masks) -> None:
    """Takes the person out of their own copies, with all that came back about them.

    The channels on which they would be reached next, known by their keys in the directory, go altogether.
    """
    for part in chunks(sorted(keys)):
        conn.execute(delete(reserve).where(reserve.c.key.in_(part)))
    for ids in chunks(sorted(delivery_ids)):
        for row in conn.execute(select(delivery.c.id, delivery.c.channel, delivery.c.address).where(_in(ids))).all():
            address = masks.addresses[row.channel, same(row.address)]
            values: dict[str, Any] = {"address": address, "key": masks.key, "name": masks.name, "people": (masks.name,)}
            # Not listed: nobody retries it. Without its link's hash the page is gone for whoever has the letter.
            values |= {"role": None, "listed": False, "link_hash": None}
            conn.execute(update(delivery).where(delivery.c.id == row.id).values(values))
        conn.execute(update(attempt).where(attempt.c.delivery_id.in_(ids)).values(text="", reference=""))
        conn.execute(update(reminder).where(reminder.c.delivery_id.in_(ids)).values(reply=""))
        conn.execute(update(card_change).where(card_change.c.delivery_id.in_(ids)).values(reply=""))
        reports = select(receipt.c.id, receipt.c.details).where(receipt.c.delivery_id.in_(ids))
        for report in conn.execute(reports).all():
            proof = json.dumps(_proof(json.loads(report.details), masks))
            conn.execute(update(receipt).where(receipt.c.id == report.id).values(raw=None, details=proof))


def forget_name(conn: Connection, delivery_ids: Collection[str], names: Collection[str], masks: Masks) -> None:
    """Takes a name out of copies that go to an address which others share; everything else of them is theirs."""
    for ids in chunks(sorted(delivery_ids)):
        query = select(delivery.c.id, delivery.c.name, delivery.c.people).where(_in(ids))
        for row in conn.execute(query).all():
            people = tuple(masks.name if each in names else each for each in row.people)
            values = {"people": people, "name": masks.name if row.name in names else row.name}
            conn.execute(update(delivery).where(delivery.c.id == row.id).values(values))


def forget_everywhere(conn: Connection, masks: Masks) -> int:
    """Takes the person out of what other rows say of them; returns how many rows were changed."""
    for channel, address in masks.addresses:
        known = and_(suppression.c.channel == channel, func.lower(suppression.c.address) == address)
        conn.execute(delete(suppression).where(known))
        ours = or_(func.lower(address_alias.c.address) == address, func.lower(address_alias.c.alias) == address)
        conn.execute(delete(address_alias).where(ours))
    changed = sum(_sweep(conn, table, masks) for table in metadata.sorted_tables if table.name not in _LEFT_TABLES)
    for octets in masks.octets:
        conn.execute(update(receipt).where(_holds(conn, receipt.c.raw, octets)).values(raw=None))
    return changed


def _proof(details: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    kept = {name: details[name] for name in _PROOF if name in details}
    return {**kept, "name": masks.name} if details.get("name") else kept


def _sweep(conn: Connection, table: Table, masks: Masks) -> int:
    """Goes through the texts of one table; only rows that hold a hint are read."""
    columns = [column for column in table.c if _is_text(column)]
    keys = list(table.primary_key.columns)
    if not columns or not keys or not masks.hints:
        return 0
    changed = 0
    hinted = or_(*(_hints(column, masks.hints) for column in columns))
    for row in conn.execute(select(*keys, *columns).where(hinted)).mappings().all():
        values = {name: new for name, new in _replaced(columns, row, masks) if new != row[name]}
        if values:
            this = and_(*(key == row[key.name] for key in keys))
            conn.execute(update(table).where(this).values(values))
            changed += 1
    return changed


def _replaced(columns: Collection[Column[Any]], row: Mapping[Any, Any], masks: Masks) -> Iterator[tuple[str, Any]]:
    for column in columns:
        old = row[column.name]
        if isinstance(old, tuple):
            yield column.name, tuple(masks.texts(each) for each in old)
        elif old is not None:
            yield column.name, in_json(old, masks.texts) if column.name == "details" else masks.texts(old)


def in_json(text: str, change: Callable[[str], str]) -> str:
    """The JSON text with every string in it changed, as `json.dumps` writes it."""
    return json.dumps(deep(json.loads(text), change))


def deep(value: Any, change: Callable[[str], str]) -> Any:
    """The same JSON value with every string in it changed, but for the names of its fields."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {key: deep(each, change) for key, each in value.items()}
    return [deep(each, change) for each in value] if isinstance(value, list) else value


def masking(pairs: Mapping[str, str]) -> Callable[[str], str]:
    """Replaces whole addresses and names, whatever their case; a longer address that contains one is another's."""
    if not pairs:
        return lambda text: text
    by = {same(old): new for old, new in pairs.items()}
    told = sorted(by, key=len, reverse=True)
    pattern = re.compile("|".join(_bounded(old) for old in told), re.IGNORECASE)
    return lambda text: pattern.sub(lambda match: by[same(match[0])], text)


def _bounded(old: str) -> str:
    plain = re.escape(old)
    return rf"(?<![\w.+-]){plain}(?![\w-]|\.\w)" if old.isascii() else plain


def _is_text(column: Column[Any]) -> bool:
    if column.primary_key or column.name in _LEFT_COLUMNS:
        return False
    return isinstance(column.type, Names) or type(column.type) is Text


def _hints(column: Column[Any], hints: Collection[str]) -> ColumnElement[bool]:
    text = func.lower(type_coerce(column, Text))
    return or_(*(text.contains(hint, autoescape=True) for hint in hints))


def _holds(conn: Connection, column: Column[Any], octets: bytes) -> ColumnElement[bool]:
    wanted = literal(octets, LargeBinary)
    if conn.dialect.name == "postgresql":
        return func.position(cast(wanted, LargeBinary).op("in")(column)) > 0
    return func.instr(column, wanted) > 0


def _in(ids: Collection[str]) -> ColumnElement[bool]:
    return delivery.c.id.in_(list(ids))
