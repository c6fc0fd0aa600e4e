"""The example that ships as a Word file: rebuilt byte for byte, without findings, and fit to be mailed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from distributor.bulletin.reading import read_bulletin
from distributor.dispatch.dropped import Fate
from distributor.dispatch.finalise import finalise
from distributor.dispatch.inbox import Inbox
from distributor.dispatch.intake import prepare
from distributor.store.bulletins import get_source
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tools.word_example import FILE, build

OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


def test_the_example_is_what_its_tool_writes() -> None:
    assert FILE.read_bytes() == build()


def test_the_example_has_no_findings_and_is_whole() -> None:
    reading = read_bulletin(FILE)
    assert reading.findings == ()
    bulletin = reading.bulletin
    assert (bulletin.title, bulletin.issue_no, bulletin.total_no) == ("云岭区河湖保护工作简报", 13, 88)
    assert [section.heading for section in bulletin.sections] == ["工作部署", "巡河通报"]
    first, second, third = (item for section in bulletin.sections for item in section.items)
    assert [type(block).__name__ for block in first.body] == ["Paragraph", "BulletList"]
    assert "4.8万m²" in str(first.body[0])
    assert second.attribution == "区生态环境局"
    assert [type(block).__name__ for block in third.body] == ["Paragraph", "Table", "Paragraph", "Picture"]
    assert bulletin.copies == 60
    assert len(reading.assets) == 1


def test_a_word_file_is_finalised_like_any_other(tmp_path: Path, sqlite: Database, clock: Clock) -> None:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    file = tmp_path / "office" / "river-13.docx"
    shutil.copy(FILE, file)
    prepared = prepare(file, bureau.settings)
    assert [problem.code for problem in prepared.reading.findings] == []
    for letter in prepared.letters:
        assert "cid:" in letter.rendition.html
        assert "4.8万m²" in letter.rendition.text
    done = finalise(sqlite, prepared, bureau.settings, bureau.key, now=clock.now, actor="test")
    with sqlite.read() as conn:
        source, assets = get_source(conn, done.record.id)
    assert source == FILE.read_bytes()
    assert assets == prepared.reading.assets


def test_a_word_file_in_the_drop_folder_is_taken_in(tmp_path: Path, sqlite: Database, clock: Clock) -> None:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    shutil.copy(FILE, bureau.inbox)
    (bureau.inbox / "旧稿.doc").write_bytes(OLE)
    inbox = Inbox(bureau.inbox)
    inbox.ready(clock())
    clock.forward(seconds=5)
    dropped = {path.name: bureau.take(path) for path in inbox.ready(clock())}
    assert dropped["river-13.docx"].bulletin_id is not None
    assert dropped["旧稿.doc"].fate is Fate.REFUSED
    assert ".docx" in str(dropped["旧稿.doc"].do)


def test_what_is_wrong_between_a_word_file_and_the_directory_names_the_paragraph(
    tmp_path: Path, sqlite: Database, clock: Clock
) -> None:
    bureau = Bureau(tmp_path / "office", sqlite, clock)
    file = tmp_path / "office" / "river-13.docx"
    shutil.copy(FILE, file)
    prepared = prepare(file, bureau.settings)
    found = [each for each in prepared.findings if each.place.file == "river-13.docx"]
    assert found
    assert {each.place.near[:2] for each in found} <= {"报：", "送：", "发："}
    assert all(each.place.paragraph and not each.place.line for each in found)


def test_a_refused_word_file_is_told_in_words_a_writer_can_follow(tmp_path: Path) -> None:
    (tmp_path / "旧稿.doc").write_bytes(OLE)
    done = subprocess.run(
        [sys.executable, "-m", "distributor", "--lang", "en", "check", "旧稿.doc", "--text-only", "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["place"]) == ("bad_input", "旧稿.doc")
    assert "save it as a Word document (.docx)" in error["do"]
