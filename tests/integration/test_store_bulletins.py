"""Freezing, finding and releasing bulletins, on both engines."""

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import Connection

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact, State
from distributor.errors import BadInput
from distributor.store import bulletins, deliveries, dispatches
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.freezing import AlreadySent
from distributor.store.moves import Move, apply_moves
from distributor.store.outcomes import Recorded, write_outcomes
from distributor.store.records import FreezeResult, Frozen, Letter
from tests.integration.frozen import LATER, NOW, frozen, letter, person

SOON = NOW + dt.timedelta(hours=1)


def freeze(database: Database, what: Frozen) -> tuple[int, FreezeResult]:
    with database.write() as conn:
        record, result = bulletins.save_frozen(conn, what, now=NOW)
    return record.id, result


def release(database: Database, number: int) -> int:
    with database.write() as conn:
        return dispatches.release(conn, number, at=NOW, valid_until=LATER)


def accept(conn: Connection, number: int, name: str) -> None:
    """Carries one row all the way to accepted."""
    row = next(row for row in deliveries.deliveries_of(conn, number) if row.name == name)
    taken = claim(conn, owner="w", limit=1, lease=dt.timedelta(seconds=60), now=NOW, delivery_ids=[row.id])[0]
    apply_moves(conn, [Move(row.id, Fact.MARK, taken.epoch)], now=NOW)
    outcome = Outcome(Verdict.ACCEPTED, stage=Stage.DOT, reply=Reply(250, "2.0.0", "ok"))
    judged = Judgement(Fact.ACCEPT)
    done = Recorded(row.id, taken.epoch, row.dispatch_id, "email", row.address, judged, outcome, NOW)
    assert write_outcomes(conn, [done], now=NOW) == [State.ACCEPTED]


def states(database: Database, number: int) -> dict[str, tuple[str, str]]:
    with database.read() as conn:
        return {row.name: (row.state, row.reason) for row in deliveries.deliveries_of(conn, number)}


def test_a_frozen_bulletin_reads_back_as_it_was(database: Database) -> None:
    what = frozen(letter("li", "wang", rendition='{"题": "一"}'), letter("zhang", group="区领导", direction="报"))
    number, result = freeze(database, what)
    assert result == FreezeResult(added=3, cancelled=0, kept=0)
    with database.read() as conn:
        record = bulletins.get_bulletin(conn, number)
        assert (record.key, record.edition, record.digest, record.finalised_at) == (what.key, 1, "d1", NOW)
        assert record.released_at is None
        assert bulletins.get_source(conn, number) == (what.source, dict(what.assets))
        assert deliveries.recipients_of(conn, number) == tuple(r for each in what.letters for r in each.recipients)
        letters = dispatches.dispatches_of(conn, number)
        assert [(d.group, d.direction, d.rendition) for d in letters] == [
            ("各单位", "发", '{"题": "一"}'),
            ("区领导", "报", "{}"),
        ]
        rows = deliveries.deliveries_of(conn, number)
        assert {row.state for row in rows} == {State.QUEUED}
        assert all(row.next_attempt_at is None for row in rows)
        assert all(len(row.id) == 32 for row in rows)


def test_nothing_leaves_before_its_release(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li")))
    with database.write() as conn:
        assert claim(conn, owner="w", limit=10, lease=dt.timedelta(seconds=60), now=SOON) == []
        assert deliveries.next_due(conn, number) is None


def test_a_release_can_be_narrowed_and_keeps_earlier_times(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang"), letter("zhang", group="区领导")))
    with database.write() as conn:
        ids = {row.name: row.id for row in deliveries.deliveries_of(conn, number)}
        until = {"at": NOW, "valid_until": LATER}
        assert dispatches.release(conn, number, groups=["区领导"], delivery_ids=None, **until) == 1
        assert dispatches.release(conn, number, groups=None, delivery_ids=[ids["Li"]], **until) == 1
        later = LATER + dt.timedelta(days=1)
        assert dispatches.release(conn, number, at=SOON, valid_until=later) == 1
        assert dispatches.release(conn, number, at=SOON, valid_until=later) == 0
    with database.read() as conn:
        times = {row.name: row.next_attempt_at for row in deliveries.deliveries_of(conn, number)}
        assert times == {"Li": NOW, "Zhang": NOW, "Wang": SOON}
        record = bulletins.get_bulletin(conn, number)
        assert (record.released_at, record.valid_until) == (NOW, later)
        assert deliveries.next_due(conn) == NOW
        assert [d.released_at for d in dispatches.dispatches_of(conn, number)] == [NOW, NOW]


def test_a_held_letter_is_not_due_until_it_is_let_go(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li")))
    release(database, number)
    with database.write() as conn:
        only = dispatches.dispatches_of(conn, number)[0].id
        dispatches.hold(conn, only, "content")
        dispatches.hold(conn, only, "a later reason")
        assert dispatches.dispatches_of(conn, number)[0].hold == "content"
        assert deliveries.next_due(conn) is None
        assert claim(conn, owner="w", limit=1, lease=dt.timedelta(seconds=9), now=NOW) == []
        dispatches.unhold(conn, only)
        assert deliveries.next_due(conn) == NOW
        assert len(claim(conn, owner="w", limit=1, lease=dt.timedelta(seconds=9), now=NOW)) == 1


def test_freezing_the_same_again_changes_nothing(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    before = states(database, number)
    assert freeze(database, frozen(letter("li", "wang"))) == (number, FreezeResult(added=0, cancelled=0, kept=2))
    assert states(database, number) == before
    with database.read() as conn:
        assert deliveries.next_due(conn) == NOW


def test_people_no_longer_listed_are_cancelled_and_come_back(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    again, result = freeze(database, frozen(letter("li", "zhao")))
    assert (again, result) == (number, FreezeResult(added=1, cancelled=1, kept=1))
    assert states(database, number)["Wang"] == (State.CANCELLED, "superseded")
    with database.read() as conn:
        assert [r.name for r in deliveries.recipients_of(conn, number)] == ["Li", "Zhao"]
    _, result = freeze(database, frozen(letter("li", "wang", "zhao")))
    assert result == FreezeResult(added=1, cancelled=0, kept=2)
    assert states(database, number)["Wang"] == (State.QUEUED, "")
    assert release(database, number) == 2  # the new one and the one who came back; the third keeps its time
    with database.read() as conn:
        assert deliveries.books(conn, number).planned == 3


def test_a_copy_withdrawn_by_a_person_stays_withdrawn(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    with database.write() as conn:
        row = deliveries.find_deliveries(conn, "Wang", number)[0]
        assert deliveries.apply_fact(conn, row.id, Fact.CANCEL, reason="moved away", now=NOW) is State.CANCELLED
    freeze(database, frozen(letter("li", "wang")))
    assert states(database, number)["Wang"] == (State.CANCELLED, "moved away")


def test_sent_copies_are_never_touched(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    with database.write() as conn:
        accept(conn, number, "Li")
    _, result = freeze(database, frozen(letter("wang", "zhao", rendition='{"new": 1}')))
    assert result == FreezeResult(added=1, cancelled=0, kept=1)
    assert states(database, number)["Li"] == (State.ACCEPTED, "")
    with database.read() as conn:
        books = deliveries.books(conn, number)
        assert (books.planned, books.by_state[State.ACCEPTED]) == (3, 1)
        letters = [(d.rendition, d.replaced) for d in dispatches.dispatches_of(conn, number)]
        assert letters == [("{}", True), ('{"new": 1}', False)]  # the first is what Li got


def test_another_spelling_of_an_address_gets_no_second_copy(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    with database.write() as conn:
        accept(conn, number, "Li")
    respelt = replace(person("li"), address="LI@example.gov.cn")
    again = Letter("各单位", "发", "email", "{}", (respelt, person("wang")))
    _, result = freeze(database, frozen(again))
    assert result == FreezeResult(added=0, cancelled=0, kept=2)


def test_a_copy_moves_to_another_group_only_before_it_left(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    with database.write() as conn:
        accept(conn, number, "Li")
    freeze(database, frozen(letter("li", "wang", group="区领导", direction="报")))
    with database.read() as conn:
        groups = {row.name: row.group for row in deliveries.deliveries_of(conn, number)}
        assert groups == {"Li": "各单位", "Wang": "区领导"}
        assert Counter({d: b.planned for d, b in deliveries.books_by_dispatch(conn, number).items()}).total() == 2


def test_other_content_replaces_what_has_not_left_and_takes_the_release_back(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang"), letter("zhang", group="区领导")))
    release(database, number)
    with database.write() as conn:
        old = dispatches.dispatches_of(conn, number)
        dispatches.hold(conn, old[0].id, "content")
    new = frozen(letter("li", rendition='{"new": 1}'), digest="d2", text=b"other")
    assert freeze(database, new) == (number, FreezeResult(added=0, cancelled=2, kept=1, replaced=True))
    with database.read() as conn:
        record = bulletins.get_bulletin(conn, number)
        assert (record.digest, record.released_at, record.valid_until) == ("d2", None, None)
        assert bulletins.get_source(conn, number)[0] == b"other"
        assert deliveries.next_due(conn) is None
        fresh = next(d for d in dispatches.dispatches_of(conn, number) if d.group == "各单位")
        assert (fresh.hold, fresh.rendition) == (None, '{"new": 1}')
        assert fresh.id not in {d.id for d in old}  # nobody who remembers the old letter can send it
    assert release(database, number) == 1


@pytest.mark.parametrize("fact", [Fact.ACCEPT, Fact.LOSE, Fact.DEFER, Fact.REJECT], ids=str)
def test_other_content_is_refused_once_a_letter_may_have_left(database: Database, fact: Fact) -> None:
    number, _ = freeze(database, frozen(letter("li", "wang")))
    release(database, number)
    with database.write() as conn:
        taken = claim(conn, owner="w", limit=1, lease=dt.timedelta(seconds=60), now=NOW)[0]
        apply_moves(conn, [Move(taken.delivery_id, Fact.MARK, taken.epoch)], now=NOW)
        moved = apply_moves(conn, [Move(taken.delivery_id, fact, taken.epoch, next_attempt_at=SOON)], now=NOW)
        assert moved[0] is not None
    before = states(database, number)
    with pytest.raises(AlreadySent, match="was already sent with other content") as caught:
        freeze(database, frozen(letter("li"), digest="d2"))
    assert caught.value.code == "already_sent"
    assert caught.value.do is not None
    assert states(database, number) == before
    freeze(database, frozen(letter("li"), digest="d1"))  # the same content is still welcome
    assert freeze(database, frozen(letter("li"), digest="d2", edition=2))[0] != number


def test_an_unknown_copy_that_was_queued_again_still_counts_as_left(database: Database) -> None:
    number, _ = freeze(database, frozen(letter("li")))
    release(database, number)
    with database.write() as conn:
        taken = claim(conn, owner="w", limit=1, lease=dt.timedelta(seconds=60), now=NOW)[0]
        apply_moves(conn, [Move(taken.delivery_id, Fact.MARK, taken.epoch)], now=NOW)
        lost = Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.DOT)
        done = Recorded(
            taken.delivery_id, 1, taken.dispatch_id, "email", taken.address, Judgement(Fact.LOSE), lost, NOW
        )
        write_outcomes(conn, [done], now=NOW)
        deliveries.apply_fact(conn, taken.delivery_id, Fact.RESEND, reason="by phone", now=NOW)
        conn.exec_driver_sql("UPDATE delivery SET attempts = 0")
    with pytest.raises(AlreadySent):
        freeze(database, frozen(letter("li"), digest="d2"))


def test_one_copy_per_address_is_the_database_s_own_law(database: Database) -> None:
    """Two groups that list one address by a fault of ours cannot become two copies."""
    twice = frozen(letter("li"), letter("li", group="区领导"))
    with pytest.raises(Exception, match=r"(?i)unique"):
        freeze(database, twice)
    with database.read() as conn:
        assert bulletins.list_bulletins(conn) == ()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("12", ["12 of 2026", "12 of 2025"]),
        ("０12", ["12 of 2026", "12 of 2025"]),
        ("第12期", ["12 of 2026", "12 of 2025"]),
        ("第 12 期", ["12 of 2026", "12 of 2025"]),
        ("2025-12", ["12 of 2025"]),
        ("2025年第12期", ["12 of 2025"]),
        ("云岭河长制工作简报 第13期", ["13 of 2026"]),
        ("第13期", ["13 of 2026"]),
        ("简报 第13", ["13 of 2026"]),
        ("云岭河长制工作简报", ["13 of 2026", "12 of 2026", "12 of 2025"]),
        ("#1", ["12 of 2025"]),
        ("#99", []),
        ("99", []),
        ("2024-12", []),
        ("%", []),
        (" ", []),
    ],
)
def test_an_editor_finds_a_bulletin_by_what_they_type(database: Database, typed: str, found: list[str]) -> None:
    for year, number in ((2025, "12"), (2026, "12"), (2026, "13")):
        freeze(database, frozen(letter("li"), year=year, number=number, digest=f"{year}-{number}"))
    with database.read() as conn:
        assert [f"{b.key.number} of {b.key.year}" for b in bulletins.find_by_number(conn, typed)] == found


def test_bulletins_are_found_by_digest_key_and_order(database: Database) -> None:
    first, _ = freeze(database, frozen(letter("li"), number="11", digest="a"))
    second, _ = freeze(database, frozen(letter("li"), number="12", digest="b"))
    edition, _ = freeze(database, frozen(letter("li"), number="12", digest="c", edition=2))
    with database.read() as conn:
        found = bulletins.find_by_digest(conn, "b")
        assert found is not None
        assert found.id == second
        assert bulletins.find_by_digest(conn, "z") is None
        assert [b.id for b in bulletins.find_by_key(conn, found.key)] == [second, edition]
        assert [b.id for b in bulletins.list_bulletins(conn)] == [edition, second, first]
        assert [b.id for b in bulletins.list_bulletins(conn, limit=1)] == [edition]
        before = bulletins.latest_before(conn, second)
        assert before is not None
        assert before.id == first
        assert bulletins.latest_before(conn, first) is None
        with pytest.raises(BadInput, match="no bulletin #77"):
            bulletins.get_bulletin(conn, 77)


@pytest.mark.parametrize("who", ["li@example.gov.cn", "LI@example.gov.cn", "Li", "石桥镇"])
def test_a_recipient_is_found_by_address_name_or_unit(database: Database, who: str) -> None:
    first, _ = freeze(database, frozen(letter("li"), number="11"))
    second, _ = freeze(database, frozen(letter("li"), number="12"))
    with database.read() as conn:
        assert [row.bulletin_id for row in deliveries.find_deliveries(conn, who, None)] == [second, first]
        assert [row.bulletin_id for row in deliveries.find_deliveries(conn, who, first)] == [first]
        assert deliveries.find_deliveries(conn, "nobody", None) == ()


def test_everyone_behind_a_shared_mailbox_is_found(database: Database) -> None:
    shared = replace(person("office"), people=("张三", "李四 100%"))
    freeze(database, frozen(Letter("各单位", "发", "email", "{}", (shared, person("wang")))))
    with database.read() as conn:
        for who in shared.people:
            assert [row.address for row in deliveries.find_deliveries(conn, who)] == [shared.address]
        assert deliveries.find_deliveries(conn, "张") == ()
        assert deliveries.find_deliveries(conn, "%") == ()


def test_token_hashes_stand_on_each_new_row(database: Database) -> None:
    with database.write() as conn:
        bulletins.save_frozen(
            conn, frozen(letter("li")), now=NOW, token_hashes=lambda delivery: (f"v{delivery}", f"l{delivery}")
        )
        row = conn.exec_driver_sql("SELECT id, verp_hash, link_hash FROM delivery").one()
    assert (row.verp_hash, row.link_hash) == (f"v{row.id}", f"l{row.id}")


def test_a_thousand_recipients_are_frozen_and_counted(database: Database) -> None:
    """More than one chunk of every statement."""
    number, result = freeze(database, frozen(letter(*(f"p{n}" for n in range(1100)))))
    assert result.added == 1100
    assert release(database, number) == 1100
    with database.write() as conn:
        assert len(claim(conn, owner="w", limit=1050, lease=dt.timedelta(seconds=60), now=NOW)) == 1050
        books = deliveries.books(conn, number)
    assert (books.planned, books.by_state) == (1100, {State.CLAIMED: 1050, State.QUEUED: 50})
    _, result = freeze(database, frozen(letter("p0")))
    assert (result.cancelled, result.kept) == (1099, 1)
