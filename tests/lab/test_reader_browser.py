"""The reader's page in a real Chromium: as a scanner that opens and runs everything, and as a person."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Request, Response, async_playwright

from distributor.delivery.evidence import Kind, Rung
from distributor.receipts.tokens import Purpose
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.reading import Page, reading

CHROMIUM = "/usr/bin/chromium"

#: What scanners do to a page once it has loaded: press, submit and type from a script, as no person can.
SCRIPTS = (
    "() => document.forms[0].submit()",
    "() => document.forms[0].requestSubmit()",
    "() => document.querySelector('button.press').click()",
    "() => document.querySelectorAll('button, summary, a').forEach((each) => each.click())",
    """() => document.querySelector('button.press').dispatchEvent(
        new MouseEvent('click', {bubbles: true, cancelable: true, view: window}))""",
    """() => fetch(location.href, {method: 'POST', body: new URLSearchParams(new FormData(document.forms[0]))})""",
    """() => { const request = new XMLHttpRequest(); request.open('POST', location.href);
        request.send(new URLSearchParams(new FormData(document.forms[0]))); }""",
    """() => navigator.sendBeacon(location.href, new URLSearchParams(new FormData(document.forms[0])))""",
)

#: Runs a script once, a moment after the first page of a tab has loaded.
ONCE = """addEventListener('load', () => setTimeout(() => {
    if (sessionStorage.getItem('done')) return;
    sessionStorage.setItem('done', 'yes');
    (SCRIPT)();
    console.log('run');
}, 400));"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bureau(tmp_path: Path, clock: Clock) -> Iterator[Bureau]:
    database = Database.open(f"sqlite:///{tmp_path / 'distributor.db'}")
    yield Bureau(tmp_path / "office", database, clock)
    database.close()


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def phone(browser: Browser, **more: object) -> AsyncIterator[BrowserContext]:
    context = await browser.new_context(
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
        locale="zh-CN",
        **more,  # type: ignore[arg-type]
    )
    try:
        yield context
    finally:
        await context.close()


def address(page: Page, name: str = "") -> str:
    copy = next((one for one in page.bureau.copies() if one.name == name), page.copy)
    return f"{page.client.base_url}/b/{page.bureau.key.token(Purpose.LINK, copy.id)}"


def kinds(page: Page) -> set[Kind]:
    return {receipt.kind for receipt in page.receipts()}


async def test_67_a_scanner_that_opens_every_link_and_runs_scripts_signs_nothing(bureau: Bureau, clock: Clock) -> None:
    async with reading(bureau) as page, chromium() as browser, phone(browser) as context:
        for name in ("李四", "王五", "赵一"):
            for fragment in ("", "#acknowledge"):
                tab = await context.new_page()
                await tab.goto(address(page, name) + fragment, wait_until="networkidle")
                for link in await tab.eval_on_selector_all("a[href], img[src]", "all => all.map(e => e.href || e.src)"):
                    await tab.request.get(link)
                await tab.close()
        for script in SCRIPTS:
            tab = await context.new_page()
            # In the page itself: what is evaluated from outside carries a gesture that scripts do not have.
            await tab.add_init_script(ONCE.replace("SCRIPT", script))
            async with tab.expect_console_message(lambda message: message.text == "run"):
                await tab.goto(address(page))
                clock.forward(seconds=30)  # a patient scanner
            await tab.wait_for_load_state("networkidle")
            await tab.close()
        await page.reader.openings.flush()
        assert kinds(page) == {Kind.OPENED}
        assert page.evidence() is Rung.OPENED


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without JavaScript"])
async def test_a_person_signs_in_two_actions(bureau: Bureau, clock: Clock, *, script: bool) -> None:
    async with reading(bureau) as page, chromium() as browser, phone(browser, java_script_enabled=script) as context:
        tab = await context.new_page()
        await tab.goto(f"{address(page)}#acknowledge")  # the first: the link of the letter
        assert await tab.locator("button.press").is_visible()
        clock.forward(seconds=3)
        await tab.tap("button.press")  # the second
        await tab.wait_for_selector("dl.facts")
        assert page.evidence() is Rung.SIGNED
        assert await tab.locator("#acknowledge").get_by_text("2026年11月23日 17:00").is_visible()


async def test_the_keyboard_alone_is_enough(bureau: Bureau, clock: Clock) -> None:
    async with reading(bureau) as page, chromium() as browser:
        tab = await browser.new_page(locale="zh-CN")
        await tab.goto(address(page))
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("Enter")  # 跳到签收
        await tab.keyboard.press("Tab")
        clock.forward(seconds=3)
        await tab.keyboard.press("Enter")
        await tab.wait_for_selector("dl.facts")
        assert page.evidence() is Rung.SIGNED


async def test_a_reload_after_signing_asks_nothing_and_signs_nothing_again(bureau: Bureau, clock: Clock) -> None:
    async with reading(bureau) as page, chromium() as browser, phone(browser) as context:
        tab = await context.new_page()
        await tab.goto(f"{address(page)}#acknowledge")
        clock.forward(seconds=3)
        await tab.tap("button.press")
        await tab.wait_for_selector("dl.facts")
        clock.forward(hours=1)
        await tab.reload()
        await tab.wait_for_selector("dl.facts")
        assert [one.kind for one in page.receipts()].count(Kind.SIGNED) == 1


async def test_the_token_leaves_the_page_in_no_header_and_nothing_is_asked_of_others(bureau: Bureau) -> None:
    async with reading(bureau) as page, chromium() as browser, phone(browser) as context:
        asked: list[Request] = []
        complaints: list[str] = []
        tab = await context.new_page()
        tab.on("request", lambda request: asked.append(request))
        tab.on("console", lambda message: complaints.append(message.text))
        await tab.goto(address(page), wait_until="networkidle")
        assert {re.sub(r"^(http://127\.0\.0\.1:\d+)/.*", r"\1", one.url) for one in asked} == {
            str(page.client.base_url).rstrip("/")
        }
        assert not [one for one in asked if "referer" in await one.all_headers()]
        assert complaints == []
        assert await context.cookies() == []


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_the_screen_and_the_button_is_large_enough_for_a_thumb(
    bureau: Bureau, width: int, scheme: str
) -> None:
    async with reading(bureau) as page, chromium() as browser:
        context = await browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        tab = await context.new_page()
        response: Response | None = await tab.goto(address(page))
        assert response is not None
        assert response.ok
        assert await tab.evaluate("() => document.documentElement.scrollWidth") <= width
        box = await tab.locator("button.press").bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["width"] >= 240
        await context.close()
