"""One copy on the office's pages, the list of all copies, one letter, and the receipts that need a person."""

from collections.abc import Mapping

from distributor.delivery.decision import Decision
from distributor.delivery.evidence import ladder
from distributor.dispatch.decisions import applies
from distributor.errors import BadInput
from distributor.reports.evidence_words import GRADES, RUNGS
from distributor.reports.story import attempt_words, reason_words, story
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.deliveries import deliveries_of, get_delivery
from distributor.store.dispatches import dispatches_of, get_dispatch
from distributor.store.receipt_records import Receipt, evidence_for, receipts_of, receipts_to_look_at, signs_of
from distributor.store.records import DeliveryRecord, DispatchRecord
from distributor.web.office_bulletin import copy_row, letter_row
from distributor.web.office_frame import Frame, without_tokens
from distributor.web.office_words import DETAILS, KINDS, SOURCES, what_to_do
from distributor.words import words

#: Copies on one page.
PAGE = 100


def copy_values(conn: Connection, delivery_id: str, frame: Frame) -> Mapping[str, object]:
    """The story of one copy. Raises `BadInput` when there is none of this id."""
    copy = get_delivery(conn, delivery_id)
    record = get_bulletin(conn, copy.bulletin_id)
    dispatch = get_dispatch(conn, copy.dispatch_id)
    receipts = receipts_of(conn, [copy.id]).get(copy.id, ())
    return {
        "heading": words("{unit} {name}", unit=copy.unit, name="、".join(copy.people) or copy.name),
        "record": record,
        "copy": copy_row(copy),
        "position": copy.role or "",
        "lines": story(copy),
        "attempts": [
            {"at": frame.local(attempt.started_at), "account": attempt.account, "what": _clean(attempt_words(attempt))}
            for attempt in copy.history
        ],
        "reason": _clean(reason_words(copy)),
        "changed": frame.local(copy.changed_at),
        "due": frame.local(copy.next_attempt_at),
        "advice": what_to_do(copy, hold=dispatch.hold if dispatch else None),
        "rung": RUNGS[evidence_for(conn, copy.id)],
        "steps": [
            {
                "rung": RUNGS[step.rung],
                "grade": GRADES[step.grade],
                "at": frame.local(step.first_at),
                "count": step.count,
            }
            for step in ladder(signs_of(receipts))
        ],
        "receipts": [receipt_row(receipt, frame) for receipt in receipts],
        "may": may_decide(copy),
    }


def may_decide(copy: DeliveryRecord) -> dict[str, bool]:
    """Which decisions about one copy would change anything."""
    decisions = (("resolve", Decision.ARRIVED), ("retry", Decision.RETRY), ("cancel", Decision.CANCEL))
    return {name: applies(decision, copy, named=True) for name, decision in decisions}


def copies_values(conn: Connection, bulletin_id: int, page: int) -> Mapping[str, object]:
    """One page of all copies, `page` from 1. Raises `BadInput` when there is no such bulletin."""
    record = get_bulletin(conn, bulletin_id)
    copies = deliveries_of(conn, bulletin_id)
    begin = (page - 1) * PAGE
    return {
        "heading": words("All copies"),
        "record": record,
        "total": len(copies),
        "page": page,
        "first": min(begin + 1, len(copies)),
        "last": min(begin + PAGE, len(copies)),
        "next": page + 1 if begin + PAGE < len(copies) else None,
        "rows": [copy_row(copy) for copy in copies[begin : begin + PAGE]],
    }


def letter_of(conn: Connection, bulletin_id: int, dispatch_id: int) -> DispatchRecord:
    """One letter of a bulletin. Raises `BadInput` when there is none of this number."""
    for dispatch in dispatches_of(conn, bulletin_id):
        if dispatch.id == dispatch_id:
            return dispatch
    raise BadInput(words("There is no such letter."))


def letter_values(conn: Connection, bulletin_id: int, dispatch_id: int) -> Mapping[str, object]:
    """One letter. Raises `BadInput` when there is none of this number."""
    row = letter_row(letter_of(conn, bulletin_id, dispatch_id))
    return {
        "heading": words("Letter to {group}", group=row["group"]),
        "record": get_bulletin(conn, bulletin_id),
        "letter": row,
    }


def receipts_values(conn: Connection, frame: Frame) -> Mapping[str, object]:
    """The receipts that fit nobody or need a person."""
    rows = []
    for receipt in receipts_to_look_at(conn):
        suggested = str(receipt.details.get("suggested") or "") or receipt.delivery_id or ""
        rows.append({**receipt_row(receipt, frame), "whose": _suggested(conn, suggested)})
    return {"heading": words("Receipts to look at"), "rows": rows}


def receipt_row(receipt: Receipt, frame: Frame) -> dict[str, object]:
    """One receipt: what it is, where it came in, and what it says."""
    said = [
        {"label": label, "text": without_tokens(str(receipt.details[name]))}
        for name, label in DETAILS.items()
        if receipt.details.get(name)
    ]
    return {
        "id": receipt.id,
        "kind": KINDS[receipt.kind],
        "source": SOURCES.get(receipt.source, receipt.source),
        "at": frame.local(receipt.at),
        "received": frame.local(receipt.received_at),
        "note": without_tokens(receipt.note),
        "said": said,
    }


def _suggested(conn: Connection, delivery_id: str) -> dict[str, object] | None:
    try:
        return copy_row(get_delivery(conn, delivery_id)) if delivery_id else None
    except BadInput:
        return None  # the copy is of another database, or of a restored one


def _clean(what: object) -> str:
    return without_tokens(str(what))
