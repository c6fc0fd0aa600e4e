"""`[mailbox]`: what it may hold, where its secret comes from, and what is warned of."""

import datetime as dt
from pathlib import Path

import pytest

from distributor.errors import BadFile, BadInput
from distributor.settings import Settings
from distributor.settings.file import load_settings

HEAD = '[office]\nname = "河长办"\nfrom = "hzb@example.gov.cn"\n'


def load(folder: Path, table: str, **environ: str) -> Settings:
    path = folder / "distributor.toml"
    path.write_text(f"{HEAD}\n[mailbox]\n{table}\n", encoding="utf-8")
    return load_settings(path, environ=environ)


def test_without_a_host_no_mailbox_is_read(tmp_path: Path) -> None:
    settings = load(tmp_path, "")

    assert settings.mailbox.host == ""
    assert settings.warnings() == ()


@pytest.mark.parametrize(
    ("table", "port"),
    [
        ('host = "imap.example.cn"', 993),
        ('host = "imap.example.cn"\nsecurity = "starttls"', 143),
        ('host = "imap.example.cn"\nport = 1993', 1993),
    ],
)
def test_the_port_is_the_usual_one_unless_given(tmp_path: Path, table: str, port: int) -> None:
    assert load(tmp_path, table).mailbox.port == port


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ('host = "imap.example.cn"\nsecurity = "none"', "plain_text"),
        ('host = "imap.example.cn"\npassword = "x"', "secret_in_file"),
        ('hosst = "imap.example.cn"', "unknown_key"),
    ],
)
def test_what_is_unsafe_or_unknown_is_refused(tmp_path: Path, table: str, code: str) -> None:
    with pytest.raises(BadFile) as caught:
        load(tmp_path, table)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.parametrize("poll", ["0 seconds", "26 minutes"])
def test_a_poll_that_a_server_would_not_take_is_refused(tmp_path: Path, poll: str) -> None:
    with pytest.raises(BadFile):
        load(tmp_path, f'host = "imap.example.cn"\npoll = "{poll}"')


def test_the_password_comes_from_the_environment_or_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "imap").write_text("from the file\n", encoding="utf-8")
    (tmp_path / "imap").chmod(0o600)
    table = 'host = "imap.example.cn"\nusername = "hzb"\npassword_file = "imap"\npoll = "2 minutes"'

    settings = load(tmp_path, table)

    assert settings.mailbox.secret() == "from the file"
    assert settings.mailbox.poll == dt.timedelta(minutes=2)
    assert settings.warnings() == ()
    assert load(tmp_path, table, DISTRIBUTOR_MAILBOX__PASSWORD="from outside").mailbox.secret() == "from outside"


def test_a_missing_and_a_readable_secret_are_warned_of(tmp_path: Path) -> None:
    settings = load(tmp_path, 'host = "imap.example.cn"\nusername = "hzb"')
    with pytest.raises(BadInput):
        settings.mailbox.secret()
    assert [problem.code for problem in settings.warnings()] == ["secret_missing"]

    (tmp_path / "imap").write_text("x", encoding="utf-8")
    (tmp_path / "imap").chmod(0o644)
    settings = load(tmp_path, 'host = "imap.example.cn"\nusername = "hzb"\npassword_file = "imap"')
    assert [problem.code for problem in settings.warnings()] == ["secret_readable"]
