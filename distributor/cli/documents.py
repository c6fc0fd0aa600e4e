"""The machine-readable answers. Their keys are part of the contract and never translated."""

from collections.abc import Sequence

from distributor.cli.article_documents import article_document
from distributor.cli.problem_documents import Document
from distributor.cli.receipt_documents import receipt_document, step_document
from distributor.delivery.evidence import evidence_of, ladder
from distributor.reports.persons import Person, persons
from distributor.reports.progress import Standing
from distributor.store.receipt_records import Receipt, signs_of
from distributor.store.records import AttemptRecord, Books, BulletinRecord, DeliveryRecord, DispatchRecord


def bulletin_document(record: BulletinRecord) -> Document:
    """A finalised bulletin."""
    return {
        "id": record.id,
        "title": record.title,
        "number": record.key.number,
        "kind": record.key.kind,
        "year": record.key.year,
        "edition": record.edition,
        "digest": record.digest,
        "recipients_digest": record.directory_digest,
        "finalised_at": record.finalised_at.isoformat(),
        "released_at": record.released_at.isoformat() if record.released_at else None,
        "valid_until": record.valid_until.isoformat() if record.valid_until else None,
        "send_at": record.send_rule or None,
    }


def books_document(books: Books) -> Document:
    """The count of the copies, by state."""
    return {
        "planned": books.planned,
        "by_state": {state.value: count for state, count in sorted(books.by_state.items())},
        "open": books.open,
        "unknown": books.unknown,
        "balanced": books.balanced,
        "finished": books.finished,
    }


def dispatch_document(dispatch: DispatchRecord, books: Books) -> Document:
    """One group's letter."""
    return {
        "group": dispatch.group,
        "direction": dispatch.direction,
        "channel": dispatch.channel,
        "hold": dispatch.hold,
        "books": books_document(books),
    }


def delivery_document(delivery: DeliveryRecord, receipts: Sequence[Receipt] = ()) -> Document:
    """One copy: who, which group and channel, where it stands, every attempt, and the evidence."""
    signs = signs_of(receipts)
    at = delivery.next_attempt_at
    return {
        "id": delivery.id,
        "recipient": delivery.key,
        "name": delivery.name,
        "unit": delivery.unit,
        "role": delivery.role,
        "people": list(delivery.people),
        "group": delivery.group,
        "credited": list(delivery.credited),
        "direction": delivery.direction,
        "channel": delivery.channel,
        "address": delivery.address,
        "state": delivery.state.value,
        "reason": delivery.reason or None,
        "next_attempt_at": at.isoformat() if at else None,
        "changed_at": delivery.changed_at.isoformat(),
        "attempts": [attempt_document(attempt) for attempt in delivery.history],
        "evidence": evidence_of(delivery.state, delivery.reason, (sign.kind for sign in signs)).value,
        "ladder": [step_document(step) for step in ladder(signs)],
        "receipts": [receipt_document(receipt) for receipt in receipts],
    }


def recipient_document(person: Person, standing: Standing) -> Document:
    """One person once: what is known on all channels together, and where the copy on each channel stands."""
    copy = person.copy
    return {
        "recipient": copy.key,
        "name": copy.name,
        "unit": copy.unit,
        "role": copy.role,
        "people": list(copy.people),
        "group": copy.group,
        "direction": copy.direction,
        "evidence": person.rung.value,
        "ladder": [step_document(step) for step in person.steps],
        "channels": [_channel_document(one, standing.receipts.get(one.id, ())) for one in person.copies],
    }


def _channel_document(copy: DeliveryRecord, receipts: Sequence[Receipt]) -> Document:
    kinds = (sign.kind for sign in signs_of(receipts))
    return {
        "channel": copy.channel,
        "address": copy.address,
        "delivery": copy.id,
        "state": copy.state.value,
        "reason": copy.reason or None,
        "evidence": evidence_of(copy.state, copy.reason, kinds).value,
    }


def attempt_document(attempt: AttemptRecord) -> Document:
    """One try and the reply it got."""
    return {
        "number": attempt.number,
        "started_at": attempt.started_at.isoformat(),
        "ended_at": attempt.ended_at.isoformat() if attempt.ended_at else None,
        "account": attempt.account or None,
        "verdict": attempt.verdict or None,
        "fault": attempt.fault or None,
        "stage": attempt.stage or None,
        "reply": {"code": attempt.code, "enhanced": attempt.enhanced, "text": attempt.text},
    }


def status_document(standing: Standing) -> Document:
    """Where a bulletin stands."""
    due = standing.next_due
    return {
        "bulletin": bulletin_document(standing.record),
        "books": books_document(standing.books),
        "next_due": due.isoformat() if due else None,
        "articles": [article_document(article) for article in standing.articles],
        "dispatches": [dispatch_document(dispatch, share) for dispatch, share in standing.dispatches],
        "deliveries": [delivery_document(one, standing.receipts.get(one.id, ())) for one in standing.deliveries],
        "recipients": [recipient_document(one, standing) for one in persons(standing.deliveries, standing.receipts)],
    }
