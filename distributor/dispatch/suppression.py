"""Addresses that are not tried: what that does to a bulletin that is finalised, and how people undo it.

An address is suppressed when a report proves it dead (`delivery.suppression`) or a person says so. It is lifted
when the directory no longer has it, because somebody corrected it, or by a person.
"""

import datetime as dt
from dataclasses import dataclass

from distributor.address import same
from distributor.dispatch.intake import Prepared
from distributor.errors import Place, Problem
from distributor.recipients.model import Directory
from distributor.store import audit, suppressions
from distributor.store.database import Connection
from distributor.store.suppressed import lift_unlisted, stop_copies
from distributor.store.suppressions import Suppression
from distributor.words import words


@dataclass(frozen=True, slots=True)
class Honoured:
    """What finalising did about suppressed addresses: which it lifted, and which copies are not tried."""

    lifted: tuple[str, ...]
    stopped: tuple[str, ...]


def honour(conn: Connection, bulletin_id: int, directory: Directory, *, now: dt.datetime, actor: str) -> Honoured:
    """Lifts what the directory no longer has, and marks the copies of what is left as suppressed."""
    lifted: list[str] = []
    for channel in {entry.channel for entry in suppressions.list_suppressions(conn)}:
        gone = lift_unlisted(conn, channel, _addresses(directory, channel), now=now)
        for address in gone:
            _book_lift(conn, channel, address, actor=actor, now=now)
        lifted += gone
    stopped = stop_copies(conn, bulletin_id=bulletin_id, now=now)
    return Honoured(tuple(lifted), tuple(copy.address for copy in stopped))


def suppressed_recipients(conn: Connection, prepared: Prepared) -> tuple[Problem, ...]:
    """A warning for each recipient who gets nothing because the address is suppressed."""
    active = {(entry.channel, entry.address): entry for entry in suppressions.list_suppressions(conn, "active")}
    found = []
    for person in prepared.resolved.recipients:
        entry = active.get((person.channel, same(person.address)))
        if entry:
            what = words(
                "{unit} {name} <{address}> gets nothing: the address is suppressed ({reason}).",
                unit=person.unit,
                name=person.name,
                address=person.address,
                reason=entry.reason[:120],
            )
            do = words(
                "Correct it in the file; if it is right, run: distributor suppressions lift {address}",
                address=person.address,
            )
            found.append(Problem(Place(prepared.loaded.directory.file), "suppressed", what, do, grade="warning"))
    return tuple(found)


def lift(conn: Connection, address: str, *, now: dt.datetime, actor: str) -> tuple[Suppression, ...]:
    """Lifts an address on every channel; returns what was lifted. Copies that were not tried stay so until a retry."""
    entries = [entry for entry in suppressions.list_suppressions(conn) if entry.address == same(address)]
    for entry in entries:
        suppressions.remove(conn, entry.channel, entry.address)
        _book_lift(conn, entry.channel, entry.address, actor=actor, now=now)
    return tuple(entries)


def _book_lift(conn: Connection, channel: str, address: str, *, actor: str, now: dt.datetime) -> None:
    details = {"channel": channel, "address": address}
    audit.append(conn, "suppression.lifted", f"address:{address}", details, actor, now)


def _addresses(directory: Directory, channel: str) -> list[str]:
    people = (person for group in directory.groups for unit in group.units for person in unit.people)
    return [person.addresses[channel] for person in people if channel in person.addresses]
