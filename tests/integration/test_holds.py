"""Letters on hold: the command that a hold names lets them go, with their hour, and nothing goes without one."""

import datetime as dt
import re
from pathlib import Path

import pytest

from distributor.delivery.decision import Decision
from distributor.dispatch import taking_in
from distributor.dispatch.decisions import Decided, decide
from distributor.dispatch.dropped import Fate
from distributor.dispatch.holds import CHANGED, DOUBTS, HOUR, LATE, LIST_CHANGED, give_hours, hold_letters, let_go
from distributor.dispatch.hours import HourPast, hour_of
from distributor.dispatch.plan import Selection, make_plan
from distributor.dispatch.send import release_plan
from distributor.reports.story import hold_words
from distributor.store.claims import sweep
from distributor.store.database import Connection, Database
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord
from distributor.words import words
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import HOUR as AN_HOUR
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

GRACE = dt.timedelta(hours=2)


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", database, clock)


def _past(after: dt.datetime) -> dt.datetime:
    raise HourPast(words("The hour is past."))


def held_for_its_hour(bureau: Bureau) -> BulletinRecord:
    bureau.hour = _past
    assert bureau.take(bureau.drop()).fate is Fate.HELD
    assert bureau.holds() == {HOUR}
    return bureau.bulletins[0]


def retry(bureau: Bureau, *, hour: dt.timedelta | None = AN_HOUR, **only: frozenset[str]) -> Decided:
    """What `distributor retry` does; without an hour, the rule names none."""
    return decide(
        bureau.database,
        Decision.RETRY,
        bureau.bulletins[0],
        Selection(**only),
        now=bureau.clock.now,
        hour=_past if hour is None else lambda after: after + hour,
        valid_for=GRACE,
        actor="test",
    )


def test_retry_gives_a_letter_without_an_hour_its_hour(bureau: Bureau) -> None:
    held_for_its_hour(bureau)
    done = retry(bureau)
    assert done.holds_lifted == 2
    assert bureau.holds() == {None}
    assert {copy.next_attempt_at for copy in bureau.copies()} == {bureau.clock.now + AN_HOUR}


def test_retry_lifts_nothing_while_the_hour_cannot_be_worked_out(bureau: Bureau) -> None:
    held_for_its_hour(bureau)
    with pytest.raises(HourPast):
        retry(bureau, hour=None)
    assert bureau.holds() == {HOUR}
    assert {copy.next_attempt_at for copy in bureau.copies()} == {None}


def test_retry_of_one_group_gives_an_hour_to_that_group_alone(bureau: Bureau) -> None:
    held_for_its_hour(bureau)
    retry(bureau, groups=frozenset({"区领导"}))
    assert {copy.group: copy.next_attempt_at for copy in bureau.copies()} == {
        "区领导": bureau.clock.now + AN_HOUR,
        "各单位": None,
    }


def test_send_now_answers_the_question_of_the_hour(bureau: Bureau) -> None:
    record, now = held_for_its_hour(bureau), bureau.clock.now
    with bureau.database.read() as conn:
        waits = make_plan(conn, record, Selection(), now=now)
        plan = make_plan(conn, record, Selection(), now=now, at_once=True)
    assert (waits.to_send, plan.to_send) == (0, 3)
    assert release_plan(bureau.database, plan, bureau.settings, at=now, now=now, actor="test") == 3
    assert bureau.holds() == {None}
    assert {copy.next_attempt_at for copy in bureau.copies()} == {now}


@pytest.mark.parametrize("reason", [DOUBTS, CHANGED, LIST_CHANGED])
def test_send_now_answers_no_other_question(bureau: Bureau, reason: str) -> None:
    bureau.take(bureau.drop())
    with bureau.database.write() as conn:
        hold_letters(conn, dispatches_of(conn, 1), reason, now=bureau.clock.now, actor="test")
    with bureau.database.read() as conn:
        assert make_plan(conn, bureau.bulletins[0], Selection(), now=bureau.clock.now, at_once=True).to_send == 0


@pytest.mark.parametrize("reason", [LATE, LIST_CHANGED, CHANGED, DOUBTS, HOUR])
def test_the_words_of_a_hold_name_the_command_that_lets_it_go(bureau: Bureau, reason: str) -> None:
    bureau.take(bureau.drop())
    with bureau.database.write() as conn:
        hold_letters(conn, dispatches_of(conn, 1), reason, now=bureau.clock.now, actor="test")
    assert "`distributor resume 7`" in re.sub(r"\s+", " ", str(hold_words(reason, "7")))
    with bureau.database.write() as conn:
        assert len(resume(conn, bureau)) == 2
    assert bureau.holds() == {None}


def resume(conn: Connection, bureau: Bureau) -> tuple[object, ...]:
    record, now = bureau.bulletins[0], bureau.clock.now
    lifted = let_go(conn, 1, now=now, actor="test")
    give_hours(conn, record, lifted, lambda after: hour_of(bureau.settings, record, after), now=now, valid_for=GRACE)
    return lifted


def test_what_was_held_beyond_its_time_is_not_given_up_when_a_person_lets_it_go(bureau: Bureau) -> None:
    bureau.take(bureau.drop())
    with bureau.database.write() as conn:
        hold_letters(conn, dispatches_of(conn, 1), LATE, now=bureau.clock.now, actor="test")
    bureau.clock.forward(days=30)
    with bureau.database.write() as conn:
        assert sweep(conn, now=bureau.clock.now).expired == 0
        resume(conn, bureau)
        assert sweep(conn, now=bureau.clock.now).expired == 0
    assert {copy.valid_until for copy in bureau.copies()} == {bureau.clock.now + GRACE}
    assert bureau.bulletins[0].valid_until == bureau.clock.now + GRACE


def test_a_crash_between_finalising_and_releasing_forgets_no_doubt(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list that lost people would by then be the one that the next look compares with."""
    bureau.office.recipients(leaders=1, units=9)
    bureau.take_and_move(bureau.drop(number=6))
    bureau.office.recipients(leaders=1, units=3)
    path = bureau.drop(text=BULLETIN.format(number=7))

    def dies(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(taking_in, "release", dies)
    with pytest.raises(KeyboardInterrupt):
        bureau.take(path)
    monkeypatch.undo()
    dropped = bureau.take(path)

    assert dropped.fate is Fate.HELD
    assert [problem.code for problem in dropped.problems] == ["recipients_lost"]
    assert dropped.bulletin_id is not None
    assert bureau.holds(dropped.bulletin_id) == {DOUBTS}
