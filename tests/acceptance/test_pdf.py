"""The PDF from the bulletin's file to the reader's mailbox: who gets it, what is frozen, what stops it."""

from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox
from tests.acceptance.letterbox import by_address
from tests.acceptance.office import Office

NAME = "云岭区巡河工作快报第7期.pdf"


def edited(office: Office, file: str, old: str, new: str) -> None:
    text = (office.folder / file).read_text(encoding="utf-8")
    assert old in text
    office.write(file, text.replace(old, new, 1))


def files(mailbox: Mailbox) -> dict[str, dict[str, bytes]]:
    return {address.partition("@")[0]: letter.files for address, letter in by_address(mailbox).items()}


def test_superiors_get_the_pdf_and_all_of_them_the_same_one(office: Office, mailbox: Mailbox) -> None:
    office.recipients(leaders=2, units=2)
    assert office.ask("pdf", "bulletin.md", "-o", str(office.folder / "own.pdf")).code == 0

    assert office.ask("send", "bulletin.md", "--yes").code == 0

    own = (office.folder / "own.pdf").read_bytes()
    assert files(mailbox) == {"leader1": {NAME: own}, "leader2": {NAME: own}, "unit1": {}, "unit2": {}}


def test_a_group_says_itself_which_files_it_gets(office: Office, mailbox: Mailbox) -> None:
    edited(office, "recipients.yaml", "direction: 报", "direction: 报\n    attach: []")
    edited(office, "recipients.yaml", "direction: 发", "direction: 发\n    attach: [pdf]")

    assert office.ask("send", "bulletin.md", "--yes").code == 0

    assert {name: list(found) for name, found in files(mailbox).items()} == {
        "leader1": [],
        "unit1": [NAME],
        "unit2": [NAME],
    }


def test_what_was_finalised_is_what_is_attached(office: Office, mailbox: Mailbox) -> None:
    """Templates that change between finalising and sending change no letter."""
    assert office.ask("pdf", "bulletin.md", "-o", str(office.folder / "own.pdf")).code == 0
    assert office.ask("finalise", "bulletin.md").code == 0
    edited(office, "distributor.toml", "[send]", '[folders]\ntemplates = "templates"\n\n[send]')
    office.write("templates/pdf/tail.typ", "#let tail(paper) = [另一个版记]")

    assert office.ask("send", "7", "--yes").code == 0

    assert files(mailbox)["leader1"] == {NAME: (office.folder / "own.pdf").read_bytes()}


def test_the_same_text_finalised_again_is_the_same_letter(office: Office) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    before = {delivery.dispatch_id for delivery in office.deliveries()}
    office.recipients(leaders=2, units=2)

    assert office.ask("finalise", "bulletin.md", "--yes").code == 0

    assert {delivery.dispatch_id for delivery in office.deliveries()} == before


def test_a_correction_is_marked_on_the_paper_and_in_the_name(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    edited(office, "bulletin.md", "整改问题6处", "整改问题9处")
    assert office.ask("pdf", "bulletin.md", "-o", str(office.folder / "unmarked.pdf")).code == 0
    assert office.ask("finalise", "bulletin.md", "--correction").code == 0
    for path in mailbox.received:
        path.unlink()
    mailbox.received.clear()

    assert office.ask("send", "7", "--yes").code == 0

    (file,) = files(mailbox)["leader1"].items()
    assert file[0] == "云岭区巡河工作快报第7期（更正）.pdf"
    assert file[1] != (office.folder / "unmarked.pdf").read_bytes()


def test_a_name_that_cannot_be_printed_stops_the_bulletin_at_its_place(office: Office, mailbox: Mailbox) -> None:
    edited(office, "bulletin.md", "组织三级河长巡河", "组织张𪚥三等河长巡河")

    said = office.ask("send", "bulletin.md", "--yes")

    assert said.code == 5
    assert "bulletin.md:13:28" in said.err
    assert "“𪚥”（U+2A6A5）" in said.err
    assert mailbox.received == []


def test_a_name_that_cannot_be_printed_is_no_matter_where_nothing_is_printed(office: Office) -> None:
    edited(office, "bulletin.md", "组织三级河长巡河", "组织张𪚥三等河长巡河")
    edited(office, "recipients.yaml", "direction: 报", "direction: 报\n    attach: []")

    assert office.ask("send", "bulletin.md", "--yes").code == 0


def test_a_letter_too_large_with_its_pdf_is_refused(office: Office) -> None:
    edited(office, "distributor.toml", "[send]", "[send]\nmax_message_bytes = 30_000")

    said = office.ask("send", "bulletin.md", "--yes")

    assert said.code == 5
    assert "The letter to 区领导" in said.err
    assert "the limit is 30000" in said.err
    assert "各单位" not in said.err


def test_the_command_answers_with_these_keys(office: Office) -> None:
    told = office.ask("pdf", "bulletin.md", "--out", str(office.folder / "papers"), "--json")

    assert told.code == 0
    assert told.json.keys() == {"file", "pdf", "bytes", "findings"}
    path = Path(told.json["pdf"])
    assert path == office.folder / "papers" / NAME
    assert path.stat().st_size == told.json["bytes"]


@pytest.mark.parametrize("place", ["a file", "a folder without leave"])
def test_a_place_that_cannot_be_written_is_named(office: Office, place: str) -> None:
    office.write("taken", "")
    out = office.folder / "taken" if place == "a file" else Path("/proc")

    said = office.ask("pdf", "bulletin.md", "--out", str(out))

    assert said.code == 2
    assert str(out) in said.err


def test_the_installed_command_writes_the_same_bytes_each_time(office: Office) -> None:
    """Another process, another folder, another day: the same paper."""
    for name in ("one.pdf", "two.pdf"):
        assert office.run("pdf", "bulletin.md", "-o", name).code == 0

    assert (office.folder / "one.pdf").read_bytes() == (office.folder / "two.pdf").read_bytes()
