"""What was finalised is what goes out, once, to whom it was finalised for; and only when somebody said so."""

import pytest

from distributor.cli.mailbox import Mailbox
from tests.acceptance.letterbox import by_address, read
from tests.acceptance.office import Office

# ── Nothing is sent ───────────────────────────────────────────────────────────────────────────────


def refused_by(office: Office, mailbox: Mailbox, *arguments: str, code: int = 5) -> str:
    """Runs a command that must be refused and send nothing. Returns what it says."""
    before = len(mailbox.received)
    ran = office.ask(*arguments)
    assert ran.code == code, ran
    assert len(mailbox.received) == before
    return ran.err


def test_without_a_yes_and_without_a_terminal_nothing_is_sent(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    assert "nobody is there to ask" in refused_by(office, mailbox, "send", "7")
    assert set(office.states().values()) == {"queued"}
    assert all(copy.next_attempt_at is None for copy in office.deliveries()), "something was released"


def test_a_rehearsal_sends_nothing_and_changes_no_row(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    before = office.deliveries()
    rehearsed = office.ask("send", "7", "--dry-run", "--json")
    assert rehearsed.code == 0
    assert (rehearsed.json["letters"], rehearsed.json["plan"]["to_send"]) == (3, 3)
    assert not mailbox.received
    assert office.deliveries() == before


def test_a_rehearsal_stores_no_file(office: Office, mailbox: Mailbox) -> None:
    assert "has not been finalised" in refused_by(office, mailbox, "send", "bulletin.md", "--dry-run")
    assert office.ask("status").code == 4


def test_a_test_letter_is_marked_and_counts_nowhere(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    before = office.deliveries()
    tried = office.ask("send", "7", "--test-to", "editor@example.gov.cn")
    assert tried.code == 0
    letters = [path.read_bytes() for path in mailbox.received]
    assert len(letters) == 2
    assert {path.name.split(".")[0][:6] for path in mailbox.received} == {"editor"}
    subjects = {read(raw).subject for raw in letters}
    assert subjects == {"【测试】云岭区巡河工作快报 第7期（2026年11月20日）"}
    assert office.deliveries() == before
    assert [entry.action for entry in office.audit()] == ["bulletin.finalised", "trial.sent"]
    assert office.audit()[-1].details["address"] == "editor@example.gov.cn"

    assert office.ask("send", "7", "--yes").code == 0, "the test letter was taken for the real one"
    assert len(mailbox.received) == 5


# ── What was finalised is what goes out ───────────────────────────────────────────────────────────


def edited(office: Office, before: str, after: str, file: str = "bulletin.md") -> None:
    text = (office.folder / file).read_text(encoding="utf-8")
    assert before in text
    office.write(file, text.replace(before, after))


@pytest.mark.parametrize("how", ["7", "bulletin.md"])
def test_text_edited_after_finalising_is_not_sent(office: Office, mailbox: Mailbox, how: str) -> None:
    assert office.ask("finalise", "bulletin.md").code == 0
    edited(office, "整改问题6处", "整改问题9处")
    said = refused_by(office, mailbox, "send", how, "--yes")
    assert "bulletin.md" in said
    assert "Finalise it again, or bring back the finalised text" in said

    edited(office, "整改问题9处", "整改问题6处")
    assert office.ask("send", how, "--yes").code == 0
    assert len(by_address(mailbox)) == 3


def test_recipients_edited_after_finalising_are_not_sent_to_until_finalised_again(
    office: Office, mailbox: Mailbox
) -> None:
    office.recipients(leaders=1, units=6)
    assert office.ask("finalise", "bulletin.md").code == 0
    assert office.ask("send", "7", "--only", "单位1", "--yes").code == 0
    office.recipients(leaders=1, units=6)
    edited(office, "联络员6, email: unit6@", "联络员7, email: unit7@", "recipients.yaml")
    edited(office, "unit: 单位6", "unit: 单位7", "recipients.yaml")
    edited(office, "leader1@", "leader9@", "recipients.yaml")
    said = refused_by(office, mailbox, "send", "7", "--yes")
    assert "recipients.yaml" in said
    assert "1 added, 1 removed, 0 moved to another group, 1 with another address" in said
    assert "Finalise the bulletin again" in said

    again = office.ask("finalise", "bulletin.md", "--json")
    assert again.code == 0
    assert again.json["recipients"] == {"added": 2, "cancelled": 2, "kept": 5, "withdrawn": 0}
    assert office.ask("send", "7", "--yes").code == 0
    letters = by_address(mailbox)
    assert sorted(letters) == sorted(
        ["leader9@example.gov.cn", *(f"unit{n}@example.gov.cn" for n in (1, 2, 3, 4, 5, 7))]
    )
    assert {copy.address for copy in office.deliveries() if copy.state.value == "cancelled"} == {
        "leader1@example.gov.cn",
        "unit6@example.gov.cn",
    }


def test_a_blank_approver_is_refused_unless_the_office_says_otherwise(
    office: Office, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited(office, "核签：陆建", "核签：")
    said = refused_by(office, mailbox, "send", "bulletin.md", "--yes")
    assert "bulletin.md:15" in said
    assert "核签 is blank" in said
    assert "Add the name of who approved it" in said
    assert office.ask("status").code == 4, "it was stored"

    monkeypatch.setenv("DISTRIBUTOR_SEND__REQUIRE_APPROVER", "false")
    assert "nobody is there to ask" in refused_by(office, mailbox, "send", "bulletin.md"), "it is a doubt still"
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    assert len(by_address(mailbox)) == 3


@pytest.mark.parametrize("marking", ["秘密", "机密★1年", "绝密"])
def test_a_classified_text_is_refused_whatever_is_said(office: Office, mailbox: Mailbox, marking: str) -> None:
    edited(office, "# 云岭区", f"{marking}\n\n# 云岭区")
    for command in ("finalise", "send"):
        said = refused_by(office, mailbox, command, "bulletin.md", "--yes")
        assert "bulletin.md:1:1" in said
        assert "must not be mailed" in said
    assert office.ask("status").code == 4, "it was stored"


def test_a_correction_is_a_new_edition_that_everybody_gets_once(office: Office, mailbox: Mailbox) -> None:
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    edited(office, "整改问题6处", "整改问题9处")
    said = refused_by(office, mailbox, "finalise", "bulletin.md", "--yes")
    assert "already sent with other content" in said
    assert "`distributor finalise FILE --correction`" in said
    refused_by(office, mailbox, "send", "bulletin.md", "--yes")
    refused_by(office, mailbox, "send", "7", "--yes", code=4)

    corrected = office.ask("finalise", "bulletin.md", "--correction", "--json")
    assert corrected.code == 0
    assert (corrected.json["bulletin"]["edition"], corrected.json["recipients"]["added"]) == (2, 3)
    for path in mailbox.received:
        path.unlink()
    mailbox.received.clear()
    assert office.ask("send", "7", "--yes").code == 0
    letters = by_address(mailbox)
    assert sorted(letters) == ["leader1@example.gov.cn", "unit1@example.gov.cn", "unit2@example.gov.cn"]
    assert {letter.subject for letter in letters.values()} == {"【更正】云岭区巡河工作快报 第7期（2026年11月20日）"}
    assert all("整改问题9处" in letter.plain for letter in letters.values())
    assert office.ask("send", "7", "--yes").code == 4


def test_the_plan_says_what_changed_against_the_last_bulletin(office: Office, mailbox: Mailbox) -> None:
    office.recipients(leaders=1, units=6)
    assert office.ask("send", "bulletin.md", "--yes").code == 0
    rows = (office.folder / "recipients.yaml").read_text(encoding="utf-8").split("\n      - unit: 单位5\n")
    moved = rows[1].split("\n      - unit: 单位6\n")[0].strip()  # 联络员5 goes up to the leaders
    text = rows[0].replace("  各单位:", f"      - unit: 单位5\n        {moved}\n  各单位:", 1)
    text += "\n      - unit: 单位8\n        people:\n          - {name: 联络员8, email: unit8@example.gov.cn}\n"
    office.write("recipients.yaml", text)
    office.write("next.md", (office.folder / "bulletin.md").read_text(encoding="utf-8").replace("第7期", "第8期"))
    assert office.ask("finalise", "next.md", "--yes").code == 0
    shown = office.ask("send", "8", "--dry-run")
    assert "Against 云岭区巡河工作快报 第7期:" in shown.out
    assert "+ 单位8 联络员8 <unit8@example.gov.cn>" in shown.out
    assert "− 单位6 联络员6 <unit6@example.gov.cn>" in shown.out
    assert "→ 联络员5: 各单位 → 区领导" in shown.out

    told = office.ask("send", "8", "--yes", "--json").json["plan"]
    assert told["previous"]["number"] == "7"
    assert told["changes"]["added"] == ["unit8@example.gov.cn"]
    assert told["changes"]["removed"] == ["unit6@example.gov.cn"]
    assert told["changes"]["moved"] == ["unit5@example.gov.cn"]
