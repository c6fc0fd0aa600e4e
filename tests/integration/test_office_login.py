"""Logging in on the office's pages, over real sockets: who gets in, who does not, and when it ends."""

import asyncio
import datetime as dt
from pathlib import Path

import pytest

from distributor.passwords import hash_password
from distributor.settings import Web
from distributor.store.database import Database
from distributor.store.logins import Role, add_login, remove_login, set_password
from distributor.store.sessions import begin_try
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.office_pages import FROM_HERE, PASSWORD, OfficeDesk, form_of, hashed, office_pages, text_of


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


async def test_there_are_no_pages_until_somebody_made_a_login(bureau: Bureau) -> None:
    async with office_pages(bureau, logins=False) as desk, desk.browser() as browser:
        found = [await browser.get(path) for path in ("", "login", "b/1", "receipts")]
        assert [one.status_code for one in found] == [404] * 4
        assert "distributor office add NAME" in text_of(found[0])
        with bureau.database.write() as conn:
            add_login(conn, "陈怡", Role.EDITOR, hashed(), actor="test", now=bureau.clock())
        assert (await browser.get("login")).status_code == 200


async def test_nobody_sees_a_page_without_logging_in(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        copy = desk.copies()[0].id
        for path in (
            "", "receipts", "resume", "b/1", "b/1/copies", "b/1/events", "b/1/letters/1", "b/1/letters/1/page",
            "b/1/retry", f"c/{copy}", f"c/{copy}/resolve",
        ):  # fmt: skip
            response = await browser.get(path)
            assert response.status_code == 303, path
            assert response.headers["location"].endswith("login"), path
            assert copy not in response.text
        for path in ("logout", "pause", "resume", "b/1/retry", f"c/{copy}/cancel", "receipts/1"):
            response = await browser.post(path, {"choice": "yes"})
            assert (response.status_code, response.headers["location"][-5:]) == (303, "login"), path


async def test_somebody_logs_in_and_out_again(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser() as browser:
        entered = await browser.log_in(" 陈怡 ")
        assert (entered.status_code, entered.headers["location"]) == (303, ".")
        cookie = entered.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Secure" not in cookie  # without a public page they are for this machine only
        assert "Max-Age" not in cookie
        page = await browser.get("")
        assert "Logged in as 陈怡 (editor)" in text_of(page)
        old = browser.cookie
        left = await browser.press("logout")
        assert (left.status_code, left.headers["location"]) == (303, "login")
        assert not browser.cookie
        browser.comes_with(old)
        assert (await browser.get("")).status_code == 303


async def test_each_login_begins_a_session_of_its_own_and_ends_the_one_before(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        first = browser.cookie
        await browser.log_in()
        assert browser.cookie != first
        browser.comes_with(first)
        assert (await browser.get("")).status_code == 303
        browser.comes_with("chosen-by-somebody-else")  # fixation
        await browser.log_in()
        assert browser.cookie != "chosen-by-somebody-else"


async def test_the_database_knows_neither_passwords_nor_tokens(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        await browser.log_in("王五的密码也在这里", "wrong")
        token = browser.cookie
    bureau.database.close()
    assert bureau.database.path is not None
    kept = b"".join(path.read_bytes() for path in bureau.database.path.parent.glob("distributor.db*"))
    for secret in (PASSWORD, token, "王五的密码也在这里"):
        assert secret.encode() not in kept


async def test_cookies_of_a_public_page_go_over_tls_only(bureau: Bureau) -> None:
    proxied = {**FROM_HERE, "x-forwarded-for": "203.0.113.9"}
    web = Web(bind="", trusted_proxies=("127.0.0.0/8",))
    async with (
        office_pages(bureau, web=web, base_url="https://bulletin.example.gov.cn") as desk,
        desk.browser() as browser,
    ):
        cookie = (await browser.log_in(headers=proxied)).headers["set-cookie"]
    assert cookie.startswith("__Host-office=")
    assert "Secure" in cookie
    assert "Path=/;" in cookie
    assert "Domain" not in cookie


async def test_without_https_a_proxy_s_visitors_are_turned_away(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        far = await browser.get("login", **{"x-forwarded-for": "203.0.113.9"})
        assert (far.status_code, "https" in text_of(far)) == (403, True)
        assert (await browser.log_in(headers={**FROM_HERE, "x-forwarded-for": "203.0.113.9"})).status_code == 403
        assert (await browser.get("login")).status_code == 200


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("陈怡", "wrong password"),
        ("陈怡", ""),
        ("nobody", PASSWORD),
        ("", ""),
        ("陈怡", "x" * 5000),
        ("李明\u202e", ""),
    ],
    ids=["wrong", "empty", "nobody's", "nothing", "endless", "turned around"],
)
async def test_who_does_not_know_the_password_learns_nothing(bureau: Bureau, name: str, password: str) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        response = await browser.log_in(name, password)
        assert response.status_code == 403
        assert "The name or the password is wrong." in text_of(response)
        assert "set-cookie" not in response.headers
        assert PASSWORD not in response.text


async def test_a_name_that_is_nobody_s_takes_as_long_as_one_that_is_somebody_s(bureau: Bureau) -> None:
    async def time(desk: OfficeDesk, name: str) -> float:
        loop = asyncio.get_running_loop()
        async with desk.browser() as browser:
            taken = []
            for _ in range(3):
                begun = loop.time()
                assert (await browser.log_in(name, "wrong password")).status_code == 403
                taken.append(loop.time() - begun)
            return min(taken)

    async with office_pages(bureau) as desk:
        known, unknown = await time(desk, "陈怡"), await time(desk, "nobody")
    assert unknown > known / 3  # without a comparison it would be a hundredth


async def test_after_ten_tries_in_vain_a_name_rests_for_a_quarter_of_an_hour(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser() as browser:
        for name in ("陈怡", "nobody"):
            for _ in range(9):
                with on_each.database.write() as conn:
                    assert begin_try(conn, name, now=on_each.clock(), most=10, within=dt.timedelta(minutes=15))
            assert (await browser.log_in(name, "wrong password")).status_code == 403
            response = await browser.log_in(name)
            assert (response.status_code, response.headers["retry-after"]) == (429, "60")
        assert (await browser.log_in("李明")).status_code == 303  # others are not concerned
        on_each.clock.forward(minutes=15)
        assert (await browser.log_in()).status_code == 303


async def test_a_good_login_forgets_the_tries_in_vain(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        with bureau.database.write() as conn:
            for _ in range(9):
                begin_try(conn, "陈怡", now=bureau.clock(), most=10, within=dt.timedelta(minutes=15))
        assert (await browser.log_in()).status_code == 303
        assert (await browser.log_in("陈怡", "wrong password")).status_code == 403
        assert (await browser.log_in()).status_code == 303


async def test_an_address_may_try_ten_times_a_minute_whatever_names_it_takes(bureau: Bureau) -> None:
    web = Web(bind="", trusted_proxies=("127.0.0.0/8",))
    async with (
        office_pages(bureau, web=web, base_url="https://bulletin.example.gov.cn") as desk,
        desk.browser() as browser,
    ):
        near = {**FROM_HERE, "x-forwarded-for": "203.0.113.9"}
        # Faster than passwords are compared: those that find no place are told to come again, and count as well.
        tries = [browser.log_in(f"n{number}", "wrong password", near) for number in range(12)]
        codes = [one.status_code for one in await asyncio.gather(*tries)]
        assert codes.count(429) >= 2
        assert (await browser.log_in(headers=near)).status_code == 429
        far = {**FROM_HERE, "x-forwarded-for": "198.51.100.7"}
        assert (await browser.log_in(headers=far)).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (FROM_HERE, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({}, 403),
        ({"origin": "OWN"}, 303),
    ],
    ids=["from here", "cross-site", "same-site", "none", "foreign", "null", "silent", "own origin"],
)
async def test_a_login_form_comes_from_our_own_page(bureau: Bureau, headers: dict[str, str], status: int) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        sent = {name: desk.address if value == "OWN" else value for name, value in headers.items()}
        assert (await browser.log_in(headers=sent)).status_code == status


async def test_a_session_ends_when_it_rests_and_when_it_is_old(bureau: Bureau) -> None:
    web = Web(bind="", trusted_proxies=(), office_idle=dt.timedelta(minutes=30), office_longest=dt.timedelta(hours=2))
    async with office_pages(bureau, web=web) as desk, desk.browser("陈怡") as browser:
        for _ in range(4):
            bureau.clock.forward(minutes=29)
            assert (await browser.get("")).status_code == 200  # each look prolongs it
        bureau.clock.forward(minutes=5)
        assert (await browser.get("")).status_code == 303  # but not for ever
        await browser.log_in()
        bureau.clock.forward(minutes=30)
        assert (await browser.get("")).status_code == 303


@pytest.mark.parametrize("what", ["removed", "password"])
async def test_a_session_ends_with_its_login_and_with_its_password(on_each: Bureau, what: str) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        with on_each.database.write() as conn:
            if what == "removed":
                remove_login(conn, "陈怡", actor="test", now=on_each.clock())
            else:
                new = hash_password("another password of three words")
                set_password(conn, "陈怡", new, actor="test", now=on_each.clock())
        assert (await browser.get("")).status_code == 303
        assert (await browser.log_in()).status_code == 403


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"name=%ff&password=x", "application/x-www-form-urlencoded", 400),
    ],
    ids=["json", "endless", "no text"],
)
async def test_what_is_no_form_is_refused(bureau: Bureau, content: bytes, kind: str, status: int) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        headers = {**FROM_HERE, "content-type": kind}
        response = await browser.client.post("/office/login", content=content, headers=headers)
        assert response.status_code == status


async def test_a_form_of_an_ended_session_does_nothing(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        form = form_of(await browser.get(""))
        await browser.log_in()
        before = len(desk.audit())
        response = await browser.post("pause", {"form": form, "scope": "all"})
        assert (response.status_code, len(desk.audit())) == (403, before)
