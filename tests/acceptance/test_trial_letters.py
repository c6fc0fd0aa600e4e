"""A test letter is a letter: what may not be mailed is not mailed as a test either; a draft may be looked at."""

from distributor.cli.mailbox import Mailbox
from tests.acceptance.letterbox import read
from tests.acceptance.office import BULLETIN, Office

TRY = ("send", "bulletin.md", "--test-to", "editor@example.gov.cn")


def test_a_classified_text_does_not_leave_as_a_test_letter(office: Office, mailbox: Mailbox) -> None:
    office.write("bulletin.md", "秘密★1年\n\n" + BULLETIN.format(number=7))
    refused = office.ask(*TRY)
    assert refused.code == 5, refused
    assert not mailbox.received
    assert "not even as a test" in refused.err
    assert "must not be mailed" in refused.err
    assert not [entry for entry in office.audit() if entry.action == "trial.sent"]


def test_a_letter_that_cannot_be_made_is_not_left_out_of_a_test(office: Office, mailbox: Mailbox) -> None:
    """A picture that is missing: no group's letter can be made, and the finding says why."""
    office.write("bulletin.md", BULLETIN.format(number=7).replace("编校", "![河](images/river.jpg)\n\n编校"))
    refused = office.ask(*TRY, "--json")
    assert refused.code == 5, refused
    assert refused.json["error"]["code"] == "not_signed_off"
    assert [problem["code"] for problem in refused.json["error"]["problems"]] == ["picture_missing"]
    assert not mailbox.received


def test_a_problem_of_one_letter_refuses_the_test_of_all(office: Office, mailbox: Mailbox) -> None:
    office.write("distributor.toml", (office.folder / "distributor.toml").read_text() + "max_message_bytes = 10000\n")
    office.write("bulletin.md", BULLETIN.format(number=7).replace("三级河长巡河", "三级河长巡河，" * 900))
    refused = office.ask(*TRY)
    assert refused.code == 5, refused
    assert "the limit is 10000" in refused.err
    assert not mailbox.received


def test_a_draft_goes_out_as_a_test_with_its_errors_shown_as_warnings(office: Office, mailbox: Mailbox) -> None:
    office.write("bulletin.md", BULLETIN.format(number=7).replace("核签：陆建", "核签："))
    assert office.ask("finalise", "bulletin.md", "--yes").code == 5
    tried = office.ask(*TRY)
    assert tried.code == 0, tried
    assert "warning" in tried.out
    assert "error" not in tried.out
    assert len(mailbox.received) == 2
    assert all(read(path.read_bytes()).subject.startswith("【测试】") for path in mailbox.received)
