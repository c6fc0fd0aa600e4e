"""Brings the rows of a bulletin in line with what was frozen: who is listed, whose letter, what was withdrawn.

What becomes of each row is said by `delivery.freeze.fate`; here it is written.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from distributor.address import same
from distributor.delivery.freeze import Fate, fate
from distributor.delivery.outcome import Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact, State
from distributor.recipients.model import Recipient
from distributor.store.moves import Move, apply_moves
from distributor.store.records import FreezeResult, Letter
from distributor.store.rows import chunks
from distributor.store.schema import attempt, delivery

#: Called with a new delivery id; returns the SHA-256 (hex) of its envelope token and of its link token.
TokenHashes = Callable[[str], tuple[str, str]]

#: What the bytes of a letter are made of. A change of it makes an earlier claim worthless.
_PRINTED = ("dispatch_id", "address", "name", "unit", "role")


@dataclass(slots=True)
class _Changes:
    """What one freeze does to rows."""

    new: list[dict[str, Any]] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    placed: list[dict[str, Any]] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    cancelled: int = 0
    kept: int = 0
    withdrawn: int = 0


def lock_copies(conn: Connection, bulletin_id: int) -> Sequence[Row[Any]]:
    """The rows of a bulletin as they stand when nobody else is writing them, and nobody will until the commit."""
    rows = select(delivery).where(delivery.c.bulletin_id == bulletin_id).order_by(delivery.c.id).with_for_update()
    return conn.execute(rows).all()


def bring_in_line(
    conn: Connection,
    bulletin_id: int,
    rows: Sequence[Row[Any]],
    letters: Sequence[tuple[Letter, int]],
    *,
    renewed: bool,
    now: dt.datetime,
    token_hashes: TokenHashes | None,
) -> FreezeResult:
    """Writes the rows of everybody in `letters`, each with its dispatch id, and withdraws those of all others.

    `rows` are the locked ones of `lock_copies`. `renewed`: the text is another one.
    """
    left = _ever_left(conn, bulletin_id)
    # Another spelling of an address is no second recipient.
    present = {(row.channel, same(row.address)): row for row in rows}
    changes = _Changes()
    for letter, dispatch_id in letters:
        for position, person in enumerate(letter.recipients):
            row = present.pop((person.channel, same(person.address)), None)
            values = {"dispatch_id": dispatch_id, "position": position, **_person(person)}
            if row is None:
                changes.new.append({**_new_row(bulletin_id, now, token_hashes), **values})
            else:
                _listed(row, values, changes, ever_left=row.id in left, renewed=renewed)
        for position, found in enumerate(letter.reserves):
            one = found.recipient
            if row := present.pop((one.channel, same(one.address)), None):  # took over already
                values = {"dispatch_id": dispatch_id, "position": position, **_person(one)}
                _listed(row, values, changes, ever_left=row.id in left, renewed=renewed)
    for row in present.values():
        _unlisted(row, changes)
    _write(conn, changes, now)
    return FreezeResult(
        added=len(changes.new) + len(changes.again),
        cancelled=changes.cancelled,
        kept=changes.kept,
        withdrawn=changes.withdrawn,
        replaced=renewed,
    )


def _ever_left(conn: Connection, bulletin_id: int) -> set[str]:
    """The rows of which an attempt was taken by the next hop, or may have been."""
    query = (
        select(attempt.c.delivery_id)
        .join(delivery)
        .where(delivery.c.bulletin_id == bulletin_id, attempt.c.verdict.in_([Verdict.ACCEPTED, Verdict.UNKNOWN]))
    )
    return set(conn.execute(query).scalars())


def _listed(row: Row[Any], values: dict[str, Any], changes: _Changes, *, ever_left: bool, renewed: bool) -> None:
    """A listed person who has a row."""
    state = State(row.state)
    what = fate(
        state,
        ever_left=ever_left,
        listed=True,
        content_changed=renewed,
        withdrawn_by_person=row.reason != Reason.SUPERSEDED,
    )
    if what is Fate.REQUEUE:
        changes.again.append(row.id)
    elif state is State.CANCELLED:
        changes.withdrawn += 1
    else:
        changes.kept += 1
    if what is Fate.KEEP:
        if not row.listed:
            changes.listed.append(row.id)
        return
    stale = what is Fate.REQUEUE or any(getattr(row, name) != values[name] for name in _PRINTED)
    # Who never had a claim has none to be fenced, and still counts as never claimed.
    epoch = row.epoch + 1 if stale and row.epoch else row.epoch
    # A refusal spoke of the letter as it was.
    anew = stale and (state is State.CLAIMED or what is Fate.REQUEUE or row.reason == Reason.CONTENT)
    reason = "" if anew else row.reason
    changes.placed.append({"b_id": row.id, **values, "listed": True, "epoch": epoch, "reason": reason})
    if stale and state is State.CLAIMED:
        changes.moves.append(Move(row.id, Fact.RELEASE, row.epoch))
    elif what is Fate.REQUEUE:
        changes.moves.append(Move(row.id, Fact.RETRY, row.epoch))


def _unlisted(row: Row[Any], changes: _Changes) -> None:
    what = fate(State(row.state), ever_left=False, listed=False, content_changed=False)
    if what is Fate.WITHDRAW:
        changes.moves.append(Move(row.id, Fact.CANCEL, row.epoch, reason=Reason.SUPERSEDED))
        changes.cancelled += 1
    if row.listed:
        changes.unlisted.append(row.id)


def new_copy(token_hashes: TokenHashes | None) -> tuple[str, str | None, str | None]:
    """The id of a new delivery, and the hashes of its tokens."""
    delivery_id = uuid.uuid4().hex
    return (delivery_id, *(token_hashes(delivery_id) if token_hashes else (None, None)))


def _new_row(bulletin_id: int, now: dt.datetime, token_hashes: TokenHashes | None) -> dict[str, Any]:
    delivery_id, verp_hash, link_hash = new_copy(token_hashes)
    return {
        "id": delivery_id,
        "bulletin_id": bulletin_id,
        "listed": True,
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
    # For a release, like new rows.
    waiting = {"released_at": None, "valid_until": None, "next_attempt_at": None, "called_off": False}
    marks = ((changes.again, waiting), (changes.listed, {"listed": True}), (changes.unlisted, {"listed": False}))
    for ids, values in marks:
        for named in chunks(ids):
            conn.execute(update(delivery).where(delivery.c.id.in_(named)).values(values))
    for part in chunks(changes.new):
        conn.execute(insert(delivery), part)
