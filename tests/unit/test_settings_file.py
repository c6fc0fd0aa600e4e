"""The operator's file and its environment twins."""

import textwrap
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from distributor.errors import BadFile, BadInput
from distributor.settings import Settings
from distributor.settings.file import load_settings

OFFICE = '[office]\nname = "河长办"\nfrom = "河长办 <hzb@example.gov.cn>"\n'
SMTP = OFFICE + '[smtp.main]\nhost = "smtp.example.gov.cn"\n'


class Loader:
    """Writes one settings file and loads it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "distributor.toml"

    def __call__(self, text: str | bytes, **environ: str) -> Settings:
        self.file.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return load_settings(self.file, environ=environ)

    def faults(self, text: str | bytes, **environ: str) -> list[tuple[str, str, str]]:
        """Code, place (line and column, or variable) and advice of every fault."""
        with pytest.raises(BadFile) as caught:
            self(text, **environ)
        return [
            (fault.code, str(fault.place).removeprefix(f"{self.file}:"), str(fault.do))
            for fault in caught.value.problems
        ]


@pytest.fixture
def load(tmp_path: Path) -> Loader:
    return Loader(tmp_path)


def test_a_short_file_is_enough(load: Loader) -> None:
    settings = load(SMTP)

    assert settings.office.name == "河长办"
    assert settings.smtp["main"].port == 465
    assert settings.home == load.file.parent
    assert settings.database_url == f"sqlite:///{load.file.parent}/data/distributor.db"


def test_files_of_the_account_lie_beside_the_settings_wherever_the_program_is_started(load: Loader) -> None:
    account = load(SMTP + 'password_file = "secrets/smtp"\nca_file = "/etc/ca.pem"').smtp["main"]

    assert (account.password_file, account.ca_file) == (load.file.parent / "secrets/smtp", Path("/etc/ca.pem"))


def test_a_byte_order_mark_is_accepted(load: Loader) -> None:
    assert load(b"\xef\xbb\xbf" + SMTP.encode()).office.name == "河长办"


@pytest.mark.parametrize(("security", "port"), [("tls", 465), ("starttls", 587)])
def test_the_port_follows_the_security(load: Loader, security: str, port: int) -> None:
    assert load(f'{SMTP}security = "{security}"').smtp["main"].port == port


def test_a_variable_wins_over_the_file(load: Loader) -> None:
    settings = load(
        SMTP,
        DISTRIBUTOR_SMTP__MAIN__HOST="other.example.cn",
        DISTRIBUTOR_SMTP__MAIN__PORT="2525",
        DISTRIBUTOR_OFFICE__EDITORS="a@example.cn, b@example.cn",
        DISTRIBUTOR_SEND__REQUIRE_APPROVER="false",
        DISTRIBUTOR_SEND__VALID_FOR="2 hours",
        DISTRIBUTOR_LANG="zh_CN",
        UNRELATED__NAME="x",
    )

    assert (settings.smtp["main"].host, settings.smtp["main"].port) == ("other.example.cn", 2525)
    assert settings.office.editors == ("a@example.cn", "b@example.cn")
    assert not settings.send.require_approver
    assert settings.send.valid_for.total_seconds() == 7200


def test_an_account_may_come_from_variables_alone(load: Loader) -> None:
    settings = load(OFFICE, DISTRIBUTOR_SMTP__MAIN__HOST="smtp.example.cn")

    assert settings.account()[1].host == "smtp.example.cn"


@pytest.mark.parametrize(
    ("text", "code", "place", "advice"),
    [
        ('[offce]\nname = "x"\n' + OFFICE, "unknown_key", "1:1", "Did you mean office?"),
        (SMTP + 'hots = "x"', "unknown_key", "6:1", "Did you mean host?"),
        (OFFICE + '  phnoe = "x"', "unknown_key", "4:3", "Did you mean phone?"),
        ('[office]\nname = "x"\nsender = "a@b.cn"', "missing", "1:1", "Add the key from."),
        ("", "missing", "T", "Add the key office."),
        (SMTP + 'port = "high"', "wrong_type", "6:1", "whole number"),
        (SMTP + "port = 70000", "out_of_range", "6:1", "65535"),
        (SMTP + "connections = 0", "out_of_range", "6:1", "The least is 1."),
        (SMTP + 'security = "ssl"', "not_a_choice", "6:1", "tls, starttls, none"),
        (SMTP + 'security = "none"', "plain_text", "6:1", "starttls"),
        (SMTP + 'timeout = "soon"', "duration", "6:1", '"3 days"'),
        (SMTP + 'dot_timeout = "11 minutes"', "out_of_range", "6:1", "10 minutes"),
        (SMTP + 'dsn = "ALWAYS"', "dsn", "6:1", "NEVER"),
        (SMTP + 'bounce_address = "x{token}"', "bounce_address", "6:1", "bounce+{token}@"),
        (SMTP + "[send]\nrequire_approver = 3", "wrong_type", "7:1", "true or false"),
        (SMTP + '[send]\nvalid_for = "0 days"', "duration", "7:1", "3 days"),
        (OFFICE + 'timezone = "Asia/Shangai"', "timezone", "4:1", "Asia/Shanghai"),
        (OFFICE + 'timezone = "Beijing"', "timezone", "4:1", "Asia/Shanghai"),
        (OFFICE + 'base_url = "http://b.example.cn"', "base_url", "4:1", "https://"),
        (OFFICE + 'editors = ["a@b.cn", "王"]', "address_invalid", "4:1", "name@"),
        (OFFICE + 'from = "x"', "toml_syntax", "4", "one key"),
        ('[office]\nname = "x"\nfrom = "a@b.cn, c@d.cn"', "address_several", "3:1", "one address"),
        ('[office]\nname = "x"\nfrom = "=?x <a@b.cn>"', "text_encoded", "3:1", "without"),
        ('[office]\nname = " "\nfrom = "a@b.cn"', "empty", "2:1", "Write a text"),
        (OFFICE + '[database]\nurl = "mysql://h/d"', "database_url", "5:1", "sqlite:///"),
        (OFFICE + '[smtp]\nhost = "x"', "account_name", "4:1", "[smtp.main]"),
        (SMTP + 'password = "hunter2"', "secret_in_file", "6:1", "password_file"),
        (
            OFFICE + '[database]\nurl = "postgresql://u:hunter2@h/d"',
            "secret_in_file",
            "5:1",
            "DISTRIBUTOR_DATABASE__URL",
        ),
        (OFFICE + 'smtp.main.host = "http://x"', "unknown_key", "4:1", "Possible are"),
        ('home = "x"\n' + OFFICE, "unknown_key", "1:1", "Remove it"),
        ("[office\n", "toml_syntax", "1:8", "one key = value"),
        ("[office]\nname = “x”\n", "toml_syntax", "2:8", "straight double quotes"),
        ("a = " + "[" * 5000, "toml_syntax", "1", "one key"),
        ("[office]\nname = '河'".encode("gbk"), "encoding", "2", "UTF-8"),
    ],
)
def test_a_mistake_names_its_line_and_what_to_write(
    load: Loader, text: str | bytes, code: str, place: str, advice: str
) -> None:
    file_or_line = str(load.file) if place == "T" else place
    found = load.faults(text)

    assert any((a, b) == (code, file_or_line) or (a == code and b.startswith(f"{file_or_line}:")) for a, b, _ in found)
    assert advice in next(do for a, _, do in found if a == code)


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [
        ("DISTRIBUTOR_SMTP__MAIN__PORT", "high", "wrong_type"),
        ("DISTRIBUTOR_SMTP__MAIN__PROT", "25", "unknown_key"),
        ("DISTRIBUTOR_OFFICE__FROM", "nobody", "address_invalid"),
        ("DISTRIBUTOR_SEND__VALID_FOR", "soon", "duration"),
        ("DISTRIBUTOR_OFICE__NAME", "x", "unknown_key"),
        ("DISTRIBUTOR_SMTP__OTHER__HOST", "x", "accounts"),
        ("DISTRIBUTOR_SMTP__HOST", "x", "account_name"),
        ("DISTRIBUTOR_SMTP__MAIN__SECURITY", "none", "plain_text"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(load: Loader, variable: str, value: str, code: str) -> None:
    assert (code, variable) in [(a, b) for a, b, _ in load.faults(SMTP, **{variable: value})]


def test_all_mistakes_are_reported_at_once(load: Loader) -> None:
    text = OFFICE + 'phnoe = "x"\n[smtp.main]\nhost = "a b"\nport = 0\npassword = "hunter2"\n[send]\nvalid_for = 0\n'

    assert [code for code, _, _ in load.faults(text)] == [
        "unknown_key",
        "host",
        "out_of_range",
        "secret_in_file",
        "duration",
    ]


def test_the_file_is_found_by_the_variable_and_then_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, here = tmp_path / "named.toml", tmp_path / "distributor.toml"
    named.write_text(OFFICE.replace("河长办", "甲办"), encoding="utf-8")
    here.write_text(OFFICE.replace("河长办", "乙办"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    assert load_settings(environ={"DISTRIBUTOR_CONFIG": str(named)}).office.name == "甲办"
    assert load_settings(environ={}).office.name == "乙办"
    assert load_settings(named, environ={"DISTRIBUTOR_CONFIG": str(here)}).office.name == "甲办"


def test_a_file_that_is_not_there_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="distributor init"):
        load_settings(tmp_path / "none.toml", environ={})


def test_no_fault_ever_shows_a_secret(load: Loader) -> None:
    text = SMTP + 'password = "hunter2"\n[database]\nurl = "postgresql://u:hunter2@h/d"\n'
    with pytest.raises(BadFile) as caught:
        load(text, DISTRIBUTOR_SMTP__MAIN__PASSWORD__X="hunter2", DISTRIBUTOR_DATABASE__URL="x:hunter2")

    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


PIECES = (
    "[office]",
    "[smtp.main]",
    "name",
    "from",
    "host",
    "port",
    "=",
    '"',
    "'",
    "x",
    "1",
    "\n",
    " ",
    "[",
    "]",
    "{",
    "}",
    ".",
    ",",
)


@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join),
    st.dictionaries(
        st.lists(st.sampled_from(["office", "smtp", "main", "name", "port", "home", ""]), min_size=1, max_size=4).map(
            lambda parts: "DISTRIBUTOR_" + "__".join(parts).upper()
        ),
        st.text(max_size=5),
        max_size=3,
    ),
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_settings_are_loaded_or_refused(load: Loader, text: str, environ: dict[str, str]) -> None:
    try:
        load(text, **environ)
    except BadFile as refused:
        said = str(refused)
    else:
        said = "loaded"

    assert said


def test_accounts_keep_the_order_of_the_file(load: Loader) -> None:
    text = OFFICE + "".join(f'[smtp.{name}]\nhost = "{name}.example.cn"\n' for name in ("zeta", "main", "alpha"))
    assert list(load(text).smtp) == ["zeta", "main", "alpha"]
