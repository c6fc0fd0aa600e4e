"""Letters whose hour is past and letters whose list was edited: what waits, what goes, and what resume does."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.delivery.state import State
from distributor.dispatch.finalise import finalise
from distributor.dispatch.holds import give_hours, let_go
from distributor.dispatch.intake import prepare
from distributor.dispatch.late import hold_changed_lists, hold_late
from distributor.dispatch.send import sender
from distributor.errors import BadFile
from distributor.service.duties import Duties
from distributor.service.looking_back import look_back
from distributor.store.alerts import alerts
from distributor.store.audit import entries
from distributor.store.claims import claim
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

GRACE = dt.timedelta(hours=2)


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


def late(bureau: Bureau) -> list[int]:
    with bureau.database.write() as conn:
        return [record.id for record in hold_late(conn, GRACE, now=bureau.clock.now)]


def changed(bureau: Bureau) -> list[int]:
    return [record.id for record in hold_changed_lists(bureau.database, bureau.settings, now=bureau.clock.now)]


def take_one(bureau: Bureau, limit: int = 1) -> int:
    """Claims due copies as a sender would; returns how many."""
    with bureau.database.write() as conn:
        found = claim(conn, owner="test/1", limit=limit, lease=GRACE, now=bureau.clock.now)
    return len(found)


@pytest.mark.parametrize(
    ("after", "reason"),
    [({"minutes": 10}, None), ({"hours": 2}, None), ({"hours": 2, "seconds": 1}, "late"), ({"hours": 10}, "late")],
    ids=["10 minutes", "all of the grace", "a second more", "10 hours"],
)
def test_84_a_letter_is_held_when_its_hour_was_missed_by_more_than_the_grace(
    on_each: Bureau, after: dict[str, float], reason: str | None
) -> None:
    on_each.release()
    on_each.clock.forward(**after)

    assert late(on_each) == ([1] if reason else [])
    assert on_each.holds() == {reason}
    assert bool(take_one(on_each)) is (reason is None)


def test_84_what_ran_out_of_time_during_a_long_stop_waits_for_a_person_who_is_told(on_each: Bureau) -> None:
    on_each.clock.now = dt.datetime.now(dt.UTC) - dt.timedelta(days=4)  # a copy is worth sending for three
    on_each.release()
    on_each.clock.forward(days=4)
    office = on_each.service()

    with sender(on_each.database, (), owner="service", clock=on_each.clock):
        look_back(office)
        Duties(office, on_each.by_rule).tick()

    assert on_each.holds() == {"late"}
    assert {copy.state for copy in on_each.copies()} == {State.QUEUED}
    with on_each.database.read() as conn:
        assert "late:1" in {one.cause for one in alerts(conn)}


def test_sending_one_bulletin_by_hand_gives_up_no_other_that_is_out_of_date(on_each: Bureau) -> None:
    old, new = on_each.release(7), on_each.release(8)
    on_each.clock.forward(days=4)

    with sender(on_each.database, [new.id], owner="send", clock=on_each.clock):
        pass

    assert {copy.state for copy in on_each.copies(old.id)} == {State.QUEUED}
    assert {copy.state for copy in on_each.copies(new.id)} == {State.FAILED}


def test_a_letter_whose_hour_is_to_come_is_not_late(bureau: Bureau) -> None:
    bureau.hour = lambda after: after + dt.timedelta(days=3)
    bureau.take(bureau.drop())
    bureau.clock.forward(days=2)
    assert late(bureau) == []


def test_a_letter_that_was_never_released_is_not_late(bureau: Bureau) -> None:
    path = bureau.office.folder / "bulletin.md"
    finalise(
        bureau.database, prepare(path, bureau.settings), bureau.settings, bureau.key, now=bureau.clock.now, actor="x"
    )
    bureau.clock.forward(days=2)
    assert late(bureau) == []


def test_a_letter_that_has_begun_goes_on_however_late(bureau: Bureau) -> None:
    bureau.office.recipients(leaders=2, units=2)
    bureau.release()
    one_of_each = {copy.group: copy.id for copy in bureau.copies()}
    with bureau.database.write() as conn:
        now, ids = bureau.clock.now, list(one_of_each.values())
        assert len(claim(conn, owner="test/1", limit=4, lease=GRACE, now=now, delivery_ids=ids)) == 2
    bureau.clock.forward(hours=10)
    assert late(bureau) == []
    assert take_one(bureau, limit=10) == 2


def test_only_the_group_that_has_not_begun_is_late(bureau: Bureau) -> None:
    bureau.release()
    first = {copy.group for copy in bureau.copies() if copy.direction == "报"}
    with bureau.database.write() as conn:
        leader = next(copy.id for copy in bureau.copies() if copy.group in first)
        claim(conn, owner="test/1", limit=1, lease=GRACE, now=bureau.clock.now, delivery_ids=[leader])
    bureau.clock.forward(hours=3)
    assert late(bureau) == [1]
    assert bureau.holds() == {None, "late"}


def test_held_twice_is_told_once_and_booked_once(bureau: Bureau) -> None:
    bureau.release()
    bureau.clock.forward(hours=3)
    assert late(bureau) == [1]
    assert late(bureau) == []
    with bureau.database.read() as conn:
        held = [entry for entry in entries(conn) if entry.action == "bulletin.held"]
    assert len(held) == 1


def test_resume_lets_a_late_letter_go_at_once(on_each: Bureau) -> None:
    record = on_each.release()
    on_each.clock.forward(hours=3)
    late(on_each)
    with on_each.database.write() as conn:
        lifted = let_go(conn, record.id, now=on_each.clock.now, actor="test")
        given = give_hours(conn, record, lifted, _never, now=on_each.clock.now, valid_for=GRACE)
    assert (len(lifted), given) == (2, 0)
    assert take_one(on_each, limit=10) == 3


def _never(after: dt.datetime) -> dt.datetime:
    raise AssertionError("the hour is known")


def test_recipients_that_were_edited_before_the_hour_hold_the_letter(on_each: Bureau) -> None:
    on_each.take(on_each.drop())
    assert changed(on_each) == []
    on_each.office.recipients(leaders=1, units=3)

    assert changed(on_each) == [1]
    assert changed(on_each) == []
    assert on_each.holds() == {"list_changed"}
    on_each.clock.forward(hours=2)
    assert take_one(on_each) == 0


def test_an_edit_that_changes_nobody_holds_nothing(bureau: Bureau) -> None:
    bureau.take(bureau.drop())
    file = bureau.office.folder / "recipients.yaml"
    file.write_text("# a comment\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert changed(bureau) == []


def test_an_edit_after_the_first_letter_left_holds_nothing(bureau: Bureau) -> None:
    bureau.release()
    take_one(bureau, limit=10)
    bureau.office.recipients(leaders=1, units=3)
    assert changed(bureau) == []


def test_finalised_again_and_resumed_the_new_list_goes_out_at_the_hour(bureau: Bureau) -> None:
    due = bureau.take(path := bureau.drop()).due
    assert due is not None
    bureau.office.recipients(leaders=1, units=3)
    changed(bureau)
    bureau.clock.forward(minutes=5)
    now, settings = bureau.clock.now, bureau.settings
    finalise(bureau.database, prepare(path, settings), settings, bureau.key, now=now, actor="test")

    with bureau.database.write() as conn:
        lifted = let_go(conn, 1, now=now, actor="test")
        given = give_hours(conn, bureau.bulletins[0], lifted, _never, now=now, valid_for=GRACE)

    assert given == 1
    assert {copy.next_attempt_at for copy in bureau.copies()} == {due}
    assert changed(bureau) == []


def test_43_a_directory_broken_in_the_middle_of_an_edit_leaves_the_frozen_list_in_force(bureau: Bureau) -> None:
    bureau.take(bureau.drop())
    bureau.office.write("recipients.yaml", "groups:\n  区领导: [\n")
    with pytest.raises(BadFile):
        changed(bureau)
    assert bureau.holds() == {None}


def test_without_anything_that_waits_the_directory_is_not_read(bureau: Bureau) -> None:
    bureau.office.write("recipients.yaml", "groups: [")
    assert changed(bureau) == []
