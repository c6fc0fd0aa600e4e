"""Writes what attempts came to: the row, the attempt, the hold on the letter, the offered suppression."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from distributor.delivery.decision import Decision, reason_of
from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Outcome
from distributor.delivery.state import CLAIMABLE, Fact, State
from distributor.store.attempts import close_attempts
from distributor.store.called_off import called_off
from distributor.store.dispatches import hold_refused
from distributor.store.moves import Move, apply_moves
from distributor.store.suppressions import offer


@dataclass(frozen=True, slots=True)
class Recorded:
    """One outcome to be written, with all it needs: it may have to survive in the journal. `at` is UTC."""

    delivery_id: str
    epoch: int
    dispatch_id: int
    channel: str
    address: str
    judgement: Judgement
    outcome: Outcome
    at: dt.datetime


def move_of(recorded: Recorded, *, again: bool = False) -> Move:
    """The move of the row that an outcome asks for."""
    judgement = recorded.judgement
    return Move(
        recorded.delivery_id,
        judgement.fact,
        recorded.epoch,
        reason=judgement.reason,
        charged=judgement.charged,
        next_attempt_at=judgement.next_attempt_at,
        again=again,
    )


def write_outcomes(
    conn: Connection, outcomes: Sequence[Recorded], *, now: dt.datetime, again: bool = False
) -> list[State | None]:
    """Moves the rows and writes everything that follows; None stands for a claim that was lost."""
    states = apply_moves(conn, [move_of(recorded, again=again) for recorded in outcomes], now=now)
    write_consequences(conn, outcomes, states, now=now)
    return states


def write_consequences(
    conn: Connection, outcomes: Sequence[Recorded], states: Sequence[State | None], *, now: dt.datetime
) -> None:
    """Closes the attempts; holds and suppressions follow only where the row was moved, and what was called off ends."""
    close_attempts(conn, [(each.delivery_id, each.epoch, each.outcome) for each in outcomes], now=now)
    back = [each.delivery_id for each, state in zip(outcomes, states, strict=True) if state in CLAIMABLE]
    apply_moves(conn, [_cancel(delivery_id) for delivery_id in called_off(conn, back)], now=now)
    for each, state in zip(outcomes, states, strict=True):
        if state is None:
            continue
        if each.judgement.hold:
            hold_refused(conn, each.dispatch_id, each.judgement.hold, each.judgement.reason)
        if each.judgement.suppress:
            reason = str(each.outcome.reply)
            offer(conn, each.channel, each.address, reason=reason, source=each.delivery_id, now=now)


def _cancel(delivery_id: str) -> Move:
    return Move(delivery_id, Fact.CANCEL, None, reason=reason_of(Decision.CANCEL))
