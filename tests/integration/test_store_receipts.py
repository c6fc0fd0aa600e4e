"""Receipts in the store: each once, applied in any order, waiting when early, listed when they fit nothing."""

import datetime as dt
import hashlib
import threading

import pytest

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import Fact, State
from distributor.errors import BadInput
from distributor.store.bulletins import save_frozen
from distributor.store.database import Connection, Database
from distributor.store.deliveries import deliveries_of
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import evidence_for, raw_form, receipts_of, receipts_to_look_at
from distributor.store.receipts import Added, Slight, add_receipt, add_slight, assign, dismiss, settle
from distributor.store.records import DeliveryRecord
from tests.integration.frozen import NOW, frozen, letter


def bulletin(conn: Connection, *names: str) -> tuple[DeliveryRecord, ...]:
    """A frozen bulletin and its copies."""
    record, _ = save_frozen(conn, frozen(letter(*names)), now=NOW)
    return deliveries_of(conn, record.id)


def go(conn: Connection, delivery_id: str, *facts: Fact) -> None:
    """Lets the transport do something with a copy."""
    for fact in facts:
        assert apply_moves(conn, [Move(delivery_id, fact, None)], now=NOW) != [None]


#: What brings a copy to a state, from `queued`.
WAYS = {
    State.QUEUED: (),
    State.CLAIMED: (Fact.CLAIM,),
    State.SENDING: (Fact.CLAIM, Fact.MARK),
    State.DEFERRED: (Fact.CLAIM, Fact.DEFER),
    State.ACCEPTED: (Fact.CLAIM, Fact.MARK, Fact.ACCEPT),
    State.UNKNOWN: (Fact.CLAIM, Fact.MARK, Fact.LOSE),
    State.FAILED: (Fact.CLAIM, Fact.REJECT),
    State.CANCELLED: (Fact.CANCEL,),
}


def in_state(conn: Connection, state: State) -> str:
    """A copy that stands in this state."""
    (copy,) = bulletin(conn, "li")
    go(conn, copy.id, *WAYS[state])
    return copy.id


def come(conn: Connection, delivery_id: str | None, kind: Kind, *, report: str = "", review: str = "") -> Added:
    """A receipt comes in; one report is one text."""
    digest = hashlib.sha256(f"{kind}{report}".encode()).hexdigest()
    return add_receipt(
        conn, kind, delivery_id=delivery_id, source="mailbox", digest=digest, at=NOW, now=NOW, review=review
    )


def state_of(conn: Connection, delivery_id: str) -> State:
    return next(copy.state for copy in deliveries_of(conn, 1) if copy.id == delivery_id)


def test_a_receipt_keeps_what_it_was_given(database: Database) -> None:
    with database.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
        added = add_receipt(
            conn,
            Kind.DELIVERED,
            delivery_id=delivery_id,
            source="mailbox",
            digest="a" * 64,
            at=NOW - dt.timedelta(hours=1),
            now=NOW,
            raw=b"From: <>\r\n\0",
            details={"status": "2.0.0", "名": "\ud800"},
        )
    with database.read() as conn:
        (kept,) = receipts_of(conn, [delivery_id])[delivery_id]
        assert raw_form(conn, kept.id) == b"From: <>\r\n\0"
    assert kept == added.receipt
    assert (kept.kind, kept.source, kept.standing) == (Kind.DELIVERED, "mailbox", "applied")
    assert (kept.at, kept.received_at) == (NOW - dt.timedelta(hours=1), NOW)
    assert kept.details == {"status": "2.0.0", "名": "\ud800"}


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (State.ACCEPTED, Kind.DELIVERED, State.DELIVERED),
        (State.ACCEPTED, Kind.BOUNCED, State.BOUNCED),
        (State.ACCEPTED, Kind.DELAYED, State.ACCEPTED),
        (State.ACCEPTED, Kind.OPENED, State.ACCEPTED),
        (State.UNKNOWN, Kind.SIGNED, State.DELIVERED),
        (State.UNKNOWN, Kind.OPENED, State.ACCEPTED),
        (State.UNKNOWN, Kind.BOUNCED, State.BOUNCED),
        (State.FAILED, Kind.BOUNCED, State.FAILED),
        (State.FAILED, Kind.PHONED, State.FAILED),
        (State.DEFERRED, Kind.SIGNED, State.DELIVERED),
        (State.CANCELLED, Kind.SIGNED, State.CANCELLED),
    ],
)
def test_a_receipt_moves_its_copy_as_the_law_says(database: Database, before: State, kind: Kind, after: State) -> None:
    with database.write() as conn:
        delivery_id = in_state(conn, before)
        added = come(conn, delivery_id, kind)
        assert (added.new, added.receipt.standing) == (True, "applied")
        assert added.state is state_of(conn, delivery_id) is after


@pytest.mark.parametrize("early", [State.QUEUED, State.CLAIMED, State.SENDING, State.DEFERRED])
def test_a_report_that_overtakes_the_reply_waits_and_is_then_applied(sqlite: Database, early: State) -> None:
    with sqlite.write() as conn:
        delivery_id = in_state(conn, early)
        assert come(conn, delivery_id, Kind.BOUNCED).receipt.standing == "waiting"
        assert (settle(conn, now=NOW), state_of(conn, delivery_id)) == (0, early)
        ahead = WAYS[State.ACCEPTED] if early in (State.QUEUED, State.DEFERRED) else WAYS[State.ACCEPTED][1:]
        go(conn, delivery_id, *(ahead[1:] if early is State.SENDING else ahead))
        assert (settle(conn, now=NOW), state_of(conn, delivery_id)) == (1, State.BOUNCED)
        assert settle(conn, now=NOW) == 0


def test_59_a_report_that_comes_a_thousand_times_is_one_receipt_and_moves_nothing_back(sqlite: Database) -> None:
    with sqlite.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
        assert come(conn, delivery_id, Kind.BOUNCED).new
        come(conn, delivery_id, Kind.SIGNED)
        assert not any(come(conn, delivery_id, Kind.BOUNCED).new for _ in range(1000))
        assert state_of(conn, delivery_id) is State.DELIVERED
        assert evidence_for(conn, delivery_id) is Rung.SIGNED
        assert len(receipts_of(conn, [delivery_id])[delivery_id]) == 2


@pytest.mark.parametrize(
    ("order", "end"),
    [
        ((Kind.DELAYED, Kind.DELIVERED), State.DELIVERED),
        ((Kind.DELIVERED, Kind.DELAYED), State.DELIVERED),
        ((Kind.BOUNCED, Kind.DELAYED), State.BOUNCED),
        ((Kind.DELAYED, Kind.BOUNCED), State.BOUNCED),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_60_reports_in_either_order_end_in_the_same_state(
    sqlite: Database, order: tuple[Kind, ...], end: State
) -> None:
    with sqlite.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
        for kind in order:
            come(conn, delivery_id, kind)
        assert state_of(conn, delivery_id) is end


def test_58_a_report_that_needs_a_person_counts_for_nothing_until_one_has_looked(database: Database) -> None:
    with database.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
        added = come(conn, delivery_id, Kind.BOUNCED, review="another Final-Recipient")
        assert (added.receipt.standing, added.receipt.note) == ("review", "another Final-Recipient")
        assert state_of(conn, delivery_id) is State.ACCEPTED
        assert [one.id for one in receipts_to_look_at(conn)] == [added.receipt.id]
        assert assign(conn, added.receipt.id, delivery_id, actor="test", now=NOW).state is State.BOUNCED
        assert receipts_to_look_at(conn) == ()


def test_57_a_report_that_fits_nothing_is_kept_and_listed_and_may_be_dismissed(database: Database) -> None:
    with database.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
        added = come(conn, None, Kind.BOUNCED, review="no token")
        assert (added.receipt.standing, added.state) == ("unmatched", None)
        assert state_of(conn, delivery_id) is State.ACCEPTED
        dismiss(conn, added.receipt.id, actor="test", now=NOW)
        assert receipts_to_look_at(conn) == ()
        with pytest.raises(BadInput):
            assign(conn, added.receipt.id, delivery_id, actor="test", now=NOW)


def test_a_receipt_for_nobody_s_copy_is_refused(sqlite: Database) -> None:
    with sqlite.write() as conn, pytest.raises(BadInput):
        come(conn, "f" * 32, Kind.OPENED)


def test_a_hundred_at_once_leave_one_receipt_and_all_learn_the_first_time(database: Database) -> None:
    with database.write() as conn:
        delivery_id = in_state(conn, State.ACCEPTED)
    found: list[Added] = []

    def sign(second: int) -> None:
        with database.write() as conn:
            moment = NOW + dt.timedelta(seconds=second)
            found.append(
                add_receipt(
                    conn, Kind.SIGNED, delivery_id=delivery_id, source="page", digest="5" * 64, at=moment, now=moment
                )
            )

    threads = [threading.Thread(target=sign, args=[second]) for second in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 20
    assert sum(added.new for added in found) == 1
    assert len({added.receipt.at for added in found}) == 1


def test_many_openings_are_added_at_once_and_settle_the_copies_in_doubt(database: Database) -> None:
    with database.write() as conn:
        doubtful, taken = bulletin(conn, "li", "wang")
        go(conn, doubtful.id, *WAYS[State.UNKNOWN])
        go(conn, taken.id, *WAYS[State.ACCEPTED])
        notes = [
            Slight(Kind.OPENED, delivery_id, "page", f"{number:064d}", NOW)
            for number, delivery_id in enumerate([doubtful.id, taken.id, "f" * 32])
        ]
        for _ in range(2):
            add_slight(conn, notes)
        assert state_of(conn, doubtful.id) is State.ACCEPTED
        assert state_of(conn, taken.id) is State.ACCEPTED
        found = receipts_of(conn, [doubtful.id, taken.id, "f" * 32])
    assert {delivery_id: [one.kind for one in kept] for delivery_id, kept in found.items()} == {
        doubtful.id: [Kind.OPENED],
        taken.id: [Kind.OPENED],
    }
