"""A number that is frozen again: who still gets it, in which letter, and what can no longer leave."""

import datetime as dt
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact, State
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.claims import claim, sweep
from distributor.store.database import Database
from distributor.store.freezing import AlreadySent, OlderEdition
from distributor.store.moves import Move, apply_moves
from distributor.store.outcomes import Recorded, write_outcomes
from distributor.store.records import Claim, DeliveryRecord, FreezeResult, Frozen, Letter
from tests.integration.frozen import LATER, NOW, frozen, letter, person
from tests.integration.passing import wait_for_a_waiter

LEASE = dt.timedelta(seconds=60)
ACCEPTED = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", "ok"))
REFUSED = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "no such user"))
GREY = Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.RCPT, Reply(450, "4.7.1", "later"))
LOST = Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)


def freeze(database: Database, what: Frozen) -> tuple[int, FreezeResult]:
    with database.write() as conn:
        record, result = bulletins.save_frozen(conn, what, now=NOW)
    return record.id, result


def released(database: Database, what: Frozen) -> int:
    number, _ = freeze(database, what)
    with database.write() as conn:
        dispatches.release(conn, number, at=NOW, valid_until=LATER)
    return number


def take(conn: Connection, number: int, name: str) -> Claim:
    row = next(row for row in deliveries.deliveries_of(conn, number) if row.name == name)
    [taken] = claim(conn, owner="w", limit=1, lease=LEASE, now=NOW, delivery_ids=[row.id])
    return taken


def record(conn: Connection, taken: Claim, fact: Fact, outcome: Outcome) -> State | None:
    judged = Judgement(fact, next_attempt_at=NOW if fact is Fact.DEFER else None)
    done = Recorded(
        taken.delivery_id, taken.epoch, taken.dispatch_id, taken.channel, taken.address, judged, outcome, NOW
    )
    return write_outcomes(conn, [done], now=NOW)[0]


def mark(conn: Connection, taken: Claim) -> State | None:
    return apply_moves(conn, [Move(taken.delivery_id, Fact.MARK, taken.epoch)], now=NOW)[0]


def refuse(conn: Connection, number: int, name: str) -> None:
    assert record(conn, take(conn, number, name), Fact.REJECT, REFUSED) is State.FAILED


def greylist(conn: Connection, number: int, name: str) -> None:
    assert record(conn, take(conn, number, name), Fact.DEFER, GREY) is State.DEFERRED


def bounce(conn: Connection, number: int, name: str) -> None:
    taken = take(conn, number, name)
    mark(conn, taken)
    record(conn, taken, Fact.ACCEPT, ACCEPTED)
    assert apply_moves(conn, [Move(taken.delivery_id, Fact.BOUNCE, None)], now=NOW) == [State.BOUNCED]


def lose(conn: Connection, number: int, name: str) -> None:
    taken = take(conn, number, name)
    mark(conn, taken)
    assert record(conn, taken, Fact.LOSE, LOST) is State.UNKNOWN


def rows(database: Database, number: int) -> dict[str, DeliveryRecord]:
    with database.read() as conn:
        return {row.name: row for row in deliveries.deliveries_of(conn, number)}


def withdraw_all(database: Database, number: int) -> None:
    with database.write() as conn:
        for row in deliveries.deliveries_of(conn, number):
            deliveries.apply_fact(conn, row.id, Fact.CANCEL, reason="person:cancel", now=NOW)


def test_a_corrected_text_goes_to_everybody_from_whom_the_old_one_was_withdrawn(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang")))
    withdraw_all(database, number)
    _, result = freeze(database, frozen(letter("li", "wang", rendition='{"new": 1}'), digest="d2"))
    assert result == FreezeResult(added=2, cancelled=0, kept=0, replaced=True)
    assert {row.state for row in rows(database, number).values()} == {State.QUEUED}
    with database.write() as conn:
        assert claim(conn, owner="w", limit=9, lease=LEASE, now=NOW) == []  # they wait for a release
        assert dispatches.release(conn, number, at=NOW, valid_until=LATER) == 2
        assert len(claim(conn, owner="w", limit=9, lease=LEASE, now=NOW)) == 2


def test_under_the_same_text_what_a_person_withdrew_is_counted_and_stays(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang")))
    withdraw_all(database, number)
    _, result = freeze(database, frozen(letter("li", "wang", "zhao")))
    assert result == FreezeResult(added=1, cancelled=0, kept=0, withdrawn=2)
    assert {name: row.state for name, row in rows(database, number).items()} == {
        "Li": State.CANCELLED,
        "Wang": State.CANCELLED,
        "Zhao": State.QUEUED,
    }


@pytest.mark.parametrize(
    ("end", "fact"),
    [(refuse, Fact.RETRY), (greylist, Fact.RETRY), (bounce, Fact.RETRY), (lose, Fact.RESEND)],
    ids=["failed", "deferred", "bounced", "unknown"],
)
def test_people_no_longer_listed_are_never_tried_again(
    database: Database, end: Callable[[Connection, int, str], None], fact: Fact
) -> None:
    number = released(database, frozen(letter("li", "wang")))
    with database.write() as conn:
        end(conn, number, "Wang")
    freeze(database, frozen(letter("li")))
    gone = rows(database, number)["Wang"]
    assert not gone.listed
    with database.write() as conn, pytest.raises(deliveries.NotListed, match="not on the list") as caught:
        deliveries.apply_fact(conn, gone.id, fact, reason="person:retry", now=NOW)
    assert (caught.value.code, caught.value.do is not None) == ("not_listed", True)
    with database.write() as conn:
        assert [row.name for row in deliveries.recipients_of(conn, number)] == ["Li"]
        conn.execute(text("UPDATE delivery SET state = 'queued', next_attempt_at = released_at"))
        assert [taken.name for taken in claim(conn, owner="w", limit=9, lease=LEASE, now=NOW)] == ["Li"]
        assert deliveries.next_due(conn, number) is None
    freeze(database, frozen(letter("li", "wang")))
    assert rows(database, number)["Wang"].listed


def test_a_copy_that_comes_back_from_the_carrier_after_its_person_left_the_list_is_withdrawn(
    database: Database,
) -> None:
    number = released(database, frozen(letter("li", "wang")))
    with database.write() as conn:
        taken = take(conn, number, "Wang")
        mark(conn, taken)
    freeze(database, frozen(letter("li")))
    with database.write() as conn:
        assert record(conn, taken, Fact.DEFER, GREY) is State.DEFERRED
        assert deliveries.next_due(conn, number) == NOW  # that of Li
        sweep(conn, now=NOW)
    gone = rows(database, number)["Wang"]
    assert (gone.state, gone.reason) == (State.CANCELLED, Reason.SUPERSEDED)


def test_a_refused_person_who_is_moved_gets_the_new_group_s_letter_and_name(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang"), letter("zhang", group="区领导", direction="报")))
    with database.write() as conn:
        refuse(conn, number, "Wang")
    moved = replace(person("wang", "区领导"), name="王主任", unit="区委")
    leaders = Letter("区领导", "报", "email", "{}", (person("zhang", "区领导"), moved))
    freeze(database, frozen(letter("li"), leaders))
    with database.write() as conn:
        row = deliveries.find_deliveries(conn, "王主任", number)[0]
        assert (row.state, row.group) == (State.FAILED, "区领导")
        deliveries.apply_fact(conn, row.id, Fact.RETRY, reason="person:retry", now=NOW)
        taken = take(conn, number, "王主任")
        assert dispatches.dispatches_of(conn, number)[-1].id == taken.dispatch_id
        assert (taken.name, taken.unit) == ("王主任", "区委")


def test_a_copy_that_left_and_is_sent_again_by_decision_stays_the_letter_it_was(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang")))
    with database.write() as conn:
        lose(conn, number, "Li")
        before = rows_of(conn, number)["Li"]
        deliveries.apply_fact(conn, before.id, Fact.RESEND, reason="by phone", now=NOW)
    freeze(database, frozen(letter("li", "wang", group="区领导", direction="报")))
    assert {name: row.group for name, row in rows(database, number).items()} == {"Li": "各单位", "Wang": "区领导"}


def rows_of(conn: Connection, number: int) -> dict[str, DeliveryRecord]:
    return {row.name: row for row in deliveries.deliveries_of(conn, number)}


def test_the_record_names_the_rendition_that_each_copy_was_made_of(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang", "zhao")))
    with database.write() as conn:
        sent = take(conn, number, "Li")
        mark(conn, sent)
        record(conn, sent, Fact.ACCEPT, ACCEPTED)
        under_way = take(conn, number, "Wang")
    freeze(database, frozen(letter("li", "wang", "zhao", rendition='{"phone": 2}')))
    with database.write() as conn:
        found = {d.id: d.rendition for d in dispatches.dispatches_of(conn, number)}
        assert {name: found[row.dispatch_id] for name, row in rows_of(conn, number).items()} == {
            "Li": "{}",
            "Wang": '{"phone": 2}',
            "Zhao": '{"phone": 2}',
        }
        assert mark(conn, under_way) is None  # its letter was made of the old one
        [again] = claim(conn, owner="v", limit=1, lease=LEASE, now=NOW, delivery_ids=[under_way.delivery_id])
        assert found[again.dispatch_id] == '{"phone": 2}'
        assert again.epoch > under_way.epoch
        assert mark(conn, again) is State.SENDING


def test_a_claim_under_way_is_left_alone_by_a_freeze_that_changes_nothing_in_its_letter(database: Database) -> None:
    number = released(database, frozen(letter("li", "wang")))
    with database.write() as conn:
        taken = take(conn, number, "Wang")
    freeze(database, frozen(letter("zhao", "wang", "li")))
    with database.write() as conn:
        assert mark(conn, taken) is State.SENDING


def test_a_letter_made_anew_keeps_its_hold_and_its_release(database: Database) -> None:
    number = released(database, frozen(letter("li")))
    with database.write() as conn:
        [old] = dispatches.dispatches_of(conn, number)
        dispatches.hold(conn, old.id, "content")
    freeze(database, frozen(letter("li", rendition='{"phone": 2}')))
    with database.read() as conn:
        [new] = dispatches.dispatches_of(conn, number)
        assert (new.hold, new.released_at, new.rendition) == ("content", NOW, '{"phone": 2}')
        assert new.id != old.id


def test_a_copy_that_nobody_claimed_still_counts_as_untouched_after_a_freeze(database: Database) -> None:
    """The policy for late letters looks for such letters."""
    number = released(database, frozen(letter("li")))
    freeze(database, frozen(letter("li", rendition='{"phone": 2}')))
    with database.read() as conn:
        assert [d.bulletin_id for d in dispatches.untouched(conn)] == [number]


def test_a_claim_that_is_being_committed_is_seen_by_a_freeze(postgres: Database) -> None:
    """Between the look at the rows and the new text, no claim of the old text can slip in."""
    number = released(postgres, frozen(letter("li", "wang")))
    found: list[object] = []
    began = threading.Event()

    def other_text() -> None:
        began.set()
        try:
            found.append(freeze(postgres, frozen(letter("li", "wang", rendition='{"new": 1}'), digest="d2")))
        except AlreadySent as refused:
            found.append(refused)

    with postgres.write() as conn:
        taken = take(conn, number, "Li")
        freezing = threading.Thread(target=other_text)
        freezing.start()
        began.wait()
        wait_for_a_waiter(postgres)
    freezing.join()
    assert isinstance(found[0], AlreadySent)
    with postgres.write() as conn:
        assert mark(conn, taken) is State.SENDING  # the old text is still the bulletin's text
        assert bulletins.get_bulletin(conn, number).digest == "d1"


def test_a_claim_of_a_replaced_text_is_fenced(database: Database) -> None:
    """Cancelled while claimed, then replaced by another text and claimed anew: the old claim cannot send."""
    number = released(database, frozen(letter("li")))
    with database.write() as conn:
        old = take(conn, number, "Li")
    withdraw_all(database, number)
    freeze(database, frozen(letter("li", rendition='{"new": 1}'), digest="d2"))
    with database.write() as conn:
        dispatches.release(conn, number, at=NOW, valid_until=LATER)
        assert mark(conn, old) is None
        new = take(conn, number, "Li")
        assert new.epoch > old.epoch + 1
        assert mark(conn, old) is None


@pytest.mark.parametrize("edition", [1, 2, 3], ids=["as it was", "in place of the correction", "as a correction"])
def test_the_text_of_a_corrected_edition_is_not_taken_again(database: Database, edition: int) -> None:
    first = released(database, frozen(letter("li")))
    second, _ = freeze(database, frozen(letter("li", rendition='{"new": 1}'), digest="d2", edition=2))
    with pytest.raises(OlderEdition, match="replaced by a later edition") as caught:
        freeze(database, frozen(letter("li"), digest="d1", edition=edition))
    assert (caught.value.code, caught.value.do is not None) == ("older_edition", True)
    with database.read() as conn:
        assert [b.digest for b in bulletins.find_by_key(conn, frozen().key)] == ["d1", "d2"]
        assert {row.bulletin_id for row in deliveries.find_deliveries(conn, "Li")} == {first, second}


def test_a_third_text_may_follow_a_correction(database: Database) -> None:
    freeze(database, frozen(letter("li")))
    freeze(database, frozen(letter("li"), digest="d2", edition=2))
    _, result = freeze(database, frozen(letter("li"), digest="d3", edition=2))
    assert result.replaced


def test_what_becomes_of_unknown_copies_is_decided_by_the_newest_list(database: Database) -> None:
    number = released(database, frozen(replace(letter("li", "wang"), on_unknown="resend")))
    with database.write() as conn:
        lose(conn, number, "Li")
    freeze(database, frozen(replace(letter("li", "wang", rendition='{"phone": 2}'), on_unknown="hold")))
    with database.read() as conn:
        assert [(d.replaced, d.on_unknown) for d in dispatches.dispatches_of(conn, number)] == [
            (True, "hold"),
            (False, "hold"),
        ]
