"""The demo: the whole job on this machine, with three answers that say that they are simulated."""

import json
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from distributor.cli import main
from distributor.receipts.simulated import MARK
from distributor.store.database import Database
from distributor.store.receipt_records import receipts_of_bulletin


def demo(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Runs the demo within this process; a terminal of its own is not needed."""
    code = main(["--lang", "en", "demo", "--folder", str(folder), *options])
    return code, capsys.readouterr().out


def proved(document: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """State and evidence of those copies of which something came back, by name."""
    return {
        one["name"]: (one["state"], one["evidence"]) for one in document["deliveries"] if one["evidence"] != "accepted"
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "output"


def test_three_letters_are_answered_and_each_answer_proves_its_own_rung(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out = demo(folder, capsys, "--json")
    document = json.loads(out)
    assert (code, document["sent"], document["books"]["finished"]) == (0, True, True)
    assert proved(document) == {
        "陆知远": ("delivered", "delivered"),
        "办公室": ("delivered", "read"),
        "方启明": ("delivered", "signed"),
    }
    again, out = demo(folder, capsys)
    assert again == 0
    assert "already been distributed" in out
    assert len(list((folder / "mailbox").glob("*.eml"))) == 15


def test_what_a_demo_makes_up_says_so_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = demo(tmp_path / "output", capsys)
    answers = [line for line in out.splitlines() if "模拟:" in line]
    assert code == 0
    assert len(answers) == 3
    assert [word for line in answers for word in ("DSN", "MDN", "签收") if word in line.rpartition("模拟:")[2]] == [
        "DSN",
        "MDN",
        "签收",
    ]
    for name in ("dsn", "mdn"):
        report = message_from_bytes((tmp_path / "output" / "answers" / f"{name}.eml").read_bytes(), policy=default)
        assert (report[MARK], "simulated" in report["subject"]) == ("yes", True)
    database = Database.open(f"sqlite:///{tmp_path}/output/data/distributor.db")
    with database.read() as conn:
        receipts = [one for each in receipts_of_bulletin(conn, 1).values() for one in each]
    database.close()
    assert [one.details["name"] for one in receipts if one.kind == "signed"] == ["方启明（模拟）"]


def test_the_gallery_shows_the_reader_s_page_before_and_after_with_nothing_to_be_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert demo(tmp_path / "output", capsys)[0] == 0
    gallery = tmp_path / "output" / "gallery"
    index = (gallery / "index.html").read_text(encoding="utf-8")
    before, after = ((gallery / name).read_text(encoding="utf-8") for name in ("reader.html", "reader-signed.html"))
    assert 'value="sign">签收</button>' in before
    assert "已签收" in after
    assert "方启明（模拟）" in after
    for page in (before, after):
        assert "data:text/css;base64," in page
        assert 'src="http' not in page
        assert "../assets" not in page
    assert 'src="reader.html"' in index
    assert 'src="reader-signed.html"' in index
    # A second demo sends nothing, and still shows what the first one's reader saw.
    assert demo(tmp_path / "output", capsys)[0] == 0
    assert 'src="reader-signed.html"' in (gallery / "index.html").read_text(encoding="utf-8")


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    code, _ = demo(tmp_path, capsys, "--fresh")
    assert code == 2
    assert (tmp_path / "thesis.doc").read_text() == "mine"
