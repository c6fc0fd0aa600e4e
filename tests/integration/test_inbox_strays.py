"""What lies in the drop folder and is no bulletin: moved aside and told once, or left to the program that owns it."""

import io
from pathlib import Path

import pytest
from PIL import Image

from distributor.dispatch.dropped import Fate, put_aside
from distributor.dispatch.inbox import Inbox
from distributor.dispatch.taking_in import take_stray
from distributor.service.duties import Duties
from distributor.service.office import Office
from distributor.store import alerts
from distributor.store.database import Database
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock


def png() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (4, 3)).save(made, "PNG")
    return made.getvalue()


PNG = png()
WITH_PICTURE = BULLETIN.format(number=7).replace("**石桥镇", "![巡河现场](巡河.png)\n\n**石桥镇")


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def office(bureau: Bureau) -> Office:
    return Office(
        file=bureau.office.folder / "distributor.toml",
        settings=bureau.settings,
        database=bureau.database,
        key=bureau.key,
        owner="test",
        clock=bureau.clock,
    )


def drop(folder: Path, name: str, content: bytes = b"content") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def strays(inbox: Inbox, clock: Clock, **later: float) -> list[str]:
    inbox.ready(clock.now)
    clock.forward(**later)
    inbox.ready(clock.now)
    return [path.name for path in inbox.strays(clock.now)]


@pytest.mark.parametrize("name", ["简报.txt", "简报.htm", "名单.xlsx", "简报.zip", "README", "简报"])
def test_a_file_that_is_not_read_is_moved_aside_when_it_has_rested(tmp_path: Path, clock: Clock, name: str) -> None:
    drop(tmp_path, name)
    assert strays(Inbox(tmp_path), clock, seconds=59) == []
    assert strays(Inbox(tmp_path), clock, seconds=60) == [name]


def test_a_file_that_is_still_being_copied_waits(tmp_path: Path, clock: Clock) -> None:
    inbox = Inbox(tmp_path)
    for part in range(1, 6):
        drop(tmp_path, "简报.zip", b"x" * part)
        assert strays(inbox, clock, seconds=59) == []
    assert strays(inbox, clock, seconds=60) == ["简报.zip"]


LEFT_ALONE = (
    *("~$简报.docx", ".简报.md.swp", "简报.tmp", ".~lock.简报.docx#", "简报.md~", "简报.zip.part", "x.crdownload"),
    *("简报.BAK", "Thumbs.db", "desktop.ini", ".DS_Store", "简报.md.report.txt", "taken/简报.md", "图/巡河.png"),
)


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_a_program_keeps_there_is_left_alone(tmp_path: Path, clock: Clock, name: str) -> None:
    drop(tmp_path, name)
    assert strays(Inbox(tmp_path), clock, days=3) == []


@pytest.mark.parametrize("name", ["简报.doc", "简报.WPS", "简报.pdf", "简报.docx", "简报.ofd"])
def test_files_of_word_processors_go_to_the_reading_room_that_knows_what_to_say(
    tmp_path: Path, clock: Clock, name: str
) -> None:
    inbox, path = Inbox(tmp_path), drop(tmp_path, name)
    inbox.ready(clock.now)
    clock.forward(seconds=2)
    assert inbox.ready(clock.now) == [path]
    assert inbox.strays(clock.now) == []


def test_a_folder_with_a_bulletin_in_it_is_told_of(bureau: Bureau, clock: Clock) -> None:
    path = drop(bureau.inbox, "第7期/简报.md").parent
    assert strays(Inbox(bureau.inbox), clock, minutes=1) == ["第7期"]
    there = put_aside(path, take_stray(path, bureau.database))
    assert there == bureau.inbox / Fate.REFUSED / "第7期"
    assert (there / "简报.md").exists()
    assert "folder" in there.with_name("第7期.report.txt").read_text(encoding="utf-8")


def test_a_picture_waits_for_its_bulletin_and_goes_when_that_is_known(bureau: Bureau, clock: Clock) -> None:
    inbox = Inbox(bureau.inbox)
    picture = drop(bureau.inbox, "巡河.png", PNG)
    bulletin = bureau.drop(text=WITH_PICTURE)
    assert strays(inbox, clock, hours=2) == []  # a bulletin lies there, and may show it
    taken = bureau.take_and_move(bulletin)
    assert taken.parent.name == Fate.TAKEN
    assert strays(inbox, clock, hours=2) == ["巡河.png"]
    assert take_stray(picture, bureau.database).fate is Fate.KNOWN


def test_a_picture_without_a_bulletin_is_refused_after_an_hour(bureau: Bureau, clock: Clock) -> None:
    picture = drop(bureau.inbox, "logo.JPG", PNG)
    inbox = Inbox(bureau.inbox)
    assert strays(inbox, clock, minutes=59) == []
    assert strays(inbox, clock, minutes=1) == ["logo.JPG"]
    dropped = take_stray(picture, bureau.database)
    assert dropped.fate is Fate.REFUSED
    assert "together with the bulletin" in str(dropped.do)


def test_the_service_moves_a_stray_aside_and_tells_the_editor_once(bureau: Bureau, office: Office) -> None:
    drop(bureau.inbox, "简报.txt")
    duties = Duties(office, bureau.by_rule)
    for _ in range(70):
        duties.tick()
        bureau.clock.forward(seconds=1)
    assert [path.name for path in (bureau.inbox / "refused").iterdir()] == ["简报.txt", "简报.txt.report.txt"]
    with bureau.database.read() as conn:
        [told] = [one for one in alerts.alerts(conn) if one.cause.startswith("inbox:")]
    assert (told.cause, told.count) == ("inbox:简报.txt", 1)
    assert ".md" in told.what


def test_a_stray_that_cannot_be_moved_is_told_once_and_keeps_no_bulletin_waiting(
    bureau: Bureau, office: Office
) -> None:
    drop(bureau.inbox, "简报.txt")
    (bureau.inbox / "refused").write_text("in the way")
    duties = Duties(office, bureau.by_rule)
    for _ in range(70):
        duties.tick()
        bureau.clock.forward(seconds=1)
    bureau.drop()
    for _ in range(5):
        duties.tick()
        bureau.clock.forward(seconds=1)
    assert len(bureau.bulletins) == 1
    with bureau.database.read() as conn:
        assert [(one.cause, one.count) for one in alerts.alerts(conn) if "txt" in one.cause] == [("inbox:简报.txt", 1)]
