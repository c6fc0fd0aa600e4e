"""The reader's page over real sockets: who may sign, who may not, and what is said when nothing can be written."""

import asyncio
import datetime as dt
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import State
from distributor.receipts.tokens import Purpose
from distributor.settings import Web
from distributor.store import audit
from distributor.store.database import Database
from distributor.store.withdrawals import withdraw
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import BY_HAND, Page, correct, nonce_of, reading


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


def kinds(page: Page) -> list[Kind]:
    return [receipt.kind for receipt in page.receipts()]


async def test_the_page_shows_the_bulletin_to_its_reader(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        response = await page.open()
    assert response.status_code == 200
    assert "石桥镇组织三级河长巡河" in response.text
    assert "李四" in response.text
    assert "请于2026年11月25日前签收" in response.text
    assert page.token not in response.headers.get("location", "")


async def test_nothing_of_the_page_comes_from_elsewhere_and_nothing_of_it_leaks(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        response = await page.open()
        style = response.text.split('rel="stylesheet" href="..')[1].split('"')[0]
        sheet = await page.client.get(style)
    assert "<script" not in response.text
    assert "http" not in response.text.replace("https://bulletin.example.gov.cn", "")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert "set-cookie" not in response.headers
    assert (sheet.status_code, sheet.headers["content-type"]) == (200, "text/css; charset=utf-8")


async def test_a_pressed_button_is_a_receipt_on_the_disk_before_the_answer(on_each: Bureau) -> None:
    async with reading(on_each) as page:
        response = await page.sign(name=" 王秘书\u202e\n", remark="已组织\r\n学习 ")
        assert (response.status_code, response.headers["location"]) == (303, f"{page.token}#acknowledge")
        (signed,) = [one for one in page.receipts() if one.kind is Kind.SIGNED]
        assert signed.details == {"name": "王秘书", "remark": "已组织\n学习"}
        assert page.evidence() is Rung.SIGNED
        shown = await page.open()
    assert "已签收" in shown.text
    assert "2026年11月23日 17:01" in shown.text
    assert "王秘书" in shown.text
    assert "未核验身份" in shown.text
    with on_each.database.read() as conn:
        entry = audit.entries(conn)[-1]
    assert (entry.action, entry.subject) == ("receipt.signed", f"delivery:{page.copy.id}")
    assert on_each.copies()[1].state is State.DELIVERED


async def test_who_signs_for_somebody_else_is_named_with_both_names(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(seconds=5)
        nameless = await page.press(nonce, on_behalf=True)
        assert (nameless.status_code, kinds(page)) == (400, [])
        assert "代签收请填写您的姓名" in nameless.text
        page.clock.forward(seconds=5)
        await page.press(nonce_of(nameless), name="王秘书", on_behalf=True)
        assert [one.details for one in page.receipts()] == [{"name": "王秘书", "for": "李四"}]
        shown = await page.open()
    assert "王秘书（代李四签收）" in shown.text


async def test_a_bulletin_is_sent_back_with_a_reason_and_may_still_be_signed(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(seconds=5)
        empty = await page.press(nonce, "return", reason=" \n")
        assert (empty.status_code, kinds(page)) == (400, [])
        again = [await page.press(nonce, "return", reason="不属于本单位") for _ in range(2)]
        assert [one.status_code for one in again] == [303, 303]
        assert kinds(page) == [Kind.RETURNED]
        assert page.evidence() is Rung.REPLIED
        assert "已退回，理由：不属于本单位" in (await page.open()).text
        await page.sign()
        assert page.evidence() is Rung.SIGNED


async def test_67_looking_changes_nothing_but_opened_unverified(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        await page.client.head(page.path)
        await page.open(**{"sec-purpose": "prefetch;prerender"})
        await page.open(purpose="prefetch")
        for _ in range(20):
            await page.open()
        assert (await page.client.options(page.path)).status_code == 405
        assert (await page.client.put(page.path)).status_code == 405
        await page.reader.openings.flush()
        assert sorted(kinds(page)) == [Kind.FETCHED, Kind.OPENED]
        assert page.evidence() is Rung.OPENED
        assert bureau.copies()[1].state is State.ACCEPTED


async def test_67_a_scanner_that_opens_every_link_of_every_letter_signs_none(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        for copy in bureau.copies():
            await page.client.get(f"/b/{bureau.key.token(Purpose.LINK, copy.id)}")
        await page.reader.openings.flush()
        with bureau.database.read() as conn:
            assert not [one for one in audit.entries(conn) if one.action.startswith("receipt.")]


@pytest.mark.parametrize(
    ("age", "status"),
    [(0.0, 403), (0.999, 403), (1.0, 303), (86_400.0, 303), (86_400.001, 403), (-5.0, 403)],
    ids=["at once", "too soon", "after a second", "after a day", "too old", "from the future"],
)
async def test_68_a_nonce_counts_from_one_second_to_one_day(bureau: Bureau, age: float, status: int) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(seconds=age)
        response = await page.press(nonce)
        assert response.status_code == status
        assert kinds(page) == ([Kind.SIGNED] if status == 303 else [])
        if status != 303:
            assert nonce_of(response) not in ("", nonce)


@pytest.mark.parametrize("nonce", [None, "", "x", "18f.0123456789abcdef." + "a" * 32, "0" * 200])
async def test_68_without_a_nonce_of_ours_nothing_is_recorded(bureau: Bureau, nonce: str | None) -> None:
    async with reading(bureau) as page:
        page.clock.forward(minutes=1)
        response = await page.press(nonce)
        assert response.status_code in (400, 403)
        assert kinds(page) == []
        assert "没有记录" in response.text


async def test_68_the_nonce_of_another_copy_is_refused(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        other = next(copy for copy in bureau.copies() if copy.name == "王五")
        foreign = nonce_of(await page.client.get(f"/b/{bureau.key.token(Purpose.LINK, other.id)}"))
        assert foreign
        page.clock.forward(minutes=1)
        assert (await page.press(foreign)).status_code == 403
        assert kinds(page) == []


@pytest.mark.parametrize(
    "headers",
    [
        BY_HAND | {"sec-fetch-site": "cross-site"},
        BY_HAND | {"sec-fetch-site": "same-site"},
        BY_HAND | {"sec-fetch-site": "none"},
        BY_HAND | {"sec-fetch-mode": "cors"},
        {name: value for name, value in BY_HAND.items() if name != "sec-fetch-user"},
        BY_HAND | {"sec-fetch-user": "?0"},
    ],
    ids=["cross-site", "same-site", "from nowhere", "by fetch", "without a gesture", "with no gesture"],
)
async def test_68_what_the_browser_says_was_no_press_on_our_page_is_refused(
    bureau: Bureau, headers: dict[str, str]
) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        assert (await page.press(nonce, headers=headers)).status_code == 403
        assert kinds(page) == []


@pytest.mark.parametrize(
    "headers",
    [
        BY_HAND,
        {"user-agent": "Mozilla/5.0 (Linux; U; Android 9) MQQBrowser/6.2 TBS/045 MicroMessenger/7.0"},
        {
            "user-agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1",
            "sec-fetch-site": "same-origin",
            "sec-fetch-mode": "navigate",
        },
    ],
    ids=["chromium", "an old WeChat", "safari"],
)
async def test_browsers_that_say_less_can_sign_too(bureau: Bureau, headers: dict[str, str]) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        assert (await page.press(nonce, headers=headers)).status_code == 303


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"action=sign", "text/plain", 415),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(50)), "application/x-www-form-urlencoded", 400),
        (b"action=sign&name=%ff%fe", "application/x-www-form-urlencoded", 400),
        ("action=签收".encode("gbk"), "application/x-www-form-urlencoded", 400),
    ],
    ids=["json", "text", "large", "many fields", "no utf-8", "raw octets"],
)
async def test_what_is_no_form_of_ours_is_refused(bureau: Bureau, content: bytes, kind: str, status: int) -> None:
    async with reading(bureau) as page:
        response = await page.client.post(page.path, content=content, headers={"content-type": kind})
        assert response.status_code == status
        assert kinds(page) == []


async def test_69_a_hundred_presses_at_once_are_one_签收_and_the_first_time_stays(on_each: Bureau) -> None:
    async with reading(on_each, patience=60) as page:
        nonce, tab = await page.nonce(), await page.nonce()
        page.clock.forward(minutes=1)
        answers = await asyncio.gather(*(page.press(one) for one in [nonce, tab] * 50))
        assert {one.status_code for one in answers} == {303}
        page.clock.forward(hours=1)
        await page.press(nonce, name="another")
        (signed,) = page.receipts()
        assert signed.at == page.clock() - dt.timedelta(hours=1)
        assert "2026年11月23日 17:01" in (await page.open()).text


async def test_70_unknown_tokens_get_the_same_answer_and_guessers_a_limit_and_an_alarm(bureau: Bureau) -> None:
    told: list[str] = []
    async with reading(bureau, alarm=lambda: told.append("!")) as page:
        wrong = ["a" * 32, page.token[:-1] + ("a" if page.token[-1] != "a" else "b"), "x", "%00" * 8, "q" * 3000]
        answers = [await page.client.get(f"/b/{token}") for token in wrong]
        assert {one.status_code for one in answers} == {404}
        assert len({one.text for one in answers}) == 1
        posts = [await page.client.post(f"/b/{token}", data={"action": "sign"}) for token in wrong]
        assert {(one.status_code, one.text) for one in posts} == {(404, answers[0].text)}
        more = [await page.client.get(f"/b/{number:032d}") for number in range(60)]
        assert {one.status_code for one in more[40:]} == {429}
        assert told == ["!"]
        # Whoever has a link of ours is not kept out by a neighbour who guesses.
        assert (await page.open()).status_code == 200


async def test_71_a_withdrawn_bulletin_says_so_and_takes_no_签收(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        with bureau.database.write() as conn:
            withdraw(conn, page.copy.bulletin_id, "数字有误", actor="test", now=page.clock())
        response = await page.press(nonce)
        assert (response.status_code, kinds(page)) == (410, [])
        shown = await page.open()
    for text in (response.text, shown.text):
        assert "已撤回" in text
        assert 'name="nonce"' not in text
        assert "三级河长巡河" not in text
        assert "数字有误" not in text


async def test_71_an_expired_page_says_so_and_takes_no_签收(bureau: Bureau) -> None:
    async with reading(bureau, web=Web(bind="", readable_for=dt.timedelta(days=30))) as page:
        page.clock.forward(days=30)
        nonce = await page.nonce()
        assert nonce
        page.clock.forward(minutes=1)
        assert (await page.press(nonce)).status_code == 410
        shown = await page.open()
    assert "已过期" in shown.text
    assert "三级河长巡河" not in shown.text


async def test_71_a_corrected_bulletin_may_be_read_and_takes_no_签收(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        nonce = await page.nonce()
        correct(bureau)
        page.clock.forward(minutes=1)
        assert (await page.press(nonce)).status_code == 410
        shown = await page.open()
    assert "以更正版为准" in shown.text
    assert "三级河长巡河" in shown.text


async def test_72_while_the_database_is_locked_nobody_is_told_a_false_success(bureau: Bureau) -> None:
    assert bureau.database.path
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        with closing(sqlite3.connect(bureau.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await page.press(nonce, name="王秘书", remark="<b>好</b>")
            other.execute("ROLLBACK")
        assert (refused.status_code, kinds(page)) == (503, [])
        assert "未记录，请重试" in refused.text
        assert "010-5555 0100" in refused.text
        # What was written is sent again by the button of that page.
        assert 'name="name" value="王秘书"' in refused.text
        assert "&lt;b&gt;" in refused.text
        assert (await page.press(nonce, name="王秘书")).status_code == 303
        assert kinds(page) == [Kind.SIGNED]


async def test_72_a_database_that_is_gone_is_503_for_readers_and_signers(bureau: Bureau) -> None:
    assert bureau.database.path
    async with reading(bureau) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        bureau.database.path.rename(bureau.database.path.with_suffix(".away"))
        refused = await page.press(nonce)
        assert refused.status_code == 503
        assert "未记录，请重试" in refused.text
        bureau.database.path.with_suffix(".away").rename(bureau.database.path)
        assert kinds(page) == []


async def test_72_a_write_that_takes_too_long_is_said_to_be_not_recorded(bureau: Bureau) -> None:
    assert bureau.database.path
    patient = Database.open(f"sqlite:///{bureau.database.path}", patience=dt.timedelta(seconds=2))
    async with reading(bureau, patience=0.2, database=patient) as page:
        nonce = await page.nonce()
        page.clock.forward(minutes=1)
        with closing(sqlite3.connect(bureau.database.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            refused = await page.press(nonce)
            other.execute("ROLLBACK")
        assert refused.status_code == 503
    patient.close()


@pytest.mark.parametrize("proxies", [(), ("127.0.0.0/8",)], ids=["nobody trusted", "proxy trusted"])
async def test_73_x_forwarded_for_counts_only_when_a_trusted_proxy_wrote_it(
    bureau: Bureau, proxies: tuple[str, ...]
) -> None:
    async with reading(bureau, web=Web(bind="", trusted_proxies=proxies)) as page:
        for number in range(60):
            spoofed = {"x-forwarded-for": f"8.8.{number}.8, 203.{number}.113.9"}
            response = await page.client.get("/b/" + "a" * 32, headers=spoofed)
        assert response.status_code == (404 if proxies else 429)


async def test_73_odd_headers_change_nothing_and_are_shown_nowhere(
    bureau: Bureau, capsys: pytest.CaptureFixture[str]
) -> None:
    async with reading(bureau) as page:
        odd = {"user-agent": "<script>alert(1)</script>" * 300, "x-forwarded-for": "a" * 4000, "referer": "\x7fevil"}
        response = await page.open(**odd)
        assert (response.status_code, "alert(1)" in response.text) == (200, False)
        page.clock.forward(minutes=1)
        await page.press(nonce_of(response), name='"><script>alert(1)</script>', remark="\x1b[31mred\x00\u2028")
        shown = await page.open()
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;" in shown.text
    assert "\x1b" not in shown.text
    written = capsys.readouterr()
    assert page.token not in written.out + written.err


async def test_74_a_flood_of_openings_is_bounded_and_does_not_delay_a_签收(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        for number in range(20_000):
            page.reader.openings.note(f"{number:032x}", Kind.FETCHED, "page")
        assert page.reader.openings.dropped == 10_000
        assert (await page.sign()).status_code == 303
        assert page.evidence() is Rung.SIGNED


async def test_a_letter_that_asks_for_no_签收_has_no_button_and_takes_none(bureau: Bureau) -> None:
    async with reading(bureau, "赵一") as page:
        response = await page.open()
        assert (response.status_code, nonce_of(response)) == (200, "")
        page.clock.forward(minutes=1)
        assert (await page.press("x")).status_code == 403
        assert kinds(page) == []


async def test_superiors_write_a_remark_only_when_the_directory_asks(bureau: Bureau) -> None:
    async with reading(bureau, "赵一", leaders="optional") as page:
        response = await page.open()
        assert "批示意见" not in response.text
        page.clock.forward(minutes=1)
        await page.press(nonce_of(response), remark="请阅")
        assert [one.details for one in page.receipts()] == [{}]


async def test_the_code_on_the_page_leads_to_the_page(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        assert f'src="{page.token}/code.svg"' in (await page.open()).text
        code = await page.client.get(f"{page.path}/code.svg")
        assert (code.status_code, code.headers["content-type"]) == (200, "image/svg+xml")
        assert (await page.client.get(f"/b/{'a' * 32}/code.svg")).status_code == 404
