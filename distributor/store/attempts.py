"""Closes the attempts that claims opened, with what the carrier said."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, tuple_, update

from distributor.delivery.outcome import Outcome
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


def plain(text: str) -> str:
    """A carrier's text as both engines keep it: no NUL (PostgreSQL refuses it), no lone surrogates, not too long."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_REPLY]


_CLOSE = (
    update(attempt)
    .where(attempt.c.delivery_id == bindparam("b_id"), attempt.c.epoch == bindparam("b_epoch"))
    .values(
        ended_at=bindparam("b_now"),
        **{name: bindparam(f"b_{name}") for name in ("verdict", "fault", "stage", "code", "enhanced", "text")},
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
    }
