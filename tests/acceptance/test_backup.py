"""The restore drill: a machine is lost in the middle of a distribution, and another one goes on from the backup."""

import subprocess
from pathlib import Path

import pytest

from distributor.cli.mailbox import Mailbox
from tests.acceptance.office import Office


def recipients_of(mailbox: Mailbox) -> list[str]:
    return sorted(path.name for path in mailbox.received)


@pytest.fixture
def another(office: Office, tmp_path: Path) -> Office:
    """Half of a bulletin has left; everything was saved; another machine has nothing but the archive."""
    assert office.ask("send", "bulletin.md", "--group", "区领导", "--yes").code in (0, 3)
    made = office.ask("backup", str(tmp_path / "backups"), "--json")
    assert made.code == 0, made.err
    folder = tmp_path / "another"
    folder.mkdir()
    subprocess.run(["tar", "-xzf", made.json["path"], "-C", str(folder)], check=True)
    restored = Office.__new__(Office)
    restored.folder, restored.environment = folder, {}
    return restored


def test_the_restored_office_knows_what_had_left(office: Office, another: Office) -> None:
    assert another.states() == office.states()
    before, after = office.ask("status", "7", "--json").json, another.ask("status", "7", "--json").json
    assert after == before


def test_the_restored_office_sends_the_rest_and_nothing_twice(mailbox: Mailbox, another: Office) -> None:
    assert recipients_of(mailbox) == ["leader1@example.gov.cn.eml"]

    assert another.ask("send", "7", "--yes").code == 0

    assert recipients_of(mailbox) == [
        "leader1@example.gov.cn.eml",
        "unit1@example.gov.cn.eml",
        "unit2@example.gov.cn.eml",
    ]


def test_the_doctor_finds_the_restored_office_in_order(another: Office) -> None:
    examined = another.ask("doctor", "--json")
    assert (examined.code, examined.json["failures"]) == (0, 0)
    verdicts = {check["name"]: check["verdict"] for check in examined.json["checks"]}
    assert {verdicts[name] for name in ("database", "key", "recipients", "templates")} == {"ok"}


def test_the_doctor_shows_marks_and_advice_and_refuses_on_a_failure(office: Office) -> None:
    (office.folder / "recipients.yaml").write_text("groups: {}\n", encoding="utf-8")
    examined = office.ask("doctor", "--no-network")
    assert examined.code == 5
    assert "✗" in examined.out
    assert "→" in examined.out
    assert "✓" in examined.out


def test_a_second_backup_in_the_same_file_is_refused(office: Office, tmp_path: Path) -> None:
    target = str(tmp_path / "b.tar.gz")
    assert office.ask("backup", target).code == 0
    refused = office.ask("backup", target)
    assert refused.code == 2
    assert "already" in refused.err
