"""Links between logins and an identity provider by command, who is shut out, and what the doctor says of a provider."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from distributor.cli import main
from distributor.doctor.diagnosis import Context, Verdict
from distributor.doctor.office import check_office, who_enters
from distributor.service.reading import office_pages_of
from distributor.settings import Office, Oidc, Settings
from distributor.settings.file import load_settings
from distributor.store import alerts
from distributor.store.audit import entries
from distributor.store.database import Database
from distributor.store.identities import link_login
from distributor.store.logins import Role, add_login
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.identity_provider import CLIENT, SECRET, IdentityProvider, identity_provider

ISSUER = "https://id.example.gov.cn/realms/office"
PASSWORD = "三个词 together 河长"


class Told:
    """A terminal at the office: what a command says, and with what it ends."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        self.out = self.err = ""

    def __call__(self, *arguments: str) -> int:
        code = main(["--lang", "en", *arguments])
        self.out, self.err = self._capsys.readouterr()
        return code

    def settings(self, *lines: str, base_url: str = "https://bulletin.example.gov.cn") -> None:
        """Writes the settings, with these lines under [oidc]."""
        office = f'[office]\nname = "河长办"\nfrom = "hzb@example.gov.cn"\nbase_url = "{base_url}"\n'
        table = "\n".join(("[oidc]", *lines))
        (self.folder / "distributor.toml").write_text(f"{office}\n{table}\n", encoding="utf-8")


@pytest.fixture
def office(
    tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    told = Told(tmp_path, capsys)
    told.settings(f'issuer = "{ISSUER}"', 'client_id = "distributor"')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "distributor.db").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "secret").write_text(PASSWORD + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return told


def booked(office: Told) -> list[tuple[str, str]]:
    database = Database.open(f"sqlite:///{office.folder / 'data' / 'distributor.db'}")
    with database.read() as conn:
        found = [(entry.action, entry.subject) for entry in entries(conn)]
    database.close()
    return found


def test_somebody_is_added_without_a_password_and_linked(office: Told) -> None:
    assert office("office", "add", "陈怡", "--role", "editor", "--oidc", "ChenYi@Example.gov.cn", "--json") == 0
    login = json.loads(office.out)["login"]
    assert login["oidc"] == {"issuer": ISSUER, "subject": None, "email": "chenyi@example.gov.cn"}
    assert login["password_at"] is None
    assert office("office", "list") == 0
    assert f"陈怡  editor  chenyi@example.gov.cn at {ISSUER}" in office.out
    assert office("office", "link", "陈怡", "f3c1a2") == 0
    assert office("office", "list", "--json") == 0
    (listed,) = json.loads(office.out)["logins"]
    assert listed["oidc"] == {"issuer": ISSUER, "subject": "f3c1a2", "email": None}
    assert office("office", "unlink", "陈怡") == 0
    assert "Nobody can log in on the office's pages." in office.out
    assert office("office", "unlink", "陈怡") == 2
    assert [action for action, subject in booked(office) if subject == "login:陈怡"] == [
        "office.login_added",
        "office.identity_linked",
        "office.identity_linked",
        "office.identity_unlinked",
    ]


def test_somebody_may_have_both(office: Told) -> None:
    assert office("office", "add", "陈怡", "--oidc", "sub:chenyi@oa", "--password-file", "secret") == 0
    assert office("office", "list") == 0
    assert "password of" in office.out
    assert f"chenyi@oa at {ISSUER}" in office.out
    assert office("office", "remove", "陈怡") == 0
    assert office("office", "add", "王五", "--oidc", "sub:chenyi@oa") == 0  # the link went with the login


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ("chenyi@", "name@example.gov.cn"),
        ("a@b@example.gov.cn", "example.gov.cn"),
        ("sub:", "names no account"),
        ("a" * 256, "names no account"),
        ("a\u202eb", "names no account"),
    ],
    ids=ascii,
)
def test_what_names_no_account_is_refused_before_anything_is_made(office: Told, account: str, said: str) -> None:
    assert office("office", "add", "陈怡", "--oidc", account) == 2
    assert said in office.err
    assert office("office", "list") == 4


def test_two_logins_are_never_one_account(office: Told) -> None:
    assert office("office", "add", "陈怡", "--oidc", "chenyi@example.gov.cn") == 0
    assert office("office", "add", "王五", "--oidc", "CHENYI@example.gov.cn") == 2
    assert "The login 陈怡 is linked to" in office.err
    assert office("office", "list", "--json") == 0
    assert [one["name"] for one in json.loads(office.out)["logins"]] == ["陈怡"]


def test_without_a_provider_nobody_is_linked(office: Told) -> None:
    office.settings()
    assert office("office", "add", "陈怡", "--oidc", "chenyi@example.gov.cn") == 2
    assert "no identity provider" in office.err


OURS, ANOTHER = Oidc(issuer=ISSUER, client_id="x"), Oidc(issuer="https://other.example", client_id="x")


@pytest.mark.parametrize(
    ("oidc", "base_url", "said"),
    [
        (OURS, "https://b.example.gov.cn", ["Everybody"]),
        (OURS.model_copy(update={"passwords": False}), "https://b.example.gov.cn", ["王五", "No editor"]),
        (ANOTHER, "https://b.example.gov.cn", ["陈怡"]),
        (ANOTHER.model_copy(update={"passwords": False}), "https://b.example.gov.cn", ["Nobody"]),
        (OURS.model_copy(update={"passwords": False}), "", ["Nobody"]),
        (Oidc(), "https://b.example.gov.cn", ["陈怡"]),
    ],
    ids=["all", "passwords off", "another provider", "another, passwords off", "no way back", "no provider"],
)
def test_whom_the_settings_shut_out_is_said(
    sqlite: Database, clock: Clock, oidc: Oidc, base_url: str, said: list[str]
) -> None:
    settings = Settings(office=Office(name="河长办", sender="hzb@example.gov.cn", base_url=base_url), oidc=oidc)
    with sqlite.write() as conn:
        assert list(who_enters(conn, settings)) == []
        add_login(conn, "王五", Role.EDITOR, "a hash", actor="test", now=clock())
        add_login(conn, "陈怡", Role.VIEWER, "", actor="test", now=clock())
        link_login(conn, "陈怡", issuer=ISSUER, subject="f3c1a2", actor="test", now=clock())
        found = [str(one.what) for one in who_enters(conn, settings)]
    assert len(found) == len(said)
    for part, what in zip(said, found, strict=True):
        assert part in what


@pytest.fixture
async def provider() -> AsyncIterator[IdentityProvider]:
    async with identity_provider(Clock()) as provider:
        yield provider


async def findings(office: Told, oidc: Oidc, *, network: bool = True) -> list[tuple[Verdict, str]]:
    settings = load_settings(office.folder / "distributor.toml", environ={}).model_copy(update={"oidc": oidc})
    context = Context(settings, dt.datetime.now(dt.UTC), network=network, patience=dt.timedelta(seconds=5))
    found = await asyncio.to_thread(lambda: list(check_office(context)))
    return [(one.verdict, f"{one.what} {one.do or ''}") for one in found if one.name == "office.oidc"]


async def test_a_provider_that_works_is_said_to_work_with_the_address_to_register(
    office: Told, provider: IdentityProvider
) -> None:
    ((verdict, said),) = await findings(office, provider.settings())
    assert verdict is Verdict.OK
    assert "https://bulletin.example.gov.cn/office/oidc/callback" in said
    assert provider.issuer in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda provider: provider.document.update(issuer="https://evil.example"), "It calls itself https://evil"),
        (lambda provider: provider.broken.update(configuration=404), "It answers HTTP 404 without a document"),
        (lambda provider: provider.broken.update(keys=500), "It answers HTTP 500 without a document"),
        (lambda provider: provider.published.append({"kty": "oct", "k": "x"}), "It publishes no key"),
        (lambda provider: provider.document.update(token_endpoint="http://x.cn"), "Its token_endpoint is missing"),
    ],
    ids=["another", "not found", "no keys", "no usable key", "in clear"],
)  # fmt: skip
async def test_a_provider_that_will_not_do_is_a_failure(
    office: Told, provider: IdentityProvider, change: Callable[[IdentityProvider], object], said: str
) -> None:
    change(provider)
    found = await findings(office, provider.settings())
    assert [verdict for verdict, _ in found] == [Verdict.FAILURE]
    assert said in found[0][1]


async def test_a_wrong_secret_is_seen_before_anybody_logs_in(office: Told, provider: IdentityProvider) -> None:
    wrong = provider.settings().model_copy(update={"client_secret": SecretStr("wrong")})
    ((verdict, said),) = await findings(office, wrong)
    assert (verdict, "client_id or client_secret" in said) == (Verdict.FAILURE, True)
    assert "wrong" not in said
    ((verdict, said),) = await findings(office, wrong.model_copy(update={"client_secret": SecretStr("")}))
    assert (verdict, "has no secret" in said) == (Verdict.FAILURE, True)
    assert not provider.codes


async def test_what_cannot_be_seen_is_not_said_to_be_fine(office: Told, provider: IdentityProvider) -> None:
    provider.broken["token"] = 500
    provider.document["code_challenge_methods_supported"] = ["plain"]
    found = await findings(office, provider.settings())
    assert [verdict for verdict, _ in found] == [Verdict.WARNING, Verdict.OK, Verdict.UNCHECKED]
    found = await findings(office, provider.settings(), network=False)
    assert [verdict for verdict, _ in found] == [Verdict.UNCHECKED]
    nowhere = provider.settings().model_copy(update={"issuer": "http://127.0.0.1:1/x"})
    assert [verdict for verdict, _ in await findings(office, nowhere)] == [Verdict.FAILURE]


async def test_a_provider_that_nobody_can_come_back_from_is_a_failure(
    office: Told, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.settings(base_url="")
    ((verdict, said),) = await findings(office, provider.settings())
    assert (verdict, "base_url" in said) == (Verdict.FAILURE, True)
    monkeypatch.setattr("distributor.doctor.office.is_installed", lambda: False)
    ((verdict, said),) = await findings(office, provider.settings())
    assert (verdict, "pip install 'distributor[oidc]'" in said) == (Verdict.FAILURE, True)
    assert provider.asked == []


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (['issuer = "https://id.example.gov.cn"'], "missing"),
        (["passwords = false"], "nobody_enters"),
        (['issuer = "http://id.example.gov.cn"', 'client_id = "x"'], "base_url"),
        (['client_secret = "x"'], "secret_in_file"),
        (['scopes = ["email"]'], "scopes"),
        (['isuer = "https://id.example.gov.cn"'], "unknown_key"),
    ],
    ids=["no client_id", "nobody", "in clear", "secret", "no openid", "misspelt"],
)
def test_settings_that_cannot_work_are_refused(office: Told, lines: list[str], code: str) -> None:
    office.settings(*lines)
    assert office("office", "list", "--json") == 2
    (problem,) = json.loads(office.out)["error"]["problems"]
    assert problem["code"] == code


def test_the_secret_comes_from_the_environment_or_from_a_file(office: Told) -> None:
    office.settings(f'issuer = "{ISSUER}"', f'client_id = "{CLIENT}"', 'client_secret_file = "secret"')
    file = office.folder / "distributor.toml"

    def loaded(**environ: str) -> Settings:
        return load_settings(file, environ=environ)

    assert loaded().oidc.secret() == PASSWORD
    assert loaded(DISTRIBUTOR_OIDC__CLIENT_SECRET=SECRET).oidc.secret() == SECRET
    (office.folder / "secret").chmod(0o644)
    assert [one.code for one in loaded().warnings()] == ["secret_readable"]
    office.settings(f'issuer = "{ISSUER}"', f'client_id = "{CLIENT}"', base_url="")
    assert [one.code for one in loaded().warnings()] == ["secret_missing", "no_way_back"]


def test_a_service_without_what_a_provider_needs_tells_the_editors(
    tmp_path: Path, sqlite: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Bureau(tmp_path / "office", sqlite, clock).service()
    service.settings = service.settings.model_copy(update={"oidc": OURS})
    for installed, told in ((True, 0), (False, 1)):
        monkeypatch.setattr("distributor.service.reading.is_installed", lambda found=installed: found)
        office_pages_of(service)
        with sqlite.read() as conn:
            assert [one.cause for one in alerts.alerts(conn)] == ["oidc:library"] * told
