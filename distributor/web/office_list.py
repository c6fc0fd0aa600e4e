"""The first of the office's pages: the bulletins with their books, and everything that waits for a person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from distributor.delivery.state import State
from distributor.reports.resting import left_alone, left_alone_words, resting, resting_words
from distributor.reports.state_words import STATES
from distributor.store.bulletins import get_bulletin, list_bulletins
from distributor.store.database import Connection
from distributor.store.deliveries import books, bulletins_in_doubt, next_due
from distributor.store.dispatches import held_letters
from distributor.store.pauses import ALL
from distributor.store.receipt_records import receipts_to_look_at
from distributor.store.records import Books, BulletinRecord
from distributor.web.office_frame import Frame
from distributor.web.office_words import hold_reason
from distributor.words import Words, words

#: Bulletins on one page.
PAGE = 30

#: The parts of the bar of a bulletin's books: the class of the part, and the states that it counts.
PARTS: tuple[tuple[str, frozenset[State]], ...] = (
    ("good", frozenset({State.ACCEPTED, State.DELIVERED})),
    ("open", frozenset({State.QUEUED, State.CLAIMED, State.SENDING, State.DEFERRED})),
    ("doubt", frozenset({State.UNKNOWN})),
    ("bad", frozenset({State.BOUNCED, State.FAILED, State.SUPPRESSED})),
    ("off", frozenset({State.CANCELLED})),
)


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person: a sentence, where to look and what to press, both within `/office/`."""

    what: Words | str
    to: str = ""
    go_on: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a bar, in percent of its length."""

    kind: str
    begin: str
    width: str


def list_values(conn: Connection, frame: Frame, *, before: int | None) -> Mapping[str, object]:
    """What the page prints; `before`: only bulletins that are older than this one."""
    records = list_bulletins(conn, PAGE + 1, before=before)
    return {
        "heading": words("Bulletins"),
        "needs": needs(conn, frame.local) if before is None else (),
        "rests": any(one.pause.scope == ALL for one in resting(conn)),
        "rows": [_row(conn, record, frame) for record in records[:PAGE]],
        "older": records[PAGE - 1].id if len(records) > PAGE else None,
        "before": before is not None,
    }


def needs(conn: Connection, local: Callable[..., str]) -> tuple[Need, ...]:
    """Everything that waits for a person, the widest first."""
    found = [
        Need(resting_words(one, local(one.pause.at)), _place(one.pause.scope), f"resume?scope={one.pause.scope}")
        for one in resting(conn)
    ]
    found += [
        Need(left_alone_words(one, local(one.until)), go_on=f"resume?scope=account:{one.account}")
        for one in left_alone(conn)
    ]
    for letter in held_letters(conn):
        title = get_bulletin(conn, letter.bulletin_id).title
        what = words(
            "{group} of {label} is on hold: {reason}.",
            group=letter.group,
            label=title,
            reason=hold_reason(letter.hold or ""),
        )
        found.append(Need(what, f"b/{letter.bulletin_id}", f"resume?scope=bulletin:{letter.bulletin_id}"))
    for number in bulletins_in_doubt(conn):
        record = get_bulletin(conn, number)
        count = books(conn, number).unknown
        what = words(
            "{label}: copies of which nobody knows whether they arrived: {count}.", label=record.title, count=count
        )
        found.append(Need(what, f"b/{number}#trouble"))
    if count := len(receipts_to_look_at(conn)):
        found.append(Need(words("Receipts that fit nobody or need a person's eye: {count}.", count=count), "receipts"))
    return tuple(found)


def equation(count: Books) -> list[dict[str, object]]:
    """The books state by state, in the order of a copy's life: what stands behind the equals sign."""
    return [
        {"state": state.value, "name": STATES[state], "count": count.by_state.get(state, 0)}
        for state in State
        if count.by_state.get(state)
    ]


def bar(count: Books) -> tuple[Stretch, ...]:
    """The books as a bar: each part in its place."""
    total = max(1, count.planned, sum(count.by_state.values()))
    stretches, begin = [], 0.0
    for kind, states in PARTS:
        width = 100 * sum(count.by_state.get(state, 0) for state in states) / total
        stretches.append(Stretch(kind, f"{begin:.2f}", f"{width:.2f}"))
        begin += width
    return tuple(stretches)


def _place(scope: str) -> str:
    kind, _, number = scope.partition(":")
    return f"b/{number}" if kind == "bulletin" else ""


def _row(conn: Connection, record: BulletinRecord, frame: Frame) -> dict[str, object]:
    count = books(conn, record.id)
    return {
        "id": record.id,
        "title": record.title,
        "finalised": frame.local(record.finalised_at),
        "released": frame.local(record.released_at),
        "due": frame.local(next_due(conn, record.id)) if count.open else "",
        "books": count,
        "parts": equation(count),
        "bar": bar(count),
    }
