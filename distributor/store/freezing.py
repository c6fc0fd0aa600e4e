"""Writes what `finalise` freezes: content, renditions, recipients, and one queued row per copy owed.

Freezing the same number again replaces what has not left and never touches what has. Other content
under the same key and edition is refused as soon as one letter may have left: that is a new edition.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, select, update

from distributor.address import same
from distributor.delivery.outcome import Verdict
from distributor.delivery.state import Fact, State, states_that_allow
from distributor.errors import Refused
from distributor.recipients.model import Recipient
from distributor.store.moves import Move, apply_moves
from distributor.store.records import BulletinRecord, FreezeResult, Frozen, Letter
from distributor.store.rows import bulletin_record, bulletins, chunks
from distributor.store.schema import asset, attempt, bulletin, delivery, dispatch, rendition
from distributor.store.turns import FREEZE, take_turn
from distributor.words import words

#: The reason on rows that a later freeze withdrew, as distinct from a person's withdrawal.
SUPERSEDED = "superseded"

#: Called with a new delivery id; returns the SHA-256 (hex) of its envelope token and of its link token.
TokenHashes = Callable[[str], tuple[str, str]]

_CANCELLABLE = states_that_allow(Fact.CANCEL)


class AlreadySent(Refused):
    """The number was frozen with other content, and letters of it have left or may have."""

    code = "already_sent"


@dataclass(slots=True)
class _Changes:
    """What one freeze does to rows."""

    new: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    placed: list[dict[str, Any]] = field(default_factory=list)  # rows of listed people, where they stand now
    again: int = 0
    cancelled: int = 0
    kept: int = 0

    @property
    def result(self) -> FreezeResult:
        return FreezeResult(added=len(self.new) + self.again, cancelled=self.cancelled, kept=self.kept)


def save_frozen(
    conn: Connection, frozen: Frozen, *, now: dt.datetime, token_hashes: TokenHashes | None = None
) -> tuple[BulletinRecord, FreezeResult]:
    """Freezes a bulletin; must run inside one write transaction.

    New rows are queued and not released. Frozen again, the recipients are brought in line: rows of people no longer
    listed are cancelled ("superseded") unless they have left, and come back when they are listed again. Other content
    takes back what was released. Raises `AlreadySent` for other content once anything may have left.
    """
    take_turn(conn, FREEZE)
    present = conn.execute(_same_number(frozen)).first()
    if present is None:
        number = _insert_bulletin(conn, frozen, now)
    else:
        number = present.id
        _replace(conn, present, frozen, now)
    renew = present is not None and present.digest != frozen.digest
    letters = [(letter, _dispatch(conn, number, letter, renew)) for letter in frozen.letters]
    changes = _compare(conn, number, letters, now, token_hashes)
    _write(conn, changes, now)
    _settle_dispatches(conn, number, keep=[dispatch_id for _, dispatch_id in letters])
    row = conn.execute(bulletins().where(bulletin.c.id == number)).one()
    return bulletin_record(row), changes.result


def _same_number(frozen: Frozen) -> Any:
    key = frozen.key
    return bulletins().where(
        bulletin.c.publication == key.title,
        bulletin.c.issuer == key.issuer,
        bulletin.c.year == key.year,
        bulletin.c.kind == key.kind,
        bulletin.c.number == key.number,
        bulletin.c.edition == frozen.edition,
    )


def _content(frozen: Frozen, now: dt.datetime) -> dict[str, Any]:
    return {
        "title": frozen.title,
        "digest": frozen.digest,
        "directory_digest": frozen.directory_digest,
        "file_name": frozen.file_name,
        "finalised_at": now,
    }


def _insert_bulletin(conn: Connection, frozen: Frozen, now: dt.datetime) -> int:
    key = frozen.key
    named = {"publication": key.title, "issuer": key.issuer, "year": key.year, "kind": key.kind, "number": key.number}
    values = {**named, "edition": frozen.edition, **_content(frozen, now)}
    number: int = conn.execute(insert(bulletin).values(values).returning(bulletin.c.id)).scalar_one()
    _insert_assets(conn, number, frozen)
    return number


def _insert_assets(conn: Connection, number: int, frozen: Frozen) -> None:
    files = {"": frozen.source, **frozen.assets}
    conn.execute(
        insert(asset),
        [{"bulletin_id": number, "path": path, "content": content} for path, content in files.items()],
    )


def _replace(conn: Connection, present: Any, frozen: Frozen, now: dt.datetime) -> None:
    """Puts the new content in place of the old, if nothing of the old may have left."""
    number: int = present.id
    ours = bulletin.c.id == number
    if present.digest == frozen.digest:
        conn.execute(update(bulletin).where(ours).values(_content(frozen, present.finalised_at)))
        return
    if may_have_left(conn, number):
        raise AlreadySent(
            words("{title} was already sent with other content.", title=present.title),
            do=words("If the text must change, make a new edition (勘误): `distributor finalise FILE --correction`."),
        )
    conn.execute(delete(asset).where(asset.c.bulletin_id == number))
    _insert_assets(conn, number, frozen)
    # What was released was the old text.
    taken_back = {"released_at": None, "valid_until": None}
    conn.execute(update(bulletin).where(ours).values({**_content(frozen, now), **taken_back}))
    conn.execute(
        update(delivery).where(delivery.c.bulletin_id == number).values({**taken_back, "next_attempt_at": None})
    )


def may_have_left(conn: Connection, number: int) -> bool:
    """Whether any copy of a bulletin was handed over, or may have been."""
    untouched = and_(delivery.c.state.in_([State.QUEUED, State.CANCELLED, State.SUPPRESSED]), delivery.c.attempts == 0)
    ours = select(delivery.c.id).where(delivery.c.bulletin_id == number)
    left = attempt.c.verdict.in_([Verdict.ACCEPTED, Verdict.UNKNOWN])
    moved = conn.execute(select(exists().where(delivery.c.bulletin_id == number, ~untouched))).scalar_one()
    return moved or conn.execute(select(exists().where(attempt.c.delivery_id.in_(ours), left))).scalar_one()


def _dispatch(conn: Connection, number: int, letter: Letter, renew: bool) -> int:
    """The dispatch of a letter, made or brought up to date; `renew` gives it a new id.

    A new id after a change of content means that nobody who remembers the old one can send its rendition.
    """
    digest = hashlib.sha256(letter.rendition.encode()).hexdigest()
    if not conn.execute(select(exists().where(rendition.c.digest == digest))).scalar_one():
        conn.execute(insert(rendition).values(digest=digest, document=letter.rendition))
    values = {"direction": letter.direction, "rendition_digest": digest, "on_unknown": letter.on_unknown}
    named = {"bulletin_id": number, "group_name": letter.group, "channel": letter.channel}
    old: int | None = conn.execute(select(dispatch.c.id).filter_by(**named)).scalar()
    if old is not None and not renew:
        conn.execute(update(dispatch).where(dispatch.c.id == old).values(values))
        return old
    if old is not None:
        conn.execute(update(dispatch).where(dispatch.c.id == old).values(group_name=f"{letter.group}\n(replaced)"))
    new: int = conn.execute(
        insert(dispatch).values({**named, **values, "planned": 0}).returning(dispatch.c.id)
    ).scalar_one()
    if old is not None:
        conn.execute(update(delivery).where(delivery.c.dispatch_id == old).values(dispatch_id=new))
        conn.execute(delete(dispatch).where(dispatch.c.id == old))
    return new


def _compare(
    conn: Connection,
    number: int,
    letters: Sequence[tuple[Letter, int]],
    now: dt.datetime,
    token_hashes: TokenHashes | None,
) -> _Changes:
    rows = conn.execute(select(delivery).where(delivery.c.bulletin_id == number).with_for_update())
    # Another spelling of an address is no second recipient.
    present = {(row.channel, same(row.address)): row for row in rows}
    changes = _Changes()
    for letter, dispatch_id in letters:
        for position, person in enumerate(letter.recipients):
            row = present.pop((person.channel, same(person.address)), None)
            values = {"dispatch_id": dispatch_id, "position": position, **_person(person)}
            if row is None:
                changes.new.append({**_new_row(number, now, token_hashes), **values})
            else:
                _keep(row, values, changes)
    for row in present.values():
        if row.state in _CANCELLABLE:
            changes.moves.append(Move(row.id, Fact.CANCEL, row.epoch, reason=SUPERSEDED))
            changes.cancelled += 1
    return changes


def _keep(row: Any, values: dict[str, Any], changes: _Changes) -> None:
    """A listed person who has a row. A letter that left, or is leaving, stays in the group whose letter it was."""
    if row.state == State.CANCELLED and row.reason == SUPERSEDED:
        changes.moves.append(Move(row.id, Fact.RETRY, row.epoch))
        changes.again += 1
    else:
        changes.kept += 1
    if row.state in (State.QUEUED, State.DEFERRED, State.CANCELLED, State.SUPPRESSED):
        changes.placed.append({"b_id": row.id, **values})


def _new_row(number: int, now: dt.datetime, token_hashes: TokenHashes | None) -> dict[str, Any]:
    delivery_id = uuid.uuid4().hex
    verp_hash, link_hash = token_hashes(delivery_id) if token_hashes else (None, None)
    return {
        "id": delivery_id,
        "bulletin_id": number,
        "state": State.QUEUED,
        "reason": "",
        "epoch": 0,
        "attempts": 0,
        "changed_at": now,
        "verp_hash": verp_hash,
        "link_hash": link_hash,
    }


def _person(person: Recipient) -> dict[str, Any]:
    return {
        "channel": person.channel,
        "address": person.address,
        "key": person.key,
        "name": person.name,
        "unit": person.unit,
        "role": person.role,
        "credited": person.credited,
        "people": person.people,
    }


def _write(conn: Connection, changes: _Changes, now: dt.datetime) -> None:
    apply_moves(conn, changes.moves, now=now)
    for part in chunks(changes.placed):
        conn.execute(update(delivery).where(delivery.c.id == bindparam("b_id")), part)
    back = [move.delivery_id for move in changes.moves if move.fact is Fact.RETRY]
    for ids in chunks(back):  # they wait for a release like new rows
        conn.execute(update(delivery).where(delivery.c.id.in_(ids)).values(released_at=None, valid_until=None))
    for part in chunks(changes.new):
        conn.execute(insert(delivery), part)


def _settle_dispatches(conn: Connection, number: int, keep: Sequence[int]) -> None:
    """Drops letters that nobody is owed or was sent any more, and writes down how many rows each has."""
    rows = select(func.count()).where(delivery.c.dispatch_id == dispatch.c.id).scalar_subquery()
    ours = dispatch.c.bulletin_id == number
    conn.execute(update(dispatch).where(ours).values(planned=rows))
    empty = and_(ours, dispatch.c.planned == 0, dispatch.c.id.not_in(list(keep)))
    conn.execute(delete(dispatch).where(empty))
