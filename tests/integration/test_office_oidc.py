"""Logging in on the office's pages by a real identity provider: who gets in, and whatever must not."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr

from distributor.store.database import Database
from distributor.store.identities import identities, link_login, unlink_login
from tests.integration.conftest import Clock
from tests.integration.identity_provider import (
    CLIENT,
    Account,
    Claims,
    IdentityProvider,
    SigningKey,
    by_public_key,
    ec_key,
    identity_provider,
    rsa_key,
    signed,
    unsigned,
)
from tests.integration.office_pages import PASSWORD, text_of
from tests.integration.oidc_office import ADDRESS, code_of, come_back, go_there, log_in, oidc_office, press, way_on


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[IdentityProvider]:
    async with identity_provider(clock) as provider:
        yield provider


@pytest.mark.parametrize("key", [rsa_key(), ec_key()], ids=["RS256", "ES256"])
async def test_somebody_logs_in_by_the_provider_and_out_again(
    database: Database, clock: Clock, provider: IdentityProvider, key: SigningKey
) -> None:
    provider.key = key
    async with oidc_office(database, clock, provider) as desk, desk.browser() as browser:
        assert "Log in with 统一认证" in text_of(await browser.get("login"))
        back = await log_in(browser)
        assert (back.status_code, way_on(back)) == (200, "../")
        assert "SameSite=strict" in next(one for one in back.headers.get_list("set-cookie") if "office=" in one)
        assert "Logged in as 吴敏 (editor)" in text_of(await browser.get(""))
        left = await browser.press("logout")
        assert left.status_code == 303  # this provider offers no page to log out of it
        assert (await browser.get("")).status_code == 303


async def test_the_way_there_says_what_the_standard_asks_for(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        pressed = await press(browser)
        query = {name: values[0] for name, values in parse_qs(urlsplit(way_on(pressed)).query).items()}
        cookie = pressed.headers["set-cookie"]
        again = parse_qs(urlsplit(way_on(await press(browser))).query)
    assert query["redirect_uri"] == f"{ADDRESS}/office/oidc/callback"
    assert (query["response_type"], query["client_id"], query["scope"]) == ("code", CLIENT, "openid email")
    assert query["code_challenge_method"] == "S256"
    assert all(query[name] != again[name][0] for name in ("state", "nonce", "code_challenge"))
    assert "form-action 'self';" in pressed.headers["content-security-policy"]
    assert cookie.startswith("__Host-office-oidc=")
    for part in ("HttpOnly", "SameSite=lax", "Max-Age=600", "Secure", "Path=/;"):
        assert part in cookie
    assert "Domain" not in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    sqlite.close()
    assert sqlite.path is not None
    kept = b"".join(path.read_bytes() for path in sqlite.path.parent.glob("distributor.db*"))
    assert not [one for one in (secret, query["state"], query["nonce"]) if one.encode() in kept]


async def test_an_address_lets_in_once_and_is_bound_to_its_account(
    database: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(database, clock, provider) as desk:
        async with desk.browser() as browser:
            assert (await log_in(browser)).status_code == 200
        with database.read() as conn:
            assert identities(conn)["吴敏"].subject == "f3c1a2"
        assert [one.action for one in desk.audit()][-2:] == ["office.identity_linked", "office.identity_bound"]
        provider.account = Account("f3c1a2", "married@example.gov.cn")
        async with desk.browser() as browser:
            assert (await log_in(browser)).status_code == 200  # the account is what counts
        provider.account = Account("successor", "chenyi@example.gov.cn")
        async with desk.browser() as browser:
            refused = await log_in(browser)
            assert refused.status_code == 403
            assert "another account of 统一认证 came in by it" in text_of(refused)
            assert (await browser.get("")).status_code == 303


async def test_an_address_that_the_provider_does_not_vouch_for_lets_nobody_in(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk:
        for verified in (False, None, "true", "false", 1):
            provider.account = Account(verified=verified)
            async with desk.browser() as browser:
                refused = await log_in(browser)
                assert refused.status_code == 403, verified
                assert "does not vouch for your address chenyi@example.gov.cn" in text_of(refused)
                assert (await browser.get("")).status_code == 303


async def test_nobody_is_let_in_whom_no_admin_has_linked(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    provider.account = Account("stranger", "<b>stranger@example.gov.cn")
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        before = len(desk.audit())
        refused = await log_in(browser)
        assert refused.status_code == 403
        assert "nobody has given you a login here" in text_of(refused)
        assert "distributor office add NAME --oidc" in text_of(refused)
        assert "<b>" not in refused.text
        assert len(desk.audit()) == before
        assert (await browser.get("")).status_code == 303


async def test_a_subject_of_another_provider_is_somebody_else(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        with sqlite.write() as conn:
            other = "https://id.example.com"
            link_login(conn, "吴敏", issuer=other, subject="f3c1a2", actor="test", now=clock())
        assert (await log_in(browser)).status_code == 403


@pytest.mark.parametrize(
    ("more", "mistaken_for", "entered"),
    [({}, "", True), ({"userinfo_endpoint": None}, "", False), ({}, "another", False)],
    ids=["said when asked", "not said at all", "said of another"],
)
async def test_an_address_that_is_not_in_the_token_is_asked_for(
    sqlite: Database,
    clock: Clock,
    provider: IdentityProvider,
    more: dict[str, object],
    mistaken_for: str,
    entered: bool,
) -> None:
    provider.email_in_token, provider.document, provider.mistaken_for = False, more, mistaken_for
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        assert ((await log_in(browser)).status_code == 200) is entered


_FORGED = SigningKey("r1", "RS256", rsa_key("somebody else's").key)

BAD_TOKENS: dict[str, Callable[[Claims, SigningKey], str]] = {
    "of another login": lambda said, key: signed(said | {"nonce": "another"}, key),
    "for another": lambda said, key: signed(said | {"aud": "another"}, key),
    "for several": lambda said, key: signed(said | {"aud": [CLIENT, "another"]}, key),
    "made for another": lambda said, key: signed(said | {"azp": "another"}, key),
    "by another": lambda said, key: signed(said | {"iss": "https://evil.example"}, key),
    "over": lambda said, key: signed(said | {"exp": said["iat"] - 60}, key),
    "of the future": lambda said, key: signed(said | {"iat": said["iat"] + 3600}, key),
    "forged": lambda said, key: signed(said, _FORGED),
    "unsigned": lambda said, key: unsigned(said),
    "signed with the public key": by_public_key,
    "nothing": lambda said, key: "",
    "no token": lambda said, key: "no.token.atall",
}


async def test_a_token_that_does_not_hold_lets_nobody_in(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk:
        for number, (name, provider.token) in enumerate(BAD_TOKENS.items()):
            async with desk.browser(address=f"203.0.113.{number}") as browser:
                refused = await log_in(browser)
                assert refused.status_code == 502, name
                assert "does not hold" in text_of(refused), name
                assert "`distributor doctor` shows what is wrong" in text_of(refused)
                assert "__Host-office=" not in refused.headers.get("set-cookie", "")
                assert (await browser.get("")).status_code == 303


async def test_a_key_that_was_changed_is_asked_for_once(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        assert (await log_in(browser)).status_code == 200
        clock.forward(minutes=1)
        provider.key = rsa_key("r2")
        assert (await log_in(browser)).status_code == 200
        assert provider.asked.count("keys") == 2
        provider.published, provider.key = [rsa_key("r2").public], rsa_key("r3")
        for _ in range(3):  # however often somebody comes with a key that is nowhere
            assert (await log_in(browser)).status_code == 502
        assert provider.asked.count("keys") == 2
        clock.forward(hours=1)
        provider.published = []
        assert (await log_in(browser)).status_code == 200
        assert provider.asked.count("configuration") == 2


async def test_who_comes_back_twice_is_told_so(sqlite: Database, clock: Clock, provider: IdentityProvider) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        sent = await go_there(browser)
        assert (await come_back(browser, sent)).status_code == 200
        again = await come_back(browser, sent)
        assert (again.status_code, "the back button leads here too" in text_of(again)) == (400, True)
        assert "office=" not in again.headers.get("set-cookie", "")


async def test_a_code_that_was_used_already_lets_nobody_in(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        first, second = await go_there(browser), await go_there(browser)
        assert (await come_back(browser, first)).status_code == 200
        replayed = await come_back(browser, second, code=code_of(first))
        assert (replayed.status_code, "This login has ended" in text_of(replayed)) == (400, True)


async def test_a_code_of_somebody_else_s_login_is_of_no_use(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    """Its challenge fits no verifier but theirs, and the address of their way back no browser but theirs."""
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as theirs, desk.browser() as mine:
        their, own = await go_there(theirs), await go_there(mine)
        assert (await come_back(mine, their)).status_code == 400
        assert (await come_back(theirs, their)).status_code == 200  # nobody else's coming has used it up
        their = await go_there(theirs)
        assert (await come_back(mine, own, code=code_of(their))).status_code == 400
        assert (await mine.get("")).status_code == 303


TAMPERED: tuple[tuple[dict[str, str], int], ...] = (
    ({"state": "A" * 43}, 400),
    ({"state": "x"}, 400),
    ({"state": ""}, 400),
    ({"code": ""}, 403),
    ({"code": "c" * 5000}, 403),
    ({"code": "unheard-of"}, 400),
    ({"iss": "https://evil.example"}, 502),
    ({"iss": ""}, 502),
)


async def test_a_way_back_that_was_tampered_with_leads_nowhere(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk:
        for number, (other, status) in enumerate(TAMPERED):
            async with desk.browser(address=f"203.0.113.{number}") as browser:
                back = await come_back(browser, await go_there(browser), **other)
                assert back.status_code == status, other
                assert "Log in again" in text_of(back)
                assert (await browser.get("")).status_code == 303


async def test_a_login_takes_ten_minutes_at_the_most(
    database: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(database, clock, provider) as desk, desk.browser() as browser:
        in_time, late = await go_there(browser), await go_there(browser)
        clock.forward(minutes=9)
        assert (await come_back(browser, in_time)).status_code == 200
        clock.forward(minutes=1)
        assert (await come_back(browser, late)).status_code == 400


REFUSALS = {
    "access_denied": "You or 统一认证 declined the login.",
    "temporarily_unavailable": "cannot log anybody in at this moment",
    "invalid_scope": "did not log you in (invalid_scope)",
    "<script>alert(1)</script>": "did not log you in (?)",
}


async def test_a_refusal_of_the_provider_is_said(sqlite: Database, clock: Clock, provider: IdentityProvider) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        for provider.refusal, said in REFUSALS.items():
            refused = await log_in(browser)
            assert (refused.status_code, said in text_of(refused)) == (403, True)
            assert "If it repeats itself, ask 河长办 (phone 12345)." in text_of(refused)
            assert "<script>alert" not in refused.text


@pytest.mark.parametrize("silent", ["configuration", "token", "keys"])
async def test_a_provider_that_does_not_answer_is_named_with_what_to_do(
    sqlite: Database, clock: Clock, provider: IdentityProvider, silent: str
) -> None:
    provider.broken[silent] = 503
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        pressed = await press(browser)
        refused = pressed if silent == "configuration" else await log_in(browser)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
        assert "统一认证 does not answer" in text_of(refused)
        assert "log in with your password" in text_of(refused)
        provider.broken.clear()
        assert (await log_in(browser)).status_code == 200


async def test_a_provider_that_is_another_or_not_there_at_all_is_no_way_in(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        provider.document = {"issuer": "https://evil.example"}
        assert (await press(browser)).status_code == 502
        nowhere = provider.settings().model_copy(update={"issuer": "http://127.0.0.1:1/x"})
        desk.settings = desk.settings.model_copy(update={"oidc": nowhere})
        assert (await press(browser)).status_code == 503
        no_ca = provider.settings(ca_file=Path("/nowhere/ca.pem"))
        desk.settings = desk.settings.model_copy(update={"oidc": no_ca})
        assert (await press(browser)).status_code == 503


@pytest.mark.parametrize("ways", [["client_secret_post"], ["client_secret_basic"]], ids=str)
async def test_the_secret_is_handed_over_in_either_way_and_a_wrong_one_is_told_from_a_wrong_person(
    sqlite: Database, clock: Clock, provider: IdentityProvider, ways: list[str]
) -> None:
    provider.document = {"token_endpoint_auth_methods_supported": ways}
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        assert (await log_in(browser)).status_code == 200
        for secret in ("wrong", ""):
            other = desk.settings.oidc.model_copy(update={"client_secret": SecretStr(secret)})
            desk.settings = desk.settings.model_copy(update={"oidc": other})
            refused = await log_in(browser)
            assert (refused.status_code, "or its secret" in text_of(refused)) == (502, True)


async def test_who_logs_out_is_shown_the_way_out_of_the_provider(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    provider.document = {"end_session_endpoint": f"{provider.issuer}/out"}
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        await log_in(browser)
        left = await browser.press("logout")
        assert "Log out of 统一认证 too" in text_of(left)
        found = re.search(r'class="button strong" href="([^"]*)"', left.text)
        assert found
        query = parse_qs(urlsplit(html.unescape(found[1])).query)
        assert query == {"client_id": [CLIENT], "post_logout_redirect_uri": [f"{ADDRESS}/office/login"]}
        assert (await browser.get("")).status_code == 303
        await browser.log_in()
        assert (await browser.press("logout")).status_code == 303  # with a password one is logged in nowhere else


async def test_a_session_ends_with_its_link(database: Database, clock: Clock, provider: IdentityProvider) -> None:
    async with oidc_office(database, clock, provider) as desk, desk.browser() as browser:
        await log_in(browser)
        with database.write() as conn:
            unlink_login(conn, "吴敏", actor="test", now=clock())
        assert (await browser.get("")).status_code == 303
        assert (await log_in(browser)).status_code == 403


async def test_where_passwords_are_turned_off_none_counts(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider, passwords=False) as desk, desk.browser() as browser:
        page = await browser.get("login")
        assert 'type="password"' not in page.text
        refused = await browser.log_in("陈怡", PASSWORD)
        assert (refused.status_code, "Passwords do not count here" in text_of(refused)) == (403, True)
        assert (await log_in(browser)).status_code == 200


@pytest.mark.parametrize("typed", ["", "nobody's password, made anew in each process and never kept"])
async def test_a_login_without_a_password_has_none_that_is_right(
    sqlite: Database, clock: Clock, provider: IdentityProvider, typed: str
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        assert (await browser.log_in("吴敏", typed)).status_code == 403


async def test_without_the_library_there_is_no_button_and_the_page_says_who_is_shut_out(
    sqlite: Database, clock: Clock, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.web.office_oidc.is_installed", lambda: False)
    async with oidc_office(sqlite, clock, provider, passwords=False) as desk, desk.browser() as browser:
        page = await browser.get("login")
        assert "<button" not in page.text
        assert "Nobody can log in at this moment" in text_of(page)
        assert (await press(browser)).status_code == 303
        assert (await browser.get("oidc/callback?state=x&code=y")).status_code == 400


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}], ids=str)
async def test_only_our_own_button_begins_a_login(
    sqlite: Database, clock: Clock, provider: IdentityProvider, headers: dict[str, str]
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        pressed = await browser.post("oidc/login", {}, headers)
        assert (pressed.status_code, "set-cookie" in pressed.headers) == (403, False)
        assert (await browser.get("oidc/login")).headers["location"] == "../login"
        assert provider.asked == []


async def test_an_address_may_try_ten_times_a_minute(
    sqlite: Database, clock: Clock, provider: IdentityProvider
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        codes = [(await press(browser)).status_code for _ in range(11)]
        assert codes == [200] * 10 + [429]
        assert (await browser.log_in()).status_code == 429  # it is one count with that of passwords
        assert (await browser.get("oidc/callback?state=x")).status_code == 429


async def test_an_account_that_is_nobody_here_may_try_ten_times_in_a_quarter_of_an_hour(
    database: Database, clock: Clock, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.web.office_login.PER_ADDRESS", 100)
    provider.account = Account("stranger", "stranger@example.gov.cn")
    async with oidc_office(database, clock, provider) as desk, desk.browser() as browser:
        assert [(await log_in(browser)).status_code for _ in range(11)] == [403] * 10 + [429]
        provider.account = Account()
        assert (await log_in(browser)).status_code == 200


async def test_few_wait_for_a_provider_that_takes_its_time(
    sqlite: Database, clock: Clock, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("distributor.web.office_login.PER_ADDRESS", 100)
    asked, answers = asyncio.Event(), asyncio.Event()

    async def slow(self: object, address: str, **more: object) -> dict[str, object]:
        asked.set()
        await answers.wait()
        return {}

    monkeypatch.setattr("distributor.oidc.asking.Asking.get", slow)
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        waiting = [asyncio.create_task(press(browser)) for _ in range(9)]
        await asked.wait()
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {task.result().status_code for task in done} == {503}
        answers.set()
        assert sorted(one.status_code for one in await asyncio.gather(*waiting)) == [502] * 8 + [503]


@pytest.mark.parametrize(("language", "said"), [("zh-CN", "zh-CN"), ("en", "en")])
async def test_the_pages_on_the_way_speak_the_language_of_whoever_looks(
    sqlite: Database, clock: Clock, provider: IdentityProvider, language: str, said: str
) -> None:
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser(language=language) as browser:
        back = await log_in(browser)
        assert f'<html lang="{said}">' in back.text
        switched = await browser.get("oidc/callback?lang=en")
        assert (switched.status_code, switched.headers["location"]) == (303, "../login")
        assert "office-language=en" in switched.headers["set-cookie"]


async def test_no_secret_and_no_token_is_logged(
    sqlite: Database, clock: Clock, provider: IdentityProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    made: list[str] = []

    def noted(said: Claims, key: SigningKey) -> str:
        made.append(signed(said, key))
        return made[-1]

    provider.token = noted
    async with oidc_office(sqlite, clock, provider) as desk, desk.browser() as browser:
        sent = await go_there(browser)
        await come_back(browser, sent)
        await come_back(browser, sent)
        provider.account = Account("stranger", "stranger@example.gov.cn")
        await log_in(browser)
    own = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("distributor"))
    assert "office.entered" in own
    for secret in (*made, code_of(sent), provider.settings().client_secret.get_secret_value()):
        assert secret not in own
