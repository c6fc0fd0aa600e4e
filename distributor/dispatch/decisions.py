"""What a person may decide about deliveries: resolve, retry, cancel. Every decision is in the audit log.

A person looks, thinks and says yes while a sender works. So the rows are read again in the transaction that
decides: what still fits is done, what has left in the meantime is counted and left alone.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distributor.delivery.decision import Decision, decision_of, reason_of
from distributor.delivery.state import Fact, State, states_that_allow
from distributor.dispatch.holds import give_hours, lift
from distributor.dispatch.locate import require_latest
from distributor.dispatch.plan import Selection
from distributor.errors import BadInput
from distributor.store import audit
from distributor.store.called_off import call_again, call_off
from distributor.store.copies import lock_copies
from distributor.store.database import Connection, Database
from distributor.store.deliveries import NotPossible, apply_fact, deliveries_of
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord, DeliveryRecord, DispatchRecord
from distributor.store.suppressed import stop_copies
from distributor.words import words

_FACTS = {
    Decision.ARRIVED: Fact.ACCEPT,
    Decision.RESEND: Fact.RESEND,
    Decision.LOST: Fact.REJECT,
    Decision.RETRY: Fact.RETRY,
    Decision.CANCEL: Fact.CANCEL,
}

_RESOLVES = frozenset({Decision.ARRIVED, Decision.RESEND, Decision.LOST})
_QUEUES_AGAIN = frozenset({Decision.RESEND, Decision.RETRY})
_LEFT = frozenset({State.SENDING, State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Meant:
    """What a decision is about as the rows stand: the copies meant, those it can move, the held letters it frees."""

    copies: tuple[DeliveryRecord, ...]
    movable: tuple[DeliveryRecord, ...]
    held: tuple[DispatchRecord, ...]

    @property
    def left(self) -> int:
        """How many copies meant had left already, or may have."""
        return sum(one.state in _LEFT for one in self.copies)


@dataclass(frozen=True, slots=True)
class Step:
    """One copy before and after a decision."""

    before: DeliveryRecord
    after: DeliveryRecord


@dataclass(frozen=True, slots=True)
class Decided:
    """What a decision came to. `left` counts the copies meant that had left already, or may have."""

    moved: tuple[Step, ...]
    left: int
    holds_lifted: int


class Ambiguous(BadInput):
    """A name stands for several recipients, and a word about one of them must not be taken for all."""

    code = "ambiguous"


def meant(conn: Connection, decision: Decision, record: BulletinRecord, selection: Selection) -> Meant:
    """Works out what a decision is about; changes nothing.

    Raises `BadInput` for a group or a person that is not there, `Ambiguous` when `resolve` fits several recipients,
    and `OlderEdition` when a copy of an edition that has been corrected would be sent.
    """
    if decision in _QUEUES_AGAIN:
        require_latest(conn, record)
    deliveries = deliveries_of(conn, record.id)
    selection.require_known(deliveries)
    copies = tuple(delivery for delivery in deliveries if selection.covers(delivery))
    movable = tuple(one for one in copies if applies(decision, one, named=selection.names_people))
    if decision in _RESOLVES:
        movable = _the_one(movable, selection)
    letters = {one.dispatch_id for one in copies} if decision is Decision.RETRY else set()
    held = tuple(one for one in dispatches_of(conn, record.id) if one.hold and one.id in letters)
    return Meant(copies, movable, held)


def applies(decision: Decision, delivery: DeliveryRecord, *, named: bool) -> bool:
    """Whether a decision can move a delivery from where it stands; `named`: the person was named."""
    if decision in (Decision.ARRIVED, Decision.LOST):
        return delivery.state is State.UNKNOWN
    if delivery.state not in states_that_allow(_FACTS[decision]):
        return False
    return decision is not Decision.RETRY or _may_be_retried(delivery, named=named)


def _may_be_retried(delivery: DeliveryRecord, *, named: bool) -> bool:
    if not delivery.listed:
        return False
    if delivery.state is State.QUEUED:
        return delivery.next_attempt_at is not None  # only `send` lets a copy go for the first time
    # Somebody, or the address itself, has said no to these; only naming the person takes that back.
    said_no = delivery.state in (State.CANCELLED, State.SUPPRESSED) or decision_of(delivery.reason) is Decision.LOST
    return named or not said_no


def decide(
    database: Database,
    decision: Decision,
    record: BulletinRecord,
    selection: Selection,
    *,
    now: dt.datetime,
    hour: Callable[[dt.datetime], dt.datetime],
    valid_for: dt.timedelta,
    actor: str,
) -> Decided:
    """Applies a decision to the copies it `applies` to by now, in one transaction, with an audit entry for each.

    Of a cancelled bulletin, copies that have left are called off: what comes back is not tried again, and no other
    channel follows.
    What is queued again stays valid for `valid_for`; letters set free that have no hour yet get theirs from `hour`.
    Raises what `meant` and `hour` raise, and changes nothing then.
    """
    with database.write() as conn:
        lock_copies(conn, record.id)  # what an outcome says meanwhile is seen here, or sees this
        present = meant(conn, decision, record, selection)
        lift(conn, present.held, now=now, actor=actor)
        give_hours(conn, record, present.held, hour, now=now, valid_for=valid_for)
        moved = [
            one
            for one in (*present.movable, *_freed(conn, record, present))
            if _apply(conn, decision, one, now=now, valid_until=now + valid_for, actor=actor)
        ]
        if decision is Decision.CANCEL:
            call_off(conn, [one.id for one in present.copies if one.state in _LEFT])
        if decision is Decision.RETRY and not selection.names_people:  # a word about all means nobody's dead address
            stop_copies(conn, bulletin_id=record.id, now=now)
        after = {one.id: one for one in deliveries_of(conn, record.id)}
    steps = tuple(Step(one, after[one.id]) for one in moved)
    still = {one.id for one in present.copies} - {one.id for one in moved}
    return Decided(steps, sum(after[delivery_id].state in _LEFT for delivery_id in still), len(present.held))


def _freed(conn: Connection, record: BulletinRecord, present: Meant) -> list[DeliveryRecord]:
    """Copies of the letters set free that do not go by themselves: the letter itself was refused to them."""
    freed = {one.id for one in present.held}
    known = {one.id for one in present.movable}
    return [
        one
        for one in deliveries_of(conn, record.id)
        if one.dispatch_id in freed and one.id not in known and one.listed and one.is_put_aside
    ]


def _apply(
    conn: Connection,
    decision: Decision,
    delivery: DeliveryRecord,
    *,
    now: dt.datetime,
    valid_until: dt.datetime,
    actor: str,
) -> bool:
    """Moves one row and books it. False when another process has just moved it out of reach (PostgreSQL)."""
    again = decision in _QUEUES_AGAIN
    try:
        apply_fact(
            conn,
            delivery.id,
            _FACTS[decision],
            reason=reason_of(decision),
            now=now,
            next_attempt_at=now if again else None,
            valid_until=valid_until if again else None,
        )
    except NotPossible:
        return False
    if again:
        call_again(conn, [delivery.id])
    audit.append(
        conn,
        action=f"delivery.{decision}",
        subject=f"delivery:{delivery.id}",
        details={"from": delivery.state, "address": delivery.address},
        actor=actor,
        now=now,
    )
    return True


def _the_one(movable: Sequence[DeliveryRecord], selection: Selection) -> tuple[DeliveryRecord, ...]:
    """The copies of the one recipient that is meant; a recipient's own key goes before names and units."""
    chosen = [one for one in movable if one.key in selection.only] or movable
    people = {one.key: f"{one.key} ({one.unit} {one.name})" for one in chosen}
    if len(people) > 1:
        raise Ambiguous(
            words("{wanted} stands for several recipients.", wanted="、".join(sorted(selection.only))),
            do=words("Name one of them: {names}.", names="; ".join(people.values())),
        )
    return tuple(chosen)
