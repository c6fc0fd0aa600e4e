"""A bulletin with a send rule of its own: it wins over the office's, is frozen with the text, and is never guessed."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.dispatch.dropped import Fate
from distributor.dispatch.finalise import finalise
from distributor.dispatch.holds import give_hours, let_go
from distributor.dispatch.hours import HourPast, hour_of, next_hour
from distributor.dispatch.intake import prepare
from distributor.store.database import Database
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import HOUR, Bureau
from tests.integration.conftest import Clock

NOW = dt.datetime(2026, 11, 23, 9, 30, tzinfo=dt.UTC)  # Monday 17:30 at the office


def text(rule: str, *, number: int = 7) -> str:
    return f"---\nsend_at: {rule}\n---\n\n{BULLETIN.format(number=number)}"


@pytest.fixture
def bureau(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """An office whose rule is 17:00 on working days."""
    bureau = Bureau(tmp_path / "office", database, clock)
    settings = bureau.office.folder / "distributor.toml"
    ruled = settings.read_text(encoding="utf-8").replace("[send]", '[send]\nrule = "17:00 on working days"')
    settings.write_text(ruled, encoding="utf-8")
    clock.now = NOW
    bureau.by_rule = lambda after, own: next_hour(bureau.settings, after, own)
    return bureau


@pytest.mark.parametrize(
    ("rule", "due"),
    [
        ("at once", NOW),
        ("2026-12-01 09:00", dt.datetime(2026, 12, 1, 1, tzinfo=dt.UTC)),
        ("Monday 09:00", dt.datetime(2026, 11, 30, 1, tzinfo=dt.UTC)),
        ("工作日18:00", dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)),
    ],
    ids=["at once", "date", "Monday", "the same day"],
)
def test_its_own_rule_wins_over_that_of_the_office(bureau: Bureau, rule: str, due: dt.datetime) -> None:
    dropped = bureau.take(bureau.drop(text=text(rule)))
    assert (dropped.fate, dropped.due) == (Fate.TAKEN, due)
    assert {copy.next_attempt_at for copy in bureau.copies()} == {due}


def test_the_others_keep_to_the_rule_of_the_office(bureau: Bureau) -> None:
    bureau.take_and_move(bureau.drop(text=text("at once")))
    dropped = bureau.take(bureau.drop(number=8))
    assert dropped.due == dt.datetime(2026, 11, 24, 9, tzinfo=dt.UTC)


def test_the_rule_is_frozen_with_the_text(bureau: Bureau) -> None:
    path = bureau.drop(text=text("工作日 9:00"))
    finalise(bureau.database, prepare(path, bureau.settings), bureau.settings, bureau.key, now=NOW, actor="test")
    path.write_text(text("at once"), encoding="utf-8")
    [record] = bureau.bulletins
    assert record.send_rule == "09:00 on working days"
    assert hour_of(bureau.settings, record, NOW) == dt.datetime(2026, 11, 24, 1, tzinfo=dt.UTC)


def test_another_rule_is_another_text_and_takes_its_place_while_nothing_has_left(bureau: Bureau) -> None:
    for rule in ("2026-12-01 09:00", "2026-12-02 09:00"):
        path = bureau.office.write("by-hand.md", text(rule))
        prepared = prepare(path, bureau.settings)
        done = finalise(bureau.database, prepared, bureau.settings, bureau.key, now=NOW, actor="test")
    assert done.result.replaced
    assert [record.send_rule for record in bureau.bulletins] == ["2026-12-02 09:00"]


def test_an_hour_that_is_past_is_held_with_its_place_and_sent_by_nobody(bureau: Bureau) -> None:
    dropped = bureau.take(bureau.drop(text=text("2026-11-20 09:00")))

    assert dropped.fate is Fate.HELD
    [problem] = dropped.problems
    assert (problem.code, problem.grade, problem.place.line, problem.place.column) == (
        "send_rule_past",
        "warning",
        2,
        10,
    )
    assert {copy.next_attempt_at for copy in bureau.copies()} == {None}
    with pytest.raises(HourPast, match="into the bulletin"):
        resume(bureau)
    assert bureau.holds() == {"doubts"}  # nothing was lifted


def resume(bureau: Bureau) -> None:
    settings, record = bureau.settings, bureau.bulletins[0]
    with bureau.database.write() as conn:
        lifted = let_go(conn, 1, now=NOW, actor="test")
        give_hours(conn, record, lifted, lambda after: hour_of(settings, record, after), now=NOW, valid_for=HOUR)


def test_a_rule_that_is_not_understood_is_refused_before_anything_is_stored(bureau: Bureau) -> None:
    dropped = bureau.take(bureau.drop(text=text("明天上午")))
    assert dropped.fate is Fate.REFUSED
    assert [str(problem.place) for problem in dropped.problems] == [f"{bureau.inbox / '简报.md'}:2:10"]
    assert bureau.bulletins == ()


def test_who_is_listed_after_the_one_hour_of_the_rule_need_not_wait_for_another(bureau: Bureau) -> None:
    bureau.take_and_move(bureau.drop(text=text("2026-11-24 09:00")))
    bureau.clock.forward(days=2)
    [record] = bureau.bulletins
    assert hour_of(bureau.settings, record, bureau.clock.now) == bureau.clock.now
