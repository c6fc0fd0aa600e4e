"""Freezes a prepared bulletin: its text, every group's letter and every recipient, in one transaction."""

import datetime as dt
from dataclasses import dataclass

from distributor.delivery.state import CLAIMABLE, Fact, State
from distributor.dispatch.intake import Prepared, key_of
from distributor.errors import Place, Refused
from distributor.rendering.email import issue_title
from distributor.settings import Settings
from distributor.store import audit
from distributor.store.bulletins import FreezeResult, find_by_key, save_frozen
from distributor.store.database import Connection, Database
from distributor.store.deliveries import apply_fact, deliveries_of
from distributor.store.records import BulletinRecord
from distributor.words import words


@dataclass(frozen=True, slots=True)
class Finalised:
    """What finalising did. `again`: the same text was frozen before and the recipients were brought up to date."""

    record: BulletinRecord
    result: FreezeResult
    again: bool


class ContentChanged(Refused):
    """The number has gone out with another text."""

    code = "content_changed"


def finalise(
    database: Database,
    prepared: Prepared,
    settings: Settings,
    *,
    now: dt.datetime,
    actor: str,
    correction: bool = False,
) -> Finalised:
    """Freezes a bulletin that has no errors (the caller has asked `signoff`).

    The same text again brings the recipients up to date. Another text under a number of which
    nothing has left yet replaces it; once something has left, only `correction` (勘误) makes a new
    edition, and unsent copies of the old one are cancelled. Raises `ContentChanged` otherwise.
    """
    today = now.astimezone(settings.zone).date()
    with database.write() as conn:
        editions = find_by_key(conn, key_of(prepared.bulletin, today=today))
        latest = editions[-1] if editions else None
        again = latest is not None and latest.digest == prepared.reading.digest
        edition = latest.edition if latest else 1
        if latest and not again and _has_left(conn, latest):
            if not correction:
                raise _content_changed(prepared, latest, settings)
            _supersede(conn, latest, now=now)
            edition += 1
        record, result = save_frozen(conn, prepared.frozen(today=today, edition=edition), now=now)
        audit.append(
            conn,
            action="bulletin.finalised",
            subject=f"bulletin:{record.id}",
            details={
                "title": record.title,
                "edition": record.edition,
                "digest": record.digest,
                "recipients": prepared.directory_digest,
                "added": result.added,
                "cancelled": result.cancelled,
            },
            actor=actor,
            now=now,
        )
    return Finalised(record, result, again)


def _has_left(conn: Connection, record: BulletinRecord) -> bool:
    """Whether any copy was ever handed over or may have been."""
    unsent = CLAIMABLE | {State.CANCELLED, State.SUPPRESSED}
    return any(d.attempts or d.history or d.state not in unsent for d in deliveries_of(conn, record.id, history=True))


def _supersede(conn: Connection, record: BulletinRecord, *, now: dt.datetime) -> None:
    for delivery in deliveries_of(conn, record.id):
        if delivery.state in CLAIMABLE:
            apply_fact(conn, delivery.id, Fact.CANCEL, reason="superseded", now=now)


def _content_changed(prepared: Prepared, latest: BulletinRecord, settings: Settings) -> ContentChanged:
    when = latest.finalised_at.astimezone(settings.zone)
    return ContentChanged(
        words(
            "{label} was finalised on {when} with another text, and copies of it have already gone out.",
            label=issue_title(prepared.bulletin),
            when=f"{when:%Y-%m-%d %H:%M}",
        ),
        do=words("If this is a correction (勘误), finalise it with --correction; if not, give it its own number."),
        place=Place(str(prepared.path)),
    )
