"""What a send would do, as machine-readable answer. The keys are part of the contract and never translated.

Apart from the other documents because a plan needs the rooms that read bulletins, and `status` need not wait for them.
"""

from distributor.cli.documents import bulletin_document
from distributor.cli.problem_documents import Document
from distributor.dispatch.plan import Plan
from distributor.recipients.changes import Changes


def changes_document(changes: Changes) -> Document:
    """How one list of recipients differs from another."""
    return {
        "added": [recipient.address for recipient in changes.added],
        "removed": [recipient.address for recipient in changes.removed],
        "moved": [change.after.address for change in changes.moved],
        "readdressed": [change.after.address for change in changes.readdressed],
        "renamed": [change.after.address for change in changes.renamed],
        "shrink": round(changes.shrink, 3),
    }


def plan_document(plan: Plan) -> Document:
    """What a send would do."""
    return {
        "bulletin": bulletin_document(plan.record),
        "to_send": plan.to_send,
        "waiting": plan.waiting,
        "unknown": plan.unknown,
        "groups": [
            {
                "group": group.group,
                "direction": group.direction,
                "to_send": group.to_send,
                "waiting": group.waiting,
                "settled": group.settled,
                "unknown": group.unknown,
                "hold": group.hold,
            }
            for group in plan.groups
        ],
        "previous": bulletin_document(plan.previous) if plan.previous else None,
        "changes": changes_document(plan.changes) if plan.changes else None,
    }
