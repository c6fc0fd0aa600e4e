"""The PDF on the reader's page: from the frozen text, with the reader's own code, set once however many ask for it."""

import asyncio
import re
from pathlib import Path
from unittest.mock import Mock
from urllib.parse import unquote

import httpx2
import pytest

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import State
from distributor.dispatch.intake import templates_of
from distributor.dispatch.paper import pdf_of
from distributor.dispatch.reopen import reopen
from distributor.receipts.tokens import Purpose
from distributor.rendering.pdf.own_code import with_code
from distributor.store.database import Database
from distributor.store.withdrawals import withdraw
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import Page, correct, reading

WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0"


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


async def take(page: Page, **headers: str) -> httpx2.Response:
    return await page.client.get(f"{page.path}/bulletin.pdf", headers=headers)


def frozen(page: Page, *, edition: int = 1) -> bytes:
    """The paper as it must be: from the store, with this reader's own address."""
    with page.bureau.database.read() as conn:
        stored = reopen(conn, page.copy.bulletin_id)
    shared = pdf_of(stored, templates_of(page.bureau.settings), file="x.md", edition=edition, code=True)
    return with_code(shared.content, f"https://bulletin.example.gov.cn{page.path}")


async def test_the_page_offers_its_bulletin_as_a_file_under_its_name(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        shown = await page.open()
        link = re.findall(r'href="([^"]+)">下载 PDF', shown.text)
        taken = await page.client.get(f"/b/{link[0]}")
        assert (taken.status_code, taken.headers["content-type"]) == (200, "application/pdf")
        assert taken.content == frozen(page)
    named = taken.headers["content-disposition"]
    assert named.startswith("attachment; filename=\"bulletin.pdf\"; filename*=UTF-8''")
    assert unquote(named.rpartition("''")[2]) == "云岭区巡河工作快报第7期.pdf"
    assert taken.headers["cache-control"] == "no-store"
    assert taken.headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in taken.headers["content-security-policy"]
    assert "set-cookie" not in taken.headers


async def test_inside_wechat_it_is_shown_and_the_page_says_how_to_keep_it(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        inside, outside = await page.open(**{"user-agent": WECHAT}), await page.open()
        taken = await take(page, **{"user-agent": WECHAT})
    assert "在浏览器打开" in inside.text
    assert "在浏览器打开" not in outside.text
    assert taken.headers["content-disposition"].startswith("inline; ")


async def test_what_is_printed_is_the_frozen_text_whatever_became_of_the_file(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        expected = frozen(page)
        bureau.office.write("by-hand-7.md", BULLETIN.format(number=7).replace("整改问题6处", "整改问题9处"))
        assert (await take(page)).content == expected


async def test_taking_it_counts_as_opening_the_page_and_no_more(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        await take(page)
        await page.client.head(f"{page.path}/bulletin.pdf")
        await page.reader.openings.flush()
        assert sorted(one.kind for one in page.receipts()) == [Kind.FETCHED, Kind.OPENED]
        assert page.evidence() is Rung.OPENED
        assert bureau.copies()[1].state is State.ACCEPTED


async def test_a_hundred_who_ask_at_once_have_it_set_once(bureau: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Mock(wraps=pdf_of)
    monkeypatch.setattr("distributor.web.papers.pdf_of", made)
    async with reading(bureau) as page:
        other = next(copy for copy in bureau.copies() if copy.name == "王五")
        path = f"/b/{bureau.key.token(Purpose.LINK, other.id)}"
        asked = [take(page) for _ in range(50)] + [page.client.get(f"{path}/bulletin.pdf") for _ in range(50)]
        taken = await asyncio.gather(*asked)
    assert {one.status_code for one in taken} == {200}
    assert made.call_count == 1
    # Each with the code of its own reader.
    assert len({one.content for one in taken}) == 2


async def test_what_cannot_be_set_is_said_and_not_tried_again_for_every_scanner(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = Mock(wraps=pdf_of)
    monkeypatch.setattr("distributor.web.papers.pdf_of", tried)
    text = BULLETIN.format(number=7).replace("整改问题6处", "整改问题6处，出席：张𪚥三")
    async with reading(bureau, text=text) as page:
        told = [await take(page) for _ in range(3)]
        shown = await page.open()
    assert [one.status_code for one in told] == [404, 404, 404]
    assert "请看网页，内容完整" in told[0].text
    assert f'href="../{page.token}"' in told[0].text
    assert "张𪚥三" in shown.text
    assert tried.call_count == 1


async def test_a_withdrawn_bulletin_is_not_given_out(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        with bureau.database.write() as conn:
            withdraw(conn, page.copy.bulletin_id, "数字有误", actor="test", now=bureau.clock())
        taken, shown = await take(page), await page.open()
    assert taken.status_code == 410
    assert "已撤回" in taken.text
    assert "下载 PDF" not in shown.text


async def test_a_replaced_text_is_read_on_its_page_only_and_the_correction_says_what_it_is(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        correct(bureau)
        taken, shown = await take(page), await page.open()
        assert (taken.status_code, "三级河长巡河" in shown.text) == (410, True)
        assert "以更正版为准" in taken.text
        assert "下载 PDF" not in shown.text
        new = next(copy for copy in bureau.copies(2) if copy.name == "李四")
        page.copy = new
        shown, taken = await page.open(), await take(page)
        assert "本期为更正版，请以此为准。" in shown.text
        assert taken.content == frozen(page, edition=2)
    assert "（更正）.pdf" in unquote(taken.headers["content-disposition"])


async def test_nobody_gets_a_paper_by_guessing(bureau: Bureau) -> None:
    async with reading(bureau) as page:
        assert (await page.client.get(f"/b/{'a' * 32}/bulletin.pdf")).status_code == 404
