"""The machine-readable answers about receipts. Their keys are part of the contract and never translated."""

from distributor.delivery.evidence import Step
from distributor.reports.receipt_table import GroupTable, PersonRow, ReceiptTable, Standing, UnitRow
from distributor.store.receipt_records import Receipt

Document = dict[str, object]


def receipt_document(receipt: Receipt) -> Document:
    """One receipt, without its raw form."""
    return {
        "id": receipt.id,
        "delivery": receipt.delivery_id,
        "kind": receipt.kind.value,
        "source": receipt.source,
        "at": receipt.at.isoformat(),
        "received_at": receipt.received_at.isoformat(),
        "standing": receipt.standing,
        "note": receipt.note or None,
        "details": dict(receipt.details),
    }


def step_document(step: Step) -> Document:
    """One rung that receipts prove."""
    return {
        "rung": step.rung.value,
        "grade": step.grade.value,
        "first_at": step.first_at.isoformat(),
        "sources": list(step.sources),
        "count": step.count,
    }


def person_document(person: PersonRow) -> Document:
    """One person of the table."""
    copy = person.copy
    return {
        "recipient": copy.key,
        "name": copy.name,
        "people": list(copy.people),
        "role": copy.role,
        "channels": [one.channel for one in person.copies],
        "address": copy.address,
        "state": copy.state.value,
        "standing": person.standing.value,
        "evidence": person.rung.value,
        "ladder": [step_document(step) for step in person.steps],
        "acknowledged": receipt_document(person.acknowledged) if person.acknowledged else None,
        "returned": receipt_document(person.returned) if person.returned else None,
    }


def unit_document(unit: UnitRow) -> Document:
    """One unit of the table."""
    signed = unit.signed_at
    return {
        "unit": unit.unit,
        "standing": unit.standing.value,
        "signed_at": signed.isoformat() if signed else None,
        "people": [person_document(person) for person in unit.people],
    }


def group_document(group: GroupTable) -> Document:
    """One group's letter."""
    return {
        "group": group.group,
        "direction": group.direction,
        "acknowledge": group.manners.acknowledge.value,
        "satisfied_by": group.manners.satisfied_by.value,
        "deadline": group.deadline.isoformat() if group.deadline else None,
        "units": [unit_document(unit) for unit in group.units],
    }


def table_document(table: ReceiptTable) -> Document:
    """The whole 回执表."""
    return {
        "bulletin": {"id": table.record.id, "title": table.record.title, "digest": table.record.digest},
        "at": table.at.isoformat(),
        "counts": {standing.value: table.count(standing) for standing in Standing},
        "groups": [group_document(group) for group in table.groups],
        "unmatched": table.to_look_at,
        "audit": {"entries": table.audit_entries, "hash": table.audit_hash},
    }
