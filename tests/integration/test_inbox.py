"""The drop folder: a whole file is finalised once, and what needs a person waits and says why."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.dispatch import taking_in as module
from distributor.dispatch.dropped import Fate, put_aside
from distributor.dispatch.finalise import finalise
from distributor.dispatch.holds import give_hours, let_go
from distributor.dispatch.hours import next_hour
from distributor.dispatch.inbox import Inbox
from distributor.dispatch.intake import prepare
from distributor.errors import BadInput, Unavailable
from distributor.store.audit import entries
from distributor.store.bulletins import get_source
from distributor.store.database import Database
from distributor.words import words
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import HOUR, Bureau
from tests.integration.conftest import Clock
from tests.integration.postgres import PostgresServer

OTHER_TEXT = BULLETIN.format(number=7).replace("整改问题6处", "整改问题7处")


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_file_counts_only_when_it_has_stopped_changing(folder: Path, clock: Clock) -> None:
    inbox, file = Inbox(folder), folder / "简报.md"
    file.write_text("half")
    assert inbox.ready(clock.now) == []
    clock.forward(seconds=1.9)
    file.write_text("half and more")
    assert inbox.ready(clock.now) == []
    clock.forward(seconds=1.9)
    assert inbox.ready(clock.now) == []
    clock.forward(seconds=0.1)
    assert inbox.ready(clock.now) == [file]


def test_a_file_that_was_replaced_by_one_of_the_same_size_counts_anew(folder: Path, clock: Clock) -> None:
    inbox, file = Inbox(folder), folder / "简报.md"
    file.write_text("one")
    inbox.ready(clock.now)
    clock.forward(seconds=5)
    (folder / "other").write_text("two")
    (folder / "other").replace(file)
    assert inbox.ready(clock.now) == []


@pytest.mark.parametrize("name", [".简报.md", "~简报.md", "简报.md.part", "图.png", "报告.report.txt", "folder.md/"])
def test_what_is_no_finished_bulletin_is_left_alone(folder: Path, clock: Clock, name: str) -> None:
    inbox = Inbox(folder)
    (folder / name).mkdir() if name.endswith("/") else (folder / name).write_text("text")
    inbox.ready(clock.now)
    clock.forward(hours=1)
    assert inbox.ready(clock.now) == []


def test_a_file_that_is_left_alone_counts_again_when_it_has_changed(folder: Path, clock: Clock) -> None:
    inbox, file = Inbox(folder), folder / "简报.md"
    file.write_text("one")
    inbox.ready(clock.now)
    inbox.leave(file)
    clock.forward(hours=1)
    assert inbox.ready(clock.now) == []
    file.write_text("another")
    inbox.ready(clock.now)
    clock.forward(seconds=3)
    assert inbox.ready(clock.now) == [file]


def test_a_folder_that_is_not_there_has_no_files(folder: Path, clock: Clock) -> None:
    assert Inbox(folder / "nowhere").ready(clock.now) == []


def test_a_dropped_file_is_finalised_and_due_at_its_hour(bureau: Bureau) -> None:
    dropped = bureau.take(bureau.drop())

    due = bureau.clock.now + HOUR
    assert (dropped.fate, dropped.due) == (Fate.TAKEN, due)
    assert {copy.next_attempt_at for copy in bureau.copies()} == {due}
    assert bureau.bulletins[0].released_at == due
    assert bureau.bulletins[0].valid_until == due + bureau.settings.send.valid_for
    with bureau.database.read() as conn:
        assert [entry.actor for entry in entries(conn)] == ["inbox"]


@pytest.mark.parametrize("second", ["简报.md", "another name.md"], ids=["dropped twice", "renamed"])
def test_the_same_text_again_changes_nothing_and_nothing_is_sent_twice(on_each: Bureau, second: str) -> None:
    on_each.take_and_move(on_each.drop())
    before = on_each.copies()
    on_each.clock.forward(days=1)

    there = on_each.take_and_move(on_each.drop(second))

    assert there.parent.name == Fate.KNOWN
    assert on_each.copies() == before
    assert len(on_each.bulletins) == 1


def test_another_text_under_a_known_number_holds_the_first_and_is_not_taken(on_each: Bureau) -> None:
    on_each.take_and_move(on_each.drop())
    there = on_each.take_and_move(on_each.drop(text=OTHER_TEXT))

    assert there.parent.name == Fate.HELD
    assert "--correction" in there.with_name(f"{there.name}.report.txt").read_text(encoding="utf-8")
    assert on_each.holds() == {"changed"}
    with on_each.database.read() as conn:
        assert get_source(conn, 1)[0].decode() == BULLETIN.format(number=7)


def test_a_bad_file_is_moved_aside_with_its_places_and_the_others_go_on(bureau: Bureau) -> None:
    bad = bureau.drop("a.md", text=BULLETIN.format(number=8).replace("核签：陆建", "核签："))
    good = bureau.drop("b.md")

    there, taken = bureau.take_and_move(bad), bureau.take_and_move(good)

    told = (there.parent / "a.md.report.txt").read_text(encoding="utf-8")
    assert there == bureau.inbox / "refused" / "a.md"
    assert "a.md:15" in told
    assert "核签" in told
    assert taken.parent.name == Fate.TAKEN
    assert [record.key.number for record in bureau.bulletins] == ["7"]


@pytest.mark.parametrize(
    "source", [b"", b"\0\1\2", b"\xff" * 10, b"# " + b"x" * 100_000], ids=["empty", "NUL", "no text", "long"]
)
def test_hostile_files_are_refused_and_never_raise(bureau: Bureau, source: bytes) -> None:
    path = bureau.inbox / "bad.md"
    path.write_bytes(source)
    assert bureau.take(path).fate is Fate.REFUSED
    assert bureau.bulletins == ()


def test_a_broken_directory_refuses_the_file_and_names_the_line(bureau: Bureau) -> None:
    bureau.office.write("recipients.yaml", "groups:\n  区领导:\n    direction: 上\n")
    dropped = bureau.take(bureau.drop())
    assert dropped.fate is Fate.REFUSED
    assert any(problem.place.line == 3 for problem in dropped.problems)


def test_warnings_hold_the_bulletin_at_its_hour_until_a_person_says_yes(bureau: Bureau) -> None:
    doubtful = BULLETIN.format(number=7).replace(
        "发：各镇人民政府、各街道办事处", "发：各镇人民政府、各街道办事处、县档案馆"
    )
    dropped = bureau.take(bureau.drop(text=doubtful))

    assert dropped.fate is Fate.HELD
    assert bureau.holds() == {"doubts"}
    assert any("县档案馆" in str(problem) for problem in dropped.problems)
    assert f"resume '#{dropped.bulletin_id}'" in str(dropped.do)
    with bureau.database.write() as conn:
        let_go(conn, 1, now=bureau.clock.now, actor="test")
    assert bureau.holds() == {None}
    assert {copy.next_attempt_at for copy in bureau.copies()} == {dropped.due}


def test_a_held_bulletin_whose_file_was_not_moved_before_a_crash_is_said_to_wait(on_each: Bureau) -> None:
    doubtful = BULLETIN.format(number=7).replace("、各街道办事处", "、各街道办事处、县档案馆")
    path = on_each.drop(text=doubtful)
    assert on_each.take(path).fate is Fate.HELD

    again = on_each.take(path)

    assert again.fate is Fate.HELD
    assert "resume '#1'" in str(again.do)


def test_a_list_that_has_lost_half_its_people_is_a_doubt(bureau: Bureau) -> None:
    bureau.office.recipients(leaders=1, units=9)
    bureau.take_and_move(bureau.drop(number=6))
    bureau.office.recipients(leaders=1, units=3)

    dropped = bureau.take(bureau.drop(number=7))

    assert dropped.fate is Fate.HELD
    assert [problem.code for problem in dropped.problems] == ["recipients_lost"]


class TestUnknownHour:
    """Nobody ships next year's 调休 yet; what the calendar does not know is never guessed."""

    @pytest.fixture(autouse=True)
    def _by_calendar(self, bureau: Bureau) -> None:
        bureau.office.write(
            "distributor.toml",
            (bureau.office.folder / "distributor.toml")
            .read_text(encoding="utf-8")
            .replace("[send]", '[send]\nrule = "17:00 on working days"'),
        )
        bureau.hour = lambda after: next_hour(bureau.settings, after)
        bureau.clock.now = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)

    def test_a_year_that_the_calendar_does_not_know_holds_the_bulletin(self, bureau: Bureau) -> None:
        dropped = bureau.take(bureau.drop())

        assert dropped.fate is Fate.HELD
        assert "2030" in str(dropped.what)
        assert bureau.holds() == {"hour"}
        assert {copy.next_attempt_at for copy in bureau.copies()} == {None}

    def test_dropped_again_when_the_year_is_known_it_goes_out_at_its_hour(self, bureau: Bureau) -> None:
        bureau.take_and_move(bureau.drop())
        bureau.hour = lambda after: after + HOUR

        dropped = bureau.take(bureau.drop())

        assert dropped.fate is Fate.TAKEN
        assert bureau.holds() == {None}
        assert {copy.next_attempt_at for copy in bureau.copies()} == {bureau.clock.now + HOUR}

    def test_resume_gives_it_its_hour_as_well(self, bureau: Bureau) -> None:
        bureau.take(bureau.drop())
        now, record = bureau.clock.now, bureau.bulletins[0]
        with bureau.database.write() as conn:
            lifted = let_go(conn, 1, now=now, actor="test")
            given = give_hours(conn, record, lifted, lambda after: after + HOUR, now=now, valid_for=HOUR)
        assert given == len(bureau.copies())
        assert {copy.next_attempt_at for copy in bureau.copies()} == {now + HOUR}

    def test_doubts_are_not_forgotten_over_it(self, bureau: Bureau) -> None:
        bureau.office.recipients(leaders=1, units=9)
        known, bureau.hour = bureau.hour, lambda after: after + HOUR
        bureau.take_and_move(bureau.drop(number=6))
        bureau.office.recipients(leaders=1, units=3)
        bureau.hour = known
        bureau.take_and_move(bureau.drop(number=7))
        bureau.hour = lambda after: after + HOUR

        dropped = bureau.take(bureau.drop(number=7))

        assert dropped.fate is Fate.HELD
        assert bureau.holds(2) == {"doubts"}


def test_37_a_database_that_is_away_leaves_the_file_where_it_is(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = bureau.drop()

    def away(*_: object, **__: object) -> None:
        raise Unavailable(words("The database is away."))

    monkeypatch.setattr(module, "freeze", away)
    with pytest.raises(Unavailable):
        bureau.take(path)
    assert path.exists()
    monkeypatch.undo()
    assert bureau.take(path).fate is Fate.TAKEN


def test_39_a_connection_that_was_cut_leaves_the_file_and_the_next_look_takes_it(
    tmp_path: Path, postgres: Database, postgres_url: str, postgres_server: PostgresServer, clock: Clock
) -> None:
    bureau = Bureau(tmp_path / "office", postgres, clock)
    path = bureau.drop()
    postgres_server.disconnect_all(postgres_url)
    assert bureau.take(path).fate is Fate.TAKEN


def test_a_crash_between_finalising_and_releasing_ends_with_one_release(on_each: Bureau) -> None:
    path = on_each.drop()
    finalise(
        on_each.database,
        prepare(path, on_each.settings),
        on_each.settings,
        on_each.key,
        now=on_each.clock.now,
        actor="inbox",
    )
    assert {copy.next_attempt_at for copy in on_each.copies()} == {None}

    on_each.clock.forward(minutes=10)
    first = on_each.take(path)
    copies = on_each.copies()
    on_each.clock.forward(minutes=10)
    second = on_each.take(path)  # the crash was before the file was moved

    assert (first.fate, second.fate) == (Fate.TAKEN, Fate.KNOWN)
    assert on_each.copies() == copies
    assert {copy.next_attempt_at for copy in copies} == {first.due}


def test_what_the_rule_of_the_hour_refuses_is_told_and_held(bureau: Bureau) -> None:
    def past(after: dt.datetime) -> dt.datetime:
        raise BadInput(words("The hour is past."), do=words("Write another rule."))

    bureau.hour = past
    dropped = bureau.take(bureau.drop())
    assert (dropped.fate, str(dropped.what), str(dropped.do)) == (Fate.HELD, "The hour is past.", "Write another rule.")


def test_a_file_never_covers_an_earlier_one_of_its_name(bureau: Bureau) -> None:
    there = [bureau.take_and_move(bureau.drop(text=f"nothing {n}")) for n in range(3)]
    assert [path.name for path in there] == ["简报.md", "简报-2.md", "简报-3.md"]
    assert [path.read_text() for path in there] == ["nothing 0", "nothing 1", "nothing 2"]
    assert all(path.with_name(f"{path.name}.report.txt").exists() for path in there)


def test_a_file_that_is_gone_by_then_is_refused_in_words(bureau: Bureau) -> None:
    path = bureau.drop()
    path.unlink()
    dropped = bureau.take(path)
    assert dropped.fate is Fate.REFUSED
    with pytest.raises(FileNotFoundError):
        put_aside(path, dropped)
