"""Forgets a person on their wish (个人信息保护法 47): who they were goes, what happened to the copies stays.

Name, address, remarks and reports give way to a pseudonym that is the same in every bulletin and tells nobody who it
was without the key file. Refused while anything of theirs is under way, because what comes back would name them again.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from distributor.address import FORGOTTEN, is_forgotten, same
from distributor.delivery.evidence import UNDER_WAY
from distributor.delivery.state import State
from distributor.errors import BadInput, Refused
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.recipients.model import Recipient
from distributor.reports.state_words import STATES
from distributor.store import audit
from distributor.store.audit import AuditEntry
from distributor.store.database import Connection, Database
from distributor.store.deliveries import deliveries_of, find_deliveries
from distributor.store.forgetting import (
    Masks,
    addresses_of,
    deep,
    forget_copies,
    forget_everywhere,
    forget_name,
    masking,
)
from distributor.store.records import DeliveryRecord, Frozen
from distributor.words import words

#: What an audit entry about a person's own copy says of them in their own words.
_SAID = ("remark", "reason", "for", "text", "member")


class SeveralPeople(BadInput):
    """The name stands for several people."""

    code = "ambiguous"


class UnderWay(Refused):
    """A copy of theirs has not come to its end."""

    code = "under_way"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a wish is about. `shared`: copies that others get at the same address, where only the name is theirs."""

    names: tuple[str, ...]
    addresses: tuple[tuple[str, str], ...]
    copies: tuple[DeliveryRecord, ...]
    shared: tuple[DeliveryRecord, ...]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What forgetting came to. `elsewhere`: rows that were not about a copy of theirs and named them."""

    pseudonym: str
    copies: int
    elsewhere: int
    audit_entries: int


def find_person(conn: Connection, wanted: str) -> Person:
    """Everything that the record has of a name or an address.

    Raises `BadInput` for nobody, `SeveralPeople` when the name is that of several, and `UnderWay`.
    """
    by_address = "@" in wanted
    named = [one for one in find_deliveries(conn, wanted) if _is_meant(one, wanted)]
    if not named:
        raise BadInput(
            words("Nobody called {who} was ever on a finalised list here.", who=wanted),
            do=words("Give the name or the address as the bulletin's list had it; `distributor why` looks, too."),
        )
    if not by_address:
        _require_one(named, wanted)
    found = {one.id: one for key in {one.key for one in named} for one in find_deliveries(conn, key) if one.key == key}
    found |= {one.id: one for one in named}
    shared = tuple(one for one in found.values() if not by_address and len(one.people) > 1)
    own = tuple(one for one in found.values() if one not in shared)
    _require_settled(found.values())
    names = {name for one in own for name in (one.name, *one.people)} | (set() if by_address else {wanted})
    addresses = addresses_of(conn, {one.key for one in own}) | {(one.channel, same(one.address)) for one in own}
    return Person(tuple(sorted(names)), tuple(sorted(addresses)), own, shared)


def forget(database: Database, key: TokenKey, wanted: str, *, actor: str, now: dt.datetime) -> Forgotten:
    """Forgets a person in one transaction. Raises what `find_person` raises, and changes nothing then."""
    with database.write() as conn:
        person = find_person(conn, wanted)
        masks = masks_of(conn, key, person)
        forget_copies(conn, [one.id for one in person.copies], {one.key for one in person.copies}, masks)
        forget_name(conn, [one.id for one in person.shared], person.names, masks)
        elsewhere = forget_everywhere(conn, masks)
        subject = f"person:{masks.name}"
        own = {f"delivery:{one.id}" for one in person.copies}

        def change(entry: AuditEntry) -> AuditEntry | None:
            return _redacted(entry, masks, own)

        entries = audit.redact(conn, change, subject=subject, actor=actor, now=now)
        details = {"copies": len(person.copies) + len(person.shared), "elsewhere": elsewhere, "entries": entries}
        audit.append(conn, "person.forgotten", subject, details, actor, now)
    return Forgotten(masks.name, len(person.copies) + len(person.shared), elsewhere, entries)


def masks_of(conn: Connection, key: TokenKey, person: Person) -> Masks:
    """The pseudonyms of a person, and what they replace. A name that others have stays where they may be meant."""
    first = person.addresses[0] if person.addresses else ("name", person.names[0])
    mark = _mark(key, *first)
    name = f"已遗忘-{mark}"
    ours = {one.id for one in (*person.copies, *person.shared)}
    alone = [one for one in person.names if not _is_anothers(conn, one, ours)]
    addresses = {one: _address(key, *one) for one in person.addresses}
    # What is no mail address may be a common word; it stands in columns of its own, which the copies' rows cover.
    pairs = {address: new for (_, address), new in addresses.items() if "@" in address} | dict.fromkeys(alone, name)
    hints = {same(old) for old in pairs} | {_escaped(old) for old in pairs}
    octets = tuple(old.encode() for old in pairs)
    return Masks(name, mark, addresses, masking(pairs), tuple(sorted(hints)), octets)


def without_forgotten(conn: Connection, frozen: Frozen, bulletin_id: int, key: TokenKey) -> Frozen:
    """What is frozen again without those who had their copy before they were forgotten: nobody gets a second one."""
    known = {one.address for one in deliveries_of(conn, bulletin_id) if is_forgotten(one.address)}
    if not known:
        return frozen

    def is_new(one: Recipient) -> bool:
        return _address(key, one.channel, same(one.address)) not in known

    letters = (
        dataclasses.replace(
            letter,
            recipients=tuple(one for one in letter.recipients if is_new(one)),
            reserves=tuple(one for one in letter.reserves if is_new(one.recipient)),
        )
        for letter in frozen.letters
    )
    return dataclasses.replace(frozen, letters=tuple(letters))


def _address(key: TokenKey, channel: str, address: str) -> str:
    return f"{_mark(key, channel, address)}{FORGOTTEN}"


def _mark(key: TokenKey, channel: str, address: str) -> str:
    return key.token(Purpose.FORGOTTEN, f"{channel}|{address}")[:12]


def _escaped(text: str) -> str:
    """As JSON writes it in ASCII, in lower case."""
    return text.encode("ascii", "backslashreplace").decode().lower()


def _is_anothers(conn: Connection, name: str, ours: set[str]) -> bool:
    return any(one.id not in ours and name in (one.name, *one.people) for one in find_deliveries(conn, name))


def _is_meant(one: DeliveryRecord, wanted: str) -> bool:
    return wanted in (one.name, one.key, *one.people) or same(one.address) == same(wanted)


def _require_one(named: Sequence[DeliveryRecord], wanted: str) -> None:
    people = {(one.unit, one.key): one for one in named}
    if len({one.unit for one in named}) > 1 and len({one.key for one in named}) > 1:
        listed = "; ".join(f"{one.unit} {one.name} <{one.address}>" for one in people.values())
        raise SeveralPeople(
            words("{who} can mean several people: {listed}", who=wanted, listed=listed),
            do=words("Give the address of the one who is meant."),
        )


def _require_settled(copies: Iterable[DeliveryRecord]) -> None:
    waiting = [one for one in copies if one.state in UNDER_WAY or one.state is State.UNKNOWN]
    if waiting:
        raise UnderWay(
            words("A copy of theirs is still under way: it is {state}.", state=str(STATES[waiting[0].state])),
            do=words("Wait for it, or settle it with `distributor cancel` or `distributor resolve`, and then forget."),
        )


def _redacted(entry: AuditEntry, masks: Masks, own: set[str]) -> AuditEntry | None:
    details = {name: value for name, value in entry.details.items() if entry.subject not in own or name not in _SAID}
    if entry.subject in own and details.get("name"):
        details["name"] = masks.name
    changed = dataclasses.replace(entry, subject=masks.texts(entry.subject), details=deep(details, masks.texts))
    return None if changed == entry else changed
