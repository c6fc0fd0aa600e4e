"""Freezes a prepared bulletin: its text, every group's letter and every recipient, in one transaction."""

import datetime as dt
from dataclasses import dataclass

from distributor.delivery.state import Fact, states_that_allow
from distributor.dispatch.forgetting import without_forgotten
from distributor.dispatch.intake import Prepared, key_of
from distributor.dispatch.suppression import honour
from distributor.errors import Place, Problem
from distributor.receipts.tokens import Purpose, TokenKey, token_hash
from distributor.recipients.changes import compare
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.bulletins import FreezeResult, find_by_key, latest_of_series, save_frozen
from distributor.store.database import Connection, Database
from distributor.store.deliveries import apply_fact, deliveries_of, recipients_of
from distributor.store.freezing import SUPERSEDED, may_have_left
from distributor.store.records import BulletinRecord
from distributor.words import words


@dataclass(frozen=True, slots=True)
class Finalised:
    """What finalising did. `again`: the same text was frozen before and the recipients were brought up to date."""

    record: BulletinRecord
    result: FreezeResult
    again: bool


def finalise(
    database: Database,
    prepared: Prepared,
    settings: Settings,
    key: TokenKey,
    *,
    now: dt.datetime,
    actor: str,
    correction: bool = False,
) -> Finalised:
    """Freezes a bulletin that has no errors (the caller has asked `signoff`).

    The same text again brings the recipients up to date. Another text under a number of which
    nothing has left yet replaces it; once something has left, only `correction` (勘误) makes a new
    edition, and unsent copies of the old one are cancelled. Raises `AlreadySent` otherwise.
    """
    with database.write() as conn:
        return freeze(conn, prepared, settings, key, now=now, actor=actor, correction=correction)


def freeze(
    conn: Connection,
    prepared: Prepared,
    settings: Settings,
    key: TokenKey,
    *,
    now: dt.datetime,
    actor: str,
    correction: bool = False,
) -> Finalised:
    """What `finalise` does, in the caller's write transaction."""
    today = now.astimezone(settings.zone).date()
    editions = find_by_key(conn, key_of(prepared.bulletin, today=today))
    latest = editions[-1] if editions else None
    again = latest is not None and latest.digest == prepared.reading.digest
    edition = latest.edition if latest else 1
    if latest and not again and correction and may_have_left(conn, latest.id):
        _supersede(conn, latest, now=now)
        edition += 1
    frozen = prepared.frozen(today=today, edition=edition)
    if latest and latest.edition == edition:
        frozen = without_forgotten(conn, frozen, latest.id, key)
    record, result = save_frozen(
        conn,
        frozen,
        now=now,
        token_hashes=lambda delivery_id: (
            token_hash(key.token(Purpose.ENVELOPE, delivery_id)),
            token_hash(key.token(Purpose.LINK, delivery_id)),
        ),
    )
    honour(conn, record.id, prepared.loaded.directory, now=now, actor=actor)
    _book(conn, record, result, now=now, actor=actor)
    return Finalised(record, result, again)


def losses(conn: Connection, prepared: Prepared, *, today: dt.date) -> tuple[Problem, ...]:
    """A warning when many recipients of the last freeze, or of the last number, are gone.

    That is what a directory cut short at a line end looks like: still valid, and silently smaller.
    """
    key = key_of(prepared.bulletin, today=today)
    editions = find_by_key(conn, key)
    before = editions[-1] if editions else latest_of_series(conn, key)
    if before is None:
        return ()
    changes = compare(recipients_of(conn, before.id), prepared.resolved.recipients)
    if not changes.alarming:
        return ()
    return (
        Problem(
            Place(prepared.loaded.directory.file),
            "recipients_lost",
            words(
                "Recipients of {label} who are not on the list any more: {count}.",
                count=len(changes.removed),
                label=before.title,
            ),
            words("Check that the file is whole; if they are meant to be gone, go on."),
            grade="warning",
        ),
    )


def _supersede(conn: Connection, record: BulletinRecord, *, now: dt.datetime) -> None:
    """Withdraws what has not left of an edition that another one replaces."""
    unsent = states_that_allow(Fact.CANCEL)
    for delivery in deliveries_of(conn, record.id):
        if delivery.state in unsent:
            apply_fact(conn, delivery.id, Fact.CANCEL, reason=SUPERSEDED, now=now)


def _book(conn: Connection, record: BulletinRecord, result: FreezeResult, *, now: dt.datetime, actor: str) -> None:
    audit.append(
        conn,
        action="bulletin.finalised",
        subject=f"bulletin:{record.id}",
        details={
            "title": record.title,
            "edition": record.edition,
            "digest": record.digest,
            "recipients": record.directory_digest,
            "added": result.added,
            "cancelled": result.cancelled,
        },
        actor=actor,
        now=now,
    )
