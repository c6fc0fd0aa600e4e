"""What the office's pages show, over real sockets: books, evidence, what needs a person, and nothing that may harm."""

import asyncio
import datetime as dt
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from distributor.delivery.evidence import Kind
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.delivery.state import Fact
from distributor.receipts.tokens import Purpose
from distributor.settings import Web
from distributor.store.attempts import close_attempts
from distributor.store.claims import claim
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of, hold
from distributor.store.moves import Move, apply_moves
from distributor.store.pauses import pause
from distributor.store.receipts import add_receipt
from distributor.store.withdrawals import withdraw
from distributor.web import office_live
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.office_pages import Browser, OfficeDesk, office_pages, text_of
from tests.integration.reading import DIRECTORY

#: What breaks out of a page that prints it as it stands.
HOSTILE = '</td><script>alert(1)</script><img src=x onerror="alert(2)">\'"{{ 7*7 }}'


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


@pytest.fixture
def asking(bureau: Bureau) -> Bureau:
    """An office whose 发 group owes a 签收."""
    bureau.office.write("recipients.yaml", DIRECTORY.format(leaders="never"))
    return bureau


def comes_back(desk: OfficeDesk, kind: Kind, of: str | None, *, review: str = "", **details: object) -> None:
    """Something comes back about a copy; without a name it fits nobody."""
    now = desk.bureau.clock()
    with desk.bureau.database.write() as conn:
        add_receipt(
            conn,
            kind,
            delivery_id=desk.copy(of).id if of else None,
            source="mailbox",
            digest=f"{kind}{of}".encode().hex().ljust(64, "0")[:64],
            at=now,
            now=now,
            details=details,
            review=review,
        )


async def test_the_list_shows_every_bulletin_with_books_that_balance(on_each: Bureau) -> None:
    async with office_pages(on_each) as desk, desk.browser("李明") as browser:
        desk.becomes("accepted", "领导1")
        desk.becomes("unknown", "联络员1")
        desk.becomes("failed", "联络员2")
        page = text_of(await browser.get(""))
    assert "3 planned = 1 accepted + 1 failed + 1 unknown" in page
    assert "云岭区巡河工作快报 第7期: copies of which nobody knows whether they arrived: 1." in page


async def test_what_waits_for_a_person_stands_first(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        assert "Nothing waits for a person." in text_of(await browser.get(""))
        with bureau.database.write() as conn:
            pause(conn, "account:main", "the relay moves", "cli:root", bureau.clock())
            hold(conn, dispatches_of(conn, 1)[0].id, "late")
        comes_back(desk, Kind.UNCLASSIFIED, None, review="no token", text="您好")
        page = await browser.get("")
        receipts = await browser.get("receipts")
    assert "The mail account main is paused since 2026-11-23 17:00: the relay moves" in text_of(page)
    assert "区领导 of 云岭区巡河工作快报 第7期 is on hold: its hour was missed." in text_of(page)
    assert "Receipts that fit nobody or need a person's eye: 1." in text_of(page)
    assert 'href="resume?scope=account:main"' in page.text
    assert 'href="resume?scope=bulletin:1"' in page.text
    assert "您好" in text_of(receipts)


async def test_units_that_have_not_signed_come_first_and_those_that_have_are_named(asking: Bureau) -> None:
    text = (
        DIRECTORY.format(leaders="never")
        + "      - unit: 柳河镇\n        people: [{name: 孙六, email: sun@example.gov.cn}]\n"
    )
    asking.office.write("recipients.yaml", text)
    async with office_pages(asking) as desk, desk.browser("陈怡") as browser:
        desk.becomes("accepted", "李四", "王五", "孙六", "赵一")
        comes_back(desk, Kind.SIGNED, "李四", name="王秘书", remark="已组织学习")
        page = text_of(await browser.get("b/1"))
    who = page[page.index("Who has signed") :]
    assert "1 / 2" in who
    assert who.index("柳河镇") < who.index("石桥镇")
    assert "孙六 taken by the mail server" in who
    assert "李四 签收 by the link, identity not verified" in who
    assert "已组织学习" in who


async def test_the_ladder_counts_each_person_once_on_the_highest_rung(asking: Bureau) -> None:
    async with office_pages(asking) as desk, desk.browser("陈怡") as browser:
        desk.becomes("accepted", "李四", "王五", "赵一")
        for kind in (Kind.DELIVERED, Kind.OPENED, Kind.SIGNED):
            comes_back(desk, kind, "李四")
        comes_back(desk, Kind.OPENED, "王五")
        page = text_of(await browser.get("b/1"))
    ladder = page[page.index("What is known Each person") :]
    assert "签收 by the link, identity not verified 1 33 %" in ladder
    assert "page opened, unverified 1 33 %" in ladder
    assert "in the mailbox 0 0 %" in ladder
    assert "taken by the mail server 1 33 %" in ladder


async def test_a_copy_tells_its_story(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        with bureau.database.write() as conn:
            claims = claim(conn, owner="test", limit=9, lease=dt.timedelta(minutes=1), now=bureau.clock())
            own = next(one for one in claims if one.name == "联络员1")
            outcome = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.RCPT, Reply(550, "5.1.1", "no such user"))
            close_attempts(conn, [(own.delivery_id, own.epoch, outcome)], now=bureau.clock())
            apply_moves(conn, [Move(own.delivery_id, Fact.REJECT, own.epoch)], now=bureau.clock())
        page = text_of(await browser.get(f"c/{own.delivery_id}"))
    assert "联络员1 (单位1) gets the letter of group 各单位 (发) at unit1@example.gov.cn." in page
    assert "refused, at rcpt: 550 5.1.1 no such user" in page
    assert "Logged in as 李明 (viewer)" in page
    assert "Correct the address in recipients.yaml" in page
    assert "Try again" not in page.split("What is known")[0].split("Correct")[0]  # a viewer has no buttons


async def test_75_whatever_others_wrote_is_text_on_every_page(asking: Bureau) -> None:
    hostile = json.dumps(HOSTILE, ensure_ascii=False)
    text = DIRECTORY.format(leaders="never").replace("name: 李四", f"name: {hostile}")
    asking.office.write("recipients.yaml", text)
    async with office_pages(asking) as desk, desk.browser("陈怡") as browser:
        name = desk.copies()[1].name
        assert "<script>" in name
        desk.becomes("accepted", name, "王五")
        comes_back(desk, Kind.REPLIED, name, subject=HOSTILE, text=HOSTILE)
        comes_back(desk, Kind.RETURNED, name, reason=HOSTILE, name=HOSTILE)
        comes_back(desk, Kind.UNCLASSIFIED, None, review=HOSTILE, text=HOSTILE, reason=HOSTILE)
        with asking.database.write() as conn:
            pause(conn, "all", HOSTILE, "cli:root", asking.clock())
            withdraw(conn, 1, HOSTILE, actor="cli:root", now=asking.clock())
        copy = desk.copies()[1].id
        for path in (
            "",
            "b/1",
            "b/1/copies",
            "receipts",
            f"c/{copy}",
            f"c/{copy}/retry",
            "b/1/remind",
            "resume?scope=all",
        ):
            response = await browser.get(path)
            assert response.status_code == 200, path
            assert "<script>" not in response.text, path
            assert "<img" not in response.text, path
            assert "{{" in response.text or path in ("resume?scope=all", "b/1/remind", f"c/{copy}/retry"), path
            assert "49" not in text_of(response).replace("2026", ""), path


async def test_a_name_that_was_typed_to_log_in_is_text_too(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser() as browser:
        response = await browser.log_in(HOSTILE, "x")
    assert "<script>" not in response.text
    assert "<img" not in response.text


async def test_no_page_shows_the_token_of_anybody_s_link(asking: Bureau) -> None:
    async with (
        office_pages(asking, base_url="https://bulletin.example.gov.cn", web=Web(bind="", trusted_proxies=())) as desk,
        desk.browser() as browser,
    ):
        await browser.log_in()
        browser.client.headers["cookie"] = f"__Host-office={browser.client.cookies.get('__Host-office')}"
        desk.becomes("accepted", "李四")
        tokens = [asking.key.token(Purpose.LINK, copy.id) for copy in desk.copies()]
        link = f"> https://bulletin.example.gov.cn/b/{tokens[1]}#acknowledge"
        comes_back(desk, Kind.REPLIED, "李四", text=f"收到\n{link}\n{tokens[1].upper()}")
        comes_back(desk, Kind.UNCLASSIFIED, None, review=link, text=link)
        copy = desk.copy("李四").id
        pages = [
            await browser.get(path)
            for path in ("", "b/1", "b/1/copies", f"c/{copy}", "receipts", "b/1/letters/1", "b/1/letters/1/page")
        ]
    assert [page.status_code for page in pages] == [200] * len(pages)
    assert "收到" in pages[3].text
    for page in pages:
        assert not [token for token in tokens if token in page.text.lower()]


async def test_pages_keep_to_themselves(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        for path in ("", "login", "b/1", "b/1/retry", "b/99", "receipts"):
            response = await browser.get(path)
            policy = response.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert "script-src 'self'" in policy
            assert response.headers["cache-control"] == "no-store"
            assert response.headers["referrer-policy"] == "no-referrer"
            assert response.headers["x-frame-options"] == "DENY"
            assert not re.search(r'\s(style|on[a-z]+)="', response.text)
            assert "http" not in response.text


async def test_a_letter_is_shown_in_a_frame_that_may_do_nothing(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        around = await browser.get("b/1/letters/1")
        letter = await browser.get("b/1/letters/1/page")
        missing = await browser.get("b/1/letters/99")
    assert '<iframe class="letter" sandbox src="../../../b/1/letters/1/page"' in around.text
    policy = letter.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert "石桥镇组织三级河长巡河" in letter.text
    assert "张三" in letter.text  # a made-up reader's, nobody's own
    assert missing.status_code == 404


@pytest.mark.parametrize(
    ("accept", "says", "tag"),
    [
        ("en-GB,en;q=0.9,zh;q=0.8", "Log out", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "", "zh-CN"),
        ("fr,en;q=0.3,zh;q=0.7", "", "zh-CN"),
        ("", "", "zh-CN"),
        ("q=;;;,,=zh", "", "zh-CN"),
    ],
    ids=["english", "chinese", "by weight", "silent", "nonsense"],
)
async def test_pages_speak_the_browser_s_language(bureau: Bureau, accept: str, says: str, tag: str) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡", language=accept) as browser:
        response = await browser.get("")
    assert f'<html lang="{tag}">' in response.text
    assert says in text_of(response)


async def test_the_switch_wins_over_the_browser_s_language(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡", language="zh-CN") as browser:
        switched = await browser.get("b/1?lang=en")
        assert (switched.status_code, switched.headers["location"]) == (303, "../b/1")
        assert '<html lang="en">' in (await browser.get("b/1")).text
        assert (await browser.get("b/1?lang=xx")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "b/99", "b/99999999999999999999", "b/x", "c/nobody", "c/%00", f"c/{'x' * 500}", "b/1/letters/7",
        "b/1/nothing", "b/99/copies", "resume?scope=bulletin:99", "resume?scope=account:none", "resume?scope=x",
        "resume?scope=bulletin:²", "no/such/page", "logout", "oidc/nothing",
    ],
)  # fmt: skip
async def test_what_is_not_there_is_a_page_that_says_so(on_each: Bureau, path: str) -> None:
    async with office_pages(on_each) as desk, desk.browser("陈怡") as browser:
        response = await browser.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"].startswith("text/html")
        if "%00" not in path and len(path) < 100 and "99999999999" not in path:
            assert "Back" in text_of(response)
            assert "Log out" in text_of(response)


async def test_long_lists_come_in_pages(bureau: Bureau) -> None:
    bureau.office.recipients(leaders=1, units=120)
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        first, second = await browser.get("b/1/copies"), await browser.get("b/1/copies?page=2")
        odd = [await browser.get(f"b/1/copies?page={page}") for page in ("0", "-1", "²", "x", "9999999")]
    assert "1–100 / 121" in text_of(first)
    assert "101–121 / 121" in text_of(second)
    assert [one.status_code for one in odd] == [200] * 5


async def test_72_when_the_database_is_down_the_page_says_so(bureau: Bureau, tmp_path: Path) -> None:
    async with office_pages(bureau) as desk, desk.browser("陈怡") as browser:
        assert bureau.database.path is not None
        moved = bureau.database.path.rename(tmp_path / "elsewhere")
        bureau.database._reader.dispose()
        response = await browser.log_in()
        moved.rename(bureau.database.path)
    assert response.status_code == 503
    assert "Nothing was changed" in text_of(response)


# Live figures.


async def told(stream: httpx2.Response) -> AsyncIterator[tuple[str, str]]:
    """The events of a stream: name and data."""
    name = ""
    async for line in stream.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") or line == "data:":
            yield name, line[6:]


async def test_figures_follow_the_sending_and_end_with_it(on_each: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office_live, "BEAT", 0.02)
    async with office_pages(on_each) as desk, desk.browser("李明") as browser:
        page = await browser.get("b/1")
        assert 'data-live="../b/1/events"' in page.text
        async with browser.client.stream("GET", "/office/b/1/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            events = told(stream)
            name, data = await anext(events)
            assert (name, json.loads(data)["counts"]["queued"]) == ("books", 3)
            desk.becomes("accepted", "领导1")
            name, data = await anext(events)
            assert (name, json.loads(data)["counts"]["accepted"]) == ("books", 1)
            desk.becomes("accepted", "联络员1")
            desk.becomes("failed", "联络员2")
            rest = [name async for name, _ in events]
            assert rest[-1] == "ended"
        assert "data-live" not in (await browser.get("b/1")).text


async def test_streams_are_few_for_each_who_looks(bureau: Bureau) -> None:
    async def is_open(browser: Browser, leave: asyncio.Event, arrived: asyncio.Queue[int]) -> None:
        async with browser.client.stream("GET", "/office/b/1/events") as stream:
            events = told(stream)  # kept: an iterator that nobody holds closes the stream under us
            if stream.status_code == 200:
                await anext(events)
            arrived.put_nowait(stream.status_code)
            await leave.wait()

    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        leave, arrived = asyncio.Event(), asyncio.Queue[int]()
        looking = [asyncio.create_task(is_open(browser, leave, arrived)) for _ in range(office_live.MOST_EACH)]
        assert [await arrived.get() for _ in looking] == [200] * office_live.MOST_EACH
        assert (await browser.get("b/1/events")).status_code == 503
        leave.set()
        await asyncio.gather(*looking)


async def test_a_stream_ends_with_its_session_and_is_no_sign_of_life(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office_live, "BEAT", 0.01)
    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        async with browser.client.stream("GET", "/office/b/1/events") as stream:
            events = told(stream)
            await anext(events)
            bureau.clock.forward(minutes=31)
            assert [name async for name, _ in events][-1] == "ended"
        assert (await browser.get("b/1")).status_code == 303


async def test_streams_end_when_the_service_stops(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, desk.browser("李明") as browser:
        async with browser.client.stream("GET", "/office/b/1/events") as stream:
            events = told(stream)
            await anext(events)
            desk.pages.close()
            assert [name async for name, _ in events] == []
        assert (await browser.get("b/1/events")).status_code == 503
