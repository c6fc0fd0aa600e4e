"""One bulletin on the office's pages: books, what is known, who has not signed, what needs a person, the letters."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from distributor.delivery.decision import Decision
from distributor.delivery.evidence import Rung
from distributor.delivery.state import State
from distributor.dispatch.decisions import applies, meant
from distributor.dispatch.plan import Selection
from distributor.dispatch.remind import debtors
from distributor.errors import BadInput, Refused
from distributor.recipients.model import Acknowledge
from distributor.rendering.gallery import SAMPLE_PERSON, sample_text
from distributor.rendering.rendition import filled, from_document
from distributor.reports.article import article_words
from distributor.reports.evidence_words import RUNGS, STANDINGS
from distributor.reports.progress import standing
from distributor.reports.receipt_table import GroupTable, ReceiptTable, Standing, UnitRow, receipt_table
from distributor.reports.resting import left_alone, left_alone_words, resting, resting_words
from distributor.reports.state_words import STATES
from distributor.reports.story import reason_words
from distributor.settings import Settings
from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.records import Books, BulletinRecord, DeliveryRecord, DispatchRecord
from distributor.store.withdrawals import withdrawal_of
from distributor.web.office_frame import Frame, without_tokens
from distributor.web.office_list import PARTS, Need, bar, equation
from distributor.web.office_words import hold_reason, what_to_do
from distributor.words import words
from distributor.workdays.file import load_calendar

#: Lines of one list on this page; everybody is on the page of all copies.
MOST = 200

#: States in which a copy needs a person.
_TROUBLE = frozenset({State.UNKNOWN, State.BOUNCED, State.FAILED, State.SUPPRESSED})
_ORDER = {state: place for place, state in enumerate((State.UNKNOWN, State.BOUNCED, State.FAILED))}


def bulletin_values(
    conn: Connection, bulletin_id: int, settings: Settings, frame: Frame, *, now: dt.datetime
) -> Mapping[str, object]:
    """What the page prints. Raises `BadInput` when there is no such bulletin."""
    record = get_bulletin(conn, bulletin_id)
    found = standing(conn, record)
    calendar = load_calendar(settings.path(settings.folders.calendar)).workdays
    table = receipt_table(conn, record, calendar=calendar, zone=settings.zone, now=now)
    holds = {dispatch.id: dispatch.hold for dispatch, _ in found.dispatches}
    trouble = sorted(filter(_needs_person, found.deliveries), key=lambda copy: _ORDER.get(copy.state, len(_ORDER)))
    return {
        "heading": record.title,
        "record": record,
        "finalised": frame.local(record.finalised_at),
        "released": frame.local(record.released_at),
        "due": frame.local(found.next_due) if found.books.open else "",
        "needs": _needs(conn, found.dispatches, record, frame),
        "books": found.books,
        "parts_of_books": equation(found.books),
        "all_parts": [
            {"state": state.value, "name": STATES[state], "count": found.books.by_state.get(state, 0)}
            for state in State
        ],
        "bar": bar(found.books),
        "moving": _moves(found.books, found.dispatches),
        "groups": [_group_row(dispatch, share) for dispatch, share in found.dispatches if share.planned],
        "rungs": _rungs(table),
        "units": [_group_units(group, frame) for group in table.groups if _asks(group)],
        "trouble": [_trouble_row(copy, holds, frame) for copy in trouble[:MOST]],
        "trouble_more": len(trouble) > MOST,
        "articles": [article_words(article) for article in found.articles],
        "letters": [letter_row(dispatch) for dispatch, share in found.dispatches if share.planned],
        "rests": any(one.pause.scope == f"bulletin:{record.id}" for one in resting(conn)),
        "may": {**_may(conn, record), "remind": any(debtors(table))},
    }


def copy_row(copy: DeliveryRecord) -> dict[str, object]:
    """One copy in a list."""
    return {
        "id": copy.id,
        "unit": copy.unit,
        "name": "、".join(copy.people) or copy.name,
        "group": copy.group,
        "address": copy.address,
        "state": STATES[copy.state],
        "kind": next(kind for kind, states in PARTS if copy.state in states),
    }


def letter_row(dispatch: DispatchRecord) -> dict[str, object]:
    """One letter in the list of letters."""
    rendition = from_document(dispatch.rendition)
    return {
        "id": dispatch.id,
        "group": dispatch.group,
        "direction": dispatch.direction,
        "channel": dispatch.channel,
        "subject": filled(rendition.subject, SAMPLE_PERSON),
        "attachments": [attachment.file_name for attachment in rendition.attachments],
        "has_page": bool(rendition.html) or dispatch.channel != "email",
        "text": sample_text(rendition),
    }


def _needs_person(copy: DeliveryRecord) -> bool:
    return copy.state in _TROUBLE or copy.is_put_aside


def _needs(
    conn: Connection, dispatches: Iterable[tuple[DispatchRecord, Books]], record: BulletinRecord, frame: Frame
) -> list[Need]:
    """What keeps the bulletin back."""
    own, everything = f"resume?scope=bulletin:{record.id}", "resume?scope="
    found = []
    if gone := withdrawal_of(conn, record.id):
        what = words(
            "The bulletin is withdrawn (撤回) since {when}: {reason}", when=frame.local(gone.at), reason=gone.reason
        )
        found.append(Need(what))
    found += [
        Need(resting_words(one, frame.local(one.pause.at)), go_on=f"{everything}{one.pause.scope}")
        for one in resting(conn, bulletin_id=record.id)
    ]
    found += [
        Need(left_alone_words(one, frame.local(one.until)), go_on=f"{everything}account:{one.account}")
        for one in left_alone(conn)
    ]
    for dispatch, _ in dispatches:
        if dispatch.hold:
            reason = hold_reason(dispatch.hold)
            found.append(Need(words("{group} is on hold: {reason}", group=dispatch.group, reason=reason), go_on=own))
    return found


def _moves(books: Books, dispatches: Sequence[tuple[DispatchRecord, Books]]) -> bool:
    """Whether its figures may change by themselves: something is open that no hold keeps back."""
    return books.open > 0 and any(share.open and not dispatch.hold for dispatch, share in dispatches)


def _group_row(dispatch: DispatchRecord, share: Books) -> dict[str, object]:
    counts = {kind: sum(share.by_state.get(state, 0) for state in states) for kind, states in PARTS}
    return {"group": dispatch.group, "direction": dispatch.direction, "planned": share.planned, **counts}


def _rungs(table: ReceiptTable) -> list[dict[str, object]]:
    """The ladder from its top: how many people stand on which rung."""
    counts = Counter(person.rung for group in table.groups for unit in group.units for person in unit.people)
    total = max(1, sum(counts.values()))
    return [
        {
            "rung": rung.value,
            "name": RUNGS[rung],
            "count": counts[rung],
            "share": f"{100 * counts[rung] / total:.0f}",
            "width": f"{100 * counts[rung] / total:.2f}",
        }
        for rung in reversed(Rung)
    ]


def _asks(group: GroupTable) -> bool:
    return group.manners.acknowledge is not Acknowledge.NEVER


def _group_units(group: GroupTable, frame: Frame) -> dict[str, object]:
    signed = [unit for unit in group.units if unit.standing is Standing.SIGNED]
    missing = [unit for unit in group.units if unit.standing is not Standing.SIGNED]
    return {
        "group": group.group,
        "direction": group.direction,
        "until": frame.local(group.deadline),
        "signed_count": len(signed),
        "count": len(group.units),
        "missing": [_unit_row(unit, frame) for unit in missing[:MOST]],
        "missing_more": len(missing) > MOST,
        "signed": [_unit_row(unit, frame) for unit in signed[:MOST]],
        "signed_more": len(signed) > MOST,
    }


def _unit_row(unit: UnitRow, frame: Frame) -> dict[str, object]:
    people = []
    for person in unit.people:
        receipt = person.acknowledged or person.returned
        details = receipt.details if receipt else {}
        said = str(details.get("remark") or details.get("reason") or "")
        people.append(
            {
                "id": person.copy.id,
                "name": "、".join(person.copy.people) or person.copy.name,
                "rung": RUNGS[person.rung],
                "at": frame.local(receipt.at) if receipt else "",
                "said": without_tokens(said),
            }
        )
    return {
        "unit": unit.unit,
        "standing": STANDINGS[unit.standing],
        "kind": unit.standing.value,
        "people": people,
    }


def _trouble_row(copy: DeliveryRecord, holds: Mapping[int, str | None], frame: Frame) -> dict[str, object]:
    return {
        **copy_row(copy),
        "reason": without_tokens(str(reason_words(copy))),
        "at": frame.local(copy.changed_at),
        "advice": what_to_do(copy, hold=holds.get(copy.dispatch_id)),
        "in_doubt": applies(Decision.ARRIVED, copy, named=True),
        "again": applies(Decision.RETRY, copy, named=True),
    }


def _may(conn: Connection, record: BulletinRecord) -> dict[str, bool]:
    """Which decisions about the whole bulletin would change anything."""
    possible = {}
    for decision in (Decision.RETRY, Decision.CANCEL):
        try:
            found = meant(conn, decision, record, Selection())
            possible[decision.value] = bool(found.movable or found.held)
        except (BadInput, Refused):
            possible[decision.value] = False  # an edition that has been corrected is not sent again
    return possible
