"""The example directory and settings that ship with the program, and files on a disk."""

from pathlib import Path

import pytest

from distributor.bulletin.model import Direction
from distributor.bulletin.reading import read_bulletin
from distributor.errors import BadFile, BadInput
from distributor.recipients.coverage import coverage
from distributor.recipients.file import load_directory
from distributor.recipients.resolve import resolve
from distributor.resources import shipped
from distributor.settings.file import load_settings
from distributor.yaml.source import LARGEST


def test_the_example_directory_has_nothing_to_complain_about() -> None:
    loaded = load_directory(shipped("recipients.yaml"), known_templates=("报", "送", "发"))
    resolved = resolve(loaded.directory)

    assert loaded.warnings == ()
    assert (resolved.warnings, resolved.unreachable) == ((), ())
    assert {group.direction for group in loaded.directory.groups} == set(Direction)


def test_the_example_directory_uses_example_domains_only() -> None:
    recipients = resolve(load_directory(shipped("recipients.yaml")).directory).recipients

    assert {one.address.rpartition("@")[2] for one in recipients} <= {"example.gov.cn", "example.org"}


def test_the_example_directory_covers_the_lines_of_the_example_bulletin() -> None:
    bulletin = read_bulletin(shipped("examples") / "river-12.md").bulletin
    found = coverage(bulletin, load_directory(shipped("recipients.yaml")).directory)

    assert {line.direction for line in bulletin.addressees} == set(Direction)
    assert (found.problems, found.not_named) == ((), ())


def test_the_example_settings_can_be_loaded_and_are_safe() -> None:
    settings = load_settings(shipped("distributor.toml"), environ={})
    name, account = settings.account()

    assert (name, account.security, account.host) == ("main", "tls", "smtp.example.gov.cn")
    assert settings.send.require_approver
    assert settings.path(settings.folders.recipients) == shipped("recipients.yaml").resolve()


def test_a_directory_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="distributor init"):
        load_directory(tmp_path / "recipients.yaml")


def test_a_folder_is_no_directory_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_directory(tmp_path)


def test_no_more_of_a_huge_file_is_read_than_the_limit(tmp_path: Path) -> None:
    """Fault 45: the size is refused before anything is parsed."""
    path = tmp_path / "recipients.yaml"
    with path.open("wb") as stream:
        stream.truncate(50_000_000)

    with pytest.raises(BadFile, match=str(LARGEST)):
        load_directory(path)


def test_problems_carry_the_path_as_given(tmp_path: Path) -> None:
    path = tmp_path / "名单.yaml"
    path.write_text("groups: {}", encoding="utf-8")

    with pytest.raises(BadFile) as caught:
        load_directory(path)
    assert caught.value.problems[0].place.file == str(path)
