"""Closes the attempts that claims opened, with what the carrier said."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, tuple_, update

from distributor.delivery.outcome import Fault, Outcome, Stage, Verdict
from distributor.store.records import Claim
from distributor.store.rows import chunks
from distributor.store.schema import attempt

#: A server's answer is evidence, not a place to store things: longer ones are cut.
LONGEST_REPLY = 2000


def close_attempts(conn: Connection, ended: Sequence[tuple[str, int, Outcome]], *, now: dt.datetime) -> None:
    """Writes outcomes of (delivery id, epoch). It is done even for a lost claim: what was said stays evidence."""
    for part in chunks(ended):
        conn.execute(_CLOSE, [_values(delivery_id, epoch, outcome, now) for delivery_id, epoch, outcome in part])


def drop_attempts(conn: Connection, claims: Sequence[Claim]) -> None:
    """Forgets the attempts of claims that are given back untried."""
    for part in chunks(claims):
        same = tuple_(attempt.c.delivery_id, attempt.c.epoch).in_([(claim.delivery_id, claim.epoch) for claim in part])
        conn.execute(delete(attempt).where(same, attempt.c.ended_at.is_(None)))


def note_account(conn: Connection, claims: Sequence[Claim], account: str) -> None:
    """Notes that the attempts of these claims go by another account than the one they were opened for."""
    for part in chunks(claims):
        same = tuple_(attempt.c.delivery_id, attempt.c.epoch).in_([(claim.delivery_id, claim.epoch) for claim in part])
        conn.execute(update(attempt).where(same).values(account=account))


def letters_out(conn: Connection, delivery_id: str, *, by: dt.datetime) -> int:
    """How many letters of a copy had been handed over, or perhaps, by a time (UTC); more than one after a retry."""
    begun = (attempt.c.delivery_id == delivery_id, attempt.c.started_at <= by)
    left = attempt.c.verdict.in_([Verdict.ACCEPTED, Verdict.UNKNOWN])
    return conn.execute(select(func.count()).select_from(attempt).where(*begun, left)).scalar_one()


def accounts_known(conn: Connection, claims: Sequence[Claim]) -> dict[str, str]:
    """By which account each delivery came to the receiver and was told to come again (greylisting), by its id.

    A receiver that greylists knows the sender's machine and envelope; another account would be a stranger to it.
    """
    known: dict[str, str] = {}
    for part in chunks([claim.delivery_id for claim in claims]):
        ended = (
            select(attempt.c.delivery_id, attempt.c.account, attempt.c.verdict, attempt.c.fault, attempt.c.stage)
            .where(attempt.c.delivery_id.in_(part), attempt.c.ended_at.is_not(None))
            .order_by(attempt.c.delivery_id, attempt.c.epoch)
        )
        last = {row.delivery_id: row for row in conn.execute(ended)}
        known.update({row.delivery_id: row.account for row in last.values() if row.account and _come_again(row)})
    return known


def _come_again(row: Any) -> bool:
    return row.verdict == Verdict.DEFERRED and row.fault in _RECEIVERS and row.stage in _REACHED


#: A temporary refusal of these faults at these stages comes from the receiver's side.
_RECEIVERS = (Fault.RECIPIENT, Fault.NONE)
_REACHED = (Stage.RCPT, Stage.DATA, Stage.BODY, Stage.DOT)


def plain(text: str) -> str:
    """A carrier's text as both engines keep it: no NUL (PostgreSQL refuses it), no lone surrogates, not too long."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_REPLY]


_SAID = ("verdict", "fault", "stage", "code", "enhanced", "text", "reference")

_CLOSE = (
    update(attempt)
    .where(attempt.c.delivery_id == bindparam("b_id"), attempt.c.epoch == bindparam("b_epoch"))
    .values(
        ended_at=bindparam("b_now"),
        **{name: bindparam(f"b_{name}") for name in _SAID},
    )
)


def _values(delivery_id: str, epoch: int, outcome: Outcome, now: dt.datetime) -> dict[str, object]:
    return {
        "b_id": delivery_id,
        "b_epoch": epoch,
        "b_now": now,
        "b_verdict": outcome.verdict,
        "b_fault": outcome.fault,
        "b_stage": outcome.stage,
        "b_code": outcome.reply.code,
        "b_enhanced": plain(outcome.reply.enhanced),
        "b_text": plain(outcome.reply.text),
        "b_reference": plain(outcome.reference),
    }
