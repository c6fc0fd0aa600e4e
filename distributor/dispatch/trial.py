"""Letters that count nowhere: a test to one address, and a rehearsal that hands nothing over."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.channels.base import Channel, OpenFailed
from distributor.channels.recording import RecordingChannel
from distributor.delivery.outcome import Outcome
from distributor.dispatch.letters import Letters
from distributor.rendering.rendition import Rendition
from distributor.store import audit
from distributor.store.database import Database
from distributor.store.records import Claim, DeliveryRecord


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of one test letter."""

    rendition: Rendition
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a send would hand over: how many letters, and their sizes in bytes."""

    count: int
    largest: int
    total: int


async def send_trials(
    database: Database,
    letters: Letters,
    renditions: Sequence[Rendition],
    line: Channel,
    *,
    address: str,
    now: dt.datetime,
    actor: str,
) -> tuple[Trial, ...]:
    """Sends each letter once, marked as a test, to one address. Only the audit log knows of it."""
    trials = []
    try:
        for rendition in renditions:
            trials.append(Trial(rendition, await _send(line, letters, rendition, address, now)))
            if trials[-1].outcome.stops_the_account:
                break
    finally:
        await line.close()
    with database.write() as conn:
        audit.append(
            conn,
            action="trial.sent",
            subject="trial",
            details={
                "address": address,
                "letters": [[trial.rendition.subject, trial.outcome.verdict] for trial in trials],
            },
            actor=actor,
            now=now,
        )
    return tuple(trials)


async def rehearse(letters: Letters, deliveries: Sequence[DeliveryRecord], *, now: dt.datetime) -> Rehearsal:
    """Makes every letter and gives it to the recording channel. Raises `BadInput` for one that cannot be made."""
    sizes = []
    for delivery in deliveries:
        channel = RecordingChannel()
        await channel.open()
        await channel.send(letters.message(_as_claim(delivery, now)), _always)
        sizes += [len(message.body) for message in channel.messages]
        await channel.close()
    return Rehearsal(len(sizes), max(sizes, default=0), sum(sizes))


async def _send(line: Channel, letters: Letters, rendition: Rendition, address: str, now: dt.datetime) -> Outcome:
    try:
        await line.open()
        return await line.send(letters.trial(rendition, address, now=now), _always)
    except OpenFailed as failed:
        return failed.outcome


async def _always() -> bool:
    return True


def _as_claim(delivery: DeliveryRecord, now: dt.datetime) -> Claim:
    return Claim(
        delivery_id=delivery.id,
        epoch=0,
        dispatch_id=delivery.dispatch_id,
        bulletin_id=delivery.bulletin_id,
        channel=delivery.channel,
        address=delivery.address,
        name=delivery.name,
        unit=delivery.unit,
        role=delivery.role,
        attempts=delivery.attempts,
        released_at=now,
        valid_until=now,
    )
