"""Single values of the settings, and settings that are made in code."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.settings import DatabaseSettings, Office, Settings, SmtpAccount
from distributor.settings.values import bounce_address, database, has_password, host, is_loopback, mailbox, notify, page


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *((name, True) for name in ("localhost", "LOCALHOST", "127.0.0.1", "127.8.9.1", "127.9.9.9", "::1", "[::1]")),
        *((name, False) for name in ("localhost.example.cn", "127.0.0.1.example.cn", "10.0.0.1", "::2", "0.0.0.0", "")),
    ],
)
def test_only_this_machine_is_loopback(name: str, *, expected: bool) -> None:
    assert is_loopback(name) is expected


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ("云岭区河长办 <hzb@example.gov.cn>", "云岭区河长办", "hzb@example.gov.cn"),
        ("hzb@Example.gov.cn", "", "hzb@example.gov.cn"),
        ("<hzb@example.gov.cn>", "", "hzb@example.gov.cn"),
        ('"河长办, \\"云岭\\"" <hzb@example.gov.cn>', '河长办, "云岭"', "hzb@example.gov.cn"),
        ("河长办<a@例子.中国>", "河长办", "a@xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(written: str, name: str, address: str) -> None:
    assert mailbox(written) == (name, address)


@pytest.mark.parametrize(
    "written",
    ["", "河长办", "河长办 hzb@b.cn", "甲 <a@b.cn>, 乙 <c@d.cn>", "甲 <a@b.cn> x", "甲\n <a@b.cn>", "甲 <<a@b.cn>>"],
)
def test_what_is_not_one_mailbox_is_refused(written: str) -> None:
    with pytest.raises(Misfit):
        mailbox(written)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("https://b.example.cn/", "https://b.example.cn"),
        ("https://b.example.cn/x/", "https://b.example.cn/x"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_a_page_is_encrypted_or_on_this_machine(written: str, kept: str) -> None:
    assert page(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "http://b.example.cn",
        "b.example.cn",
        "ftp://b.cn",
        "https://",
        "https://u:p@b.cn",
        "https://b.cn?x",
        "https://b.cn#x",
        "https://b.cn:99999",
        "javascript:alert(1)",
        "https://b.cn/\nx",
        "https://[::1",
        "http://localhost.b.cn",
    ],
)
def test_any_other_page_is_refused(written: str) -> None:
    with pytest.raises(Misfit):
        page(written)


@pytest.mark.parametrize(
    "written", ["sqlite:///x.db", "sqlite:////var/x.db", "postgresql://h/d", "postgresql+psycopg://h/d"]
)
def test_two_databases_are_supported(written: str) -> None:
    assert database(written) == written


@pytest.mark.parametrize(
    "written", ["", "x.db", "sqlite://", "sqlite:///", "sqlite://x.db", "mysql://h/d", "postgres://h/d"]
)
def test_other_databases_are_refused_without_showing_the_rest(written: str) -> None:
    with pytest.raises(Misfit) as caught:
        database(written)
    assert "h/d" not in str(caught.value.what)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h/d", True),
        ("postgresql://h/d?user=u&password=p", True),
        ("postgresql://u@h/d", False),
        ("postgresql://h:5432/d", False),
        ("sqlite:///a@b:c.db", False),
    ],
)
def test_a_password_in_a_url_is_seen(url: str, *, expected: bool) -> None:
    assert has_password(url) is expected


@pytest.mark.parametrize(
    ("written", "kept"), [("", ""), ("never", "NEVER"), ("failure, delay", "FAILURE,DELAY"), ("DELAY,DELAY", "DELAY")]
)
def test_delivery_reports_are_asked_for_in_the_words_of_the_standard(written: str, kept: str) -> None:
    assert notify(written) == kept


def test_never_stands_alone() -> None:
    with pytest.raises(Misfit):
        notify("NEVER,FAILURE")


@pytest.mark.parametrize("written", ["", "b@example.cn", "b+{token}@example.cn"])
def test_a_bounce_address_may_carry_one_token(written: str) -> None:
    assert bounce_address(written) == written


@pytest.mark.parametrize("written", ["x", "b@{token}.cn", "{token}{token}@example.cn", "a" * 40 + "{token}@example.cn"])
def test_a_bounce_address_that_no_server_takes_is_refused(written: str) -> None:
    """The local part must stay within 64 characters once the token is in it (RFC 5321 4.5.3.1.1)."""
    with pytest.raises(Misfit):
        bounce_address(written)


@pytest.mark.parametrize("written", ["smtp.example.cn", "localhost", "10.0.0.1", "::1", "mail_1.oa"])
def test_a_host_is_a_name_or_an_ip_address(written: str) -> None:
    assert host(written) == written


@pytest.mark.parametrize("written", ["", "smtps://x", "x:465", "a b", "x\r\ny", "-x", "a..b", "x" * 300])
def test_any_other_host_is_refused(written: str) -> None:
    with pytest.raises(Misfit):
        host(written)


def test_settings_can_be_made_in_code() -> None:
    settings = Settings(
        office=Office(name="河长办", sender="hzb@example.cn"), smtp={"main": SmtpAccount(host="localhost")}
    )

    assert settings.office.sender_address == "hzb@example.cn"
    assert settings.zone.key == "Asia/Shanghai"


def test_settings_made_in_code_do_not_read_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTRIBUTOR_OFFICE__NAME", "别处")

    assert Settings(office=Office(name="河长办", sender="hzb@example.cn")).office.name == "河长办"


def test_no_account_is_said_when_one_is_needed() -> None:
    with pytest.raises(BadInput, match=r"\[smtp.main\]"):
        Settings(office=Office(name="河长办", sender="hzb@example.cn")).account()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_plain_text_is_possible_on_this_machine(name: str) -> None:
    assert SmtpAccount(host=name, security="none").port == 25


def test_plain_text_is_refused_anywhere_else() -> None:
    with pytest.raises(ValidationError):
        SmtpAccount(host="smtp.example.cn", security="none")


def account(file: Path | None = None, **more: str) -> SmtpAccount:
    return SmtpAccount.model_validate({"host": "localhost", "username": "u", "password_file": file, **more})


def test_a_secret_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "smtp"
    file.write_bytes(b"hunter 2\r\n")

    assert account(file).secret() == "hunter 2"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    assert account(tmp_path / "none", password="hunter2").secret() == "hunter2"


def test_without_a_login_there_is_no_secret(tmp_path: Path) -> None:
    assert account(tmp_path / "none", username="").secret() == ""


@pytest.mark.parametrize("content", [None, b"", b"\n", b"hunter2\nmore\n", b"\xff\xfe\x00", b"hunter2\x00"])
def test_a_secret_that_cannot_be_used_says_what_to_do_and_not_what_it_is(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "smtp"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(BadInput) as caught:
        account(file).secret()
    assert "chmod 600" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_login_without_any_password_is_refused() -> None:
    with pytest.raises(BadInput, match="no password"):
        account().secret()


def test_secrets_are_never_shown() -> None:
    settings = Settings(
        office=Office(name="河长办", sender="hzb@example.cn"),
        smtp={"main": account(password="hunter2")},
        database=DatabaseSettings(url="postgresql://u:hunter2@h/d"),
    )

    assert "hunter2" not in repr(settings) + str(settings)
    assert settings.database_url == "postgresql://u:hunter2@h/d"


def test_files_of_the_account_are_found_from_the_folder_of_the_settings(tmp_path: Path) -> None:
    settings = Settings(
        office=Office(name="河长办", sender="hzb@example.cn"),
        smtp={"main": account(Path("secrets/smtp"))},
        home=tmp_path,
    )

    assert settings.account()[1].password_file == tmp_path / "secrets/smtp"


@pytest.mark.parametrize(("mode", "codes"), [(0o600, []), (0o644, ["secret_readable"]), (0o640, ["secret_readable"])])
def test_a_secret_that_others_can_read_is_a_warning(tmp_path: Path, mode: int, codes: list[str]) -> None:
    file = tmp_path / "smtp"
    file.write_text("hunter2", encoding="utf-8")
    file.chmod(mode)
    settings = Settings(
        office=Office(name="河长办", sender="hzb@example.cn"), smtp={"main": account(file)}, home=tmp_path
    )

    assert [warning.code for warning in settings.warnings()] == codes


@pytest.mark.parametrize(
    ("security", "port", "codes"),
    [("tls", 587, ["port"]), ("starttls", 465, ["port"]), ("tls", 465, []), ("tls", 994, []), ("starttls", 25, [])],
)
def test_a_port_of_another_kind_of_security_is_a_warning(security: str, port: int, codes: list[str]) -> None:
    made = SmtpAccount.model_validate({"host": "smtp.example.cn", "security": security, "port": port})
    settings = Settings(office=Office(name="河长办", sender="hzb@example.cn"), smtp={"main": made})

    assert [warning.code for warning in settings.warnings()] == codes
