"""The office's pages in a real Chromium: looked at, checked by axe-core, used by keyboard, without a script, live.

The screenshots stay in out/shots (or $DISTRIBUTOR_SHOTS), for people to look at.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from distributor.delivery.evidence import Kind
from distributor.delivery.state import State
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of, hold
from distributor.store.identities import link_login
from distributor.store.pauses import pause
from distributor.store.receipts import add_receipt
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.identity_provider import Account, IdentityProvider, identity_provider
from tests.integration.office_pages import PASSWORD, OfficeDesk, office_pages
from tests.lab.browser import AXE, DESK, NARROWEST, PHONE, SHOTS

Light = Literal["light", "dark"]

_UNITS = "石桥镇 柳河镇 云岭街道 东湖街道 青山乡 白沙镇 区水务局 区生态环境局 区农业农村局 区住建局 区教育局 区公安分局"
_PEOPLE = "李四 王五 孙六 周七 吴八 郑九 钱十 冯一 陈二 褚三 卫四 蒋五"

#: Whatever stands outside of the window, but for what may be scrolled by itself.
_CUT_OFF = """() => {
  const cut = [], room = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('[tabindex="0"], .aside, .jump, details:not([open])')) continue;
    if (element.getClientRects().length === 0) continue;
    const box = element.getBoundingClientRect();
    const words = element.tagName + ' ' + element.textContent.trim().slice(0, 30);
    if (box.right > room + 1 || box.left < -1) cut.push(words);
  }
  return cut;
}"""


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bureau(tmp_path: Path, clock: Clock) -> Iterator[Bureau]:
    database = Database.open(f"sqlite:///{tmp_path / 'distributor.db'}")
    bureau = Bureau(tmp_path / "office", database, clock)
    bureau.office.write("recipients.yaml", _directory())
    yield bureau
    database.close()


def _directory() -> str:
    lines = ["groups:", "  区领导:", "    direction: 报", "    members:", "      - unit: 区委办公室", "        people:"]
    lines += ["          - {name: 赵一, role: 主要领导, email: zhaoyi@example.gov.cn}"]
    lines += ["  各单位:", "    direction: 发", "    acknowledge: required", "    due: 2 working days", "    members:"]
    for number, (unit, name) in enumerate(zip(_UNITS.split(), _PEOPLE.split(), strict=True)):
        lines += [f"      - unit: {unit}", "        people:"]
        lines += [f"          - {{name: {name}, role: 信息员, email: unit{number}@example.gov.cn}}"]
    return "\n".join(lines) + "\n"


def busy(desk: OfficeDesk) -> None:
    """A bulletin in the middle of its life: something of everything."""
    people = _PEOPLE.split()
    desk.becomes("accepted", "赵一", *people[:8])
    desk.becomes("unknown", people[8])
    desk.becomes("failed", people[9])
    now = desk.bureau.clock()
    came = [
        (Kind.SIGNED, people[0], {"name": "王秘书", "remark": "已组织学习，并转各村级河长。"}),
        (Kind.PHONED, people[1], {"name": people[1], "noted_by": "cli:chenyi"}),
        (Kind.OPENED, people[2], {}),
        (Kind.READ, people[3], {}),
        (Kind.RETURNED, people[4], {"reason": "不属于本单位职责，请转区水务局。"}),
        (Kind.BOUNCED, people[5], {"status": "5.1.1", "text": "550 5.1.1 user unknown"}),
        (Kind.DELIVERED, "赵一", {}),
    ]
    with desk.bureau.database.write() as conn:
        for number, (kind, name, details) in enumerate(came):
            copy = desk.copy(name).id
            digest = f"{number:064d}"
            add_receipt(conn, kind, delivery_id=copy, source="page", digest=digest, at=now, now=now, details=details)
        add_receipt(
            conn,
            Kind.UNCLASSIFIED,
            delivery_id=None,
            source="mailbox",
            digest="f" * 64,
            at=now,
            now=now,
            details={
                "subject": "已读：云岭区巡河工作快报 第7期",
                "text": "您的邮件已读。",
                "suggested": desk.copy(people[6]).id,
            },
            review="only the address fits",
        )
        hold(conn, dispatches_of(conn, 1)[1].id, "late")
        pause(conn, "account:main", "中继正在迁移", "cli:root", now)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def somebody(
    desk: OfficeDesk,
    browser: Browser,
    *,
    name: str = "陈怡",
    width: int = DESK,
    light: Light = "light",
    language: str = "zh-CN",
    script: bool = True,
    bypass_csp: bool = False,
) -> AsyncIterator[tuple[BrowserContext, Page]]:
    """Somebody who has come in by the form."""
    context = await browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=light,
        locale=language,
        java_script_enabled=script,
        bypass_csp=bypass_csp,
    )
    try:
        tab = await context.new_page()
        await tab.goto(f"{desk.address}/office/")
        await tab.fill("#name", name)
        await tab.fill("#password", PASSWORD)
        await tab.click("button[type=submit]")
        await tab.wait_for_url(f"{desk.address}/office/")
        yield context, tab
    finally:
        await context.close()


def places(desk: OfficeDesk) -> dict[str, str]:
    """Every kind of page, by a name for its picture."""
    doubtful = next(copy for copy in desk.copies() if copy.state is State.UNKNOWN).id
    signed = desk.copy("李四").id
    return {
        "list": "",
        "bulletin": "b/1",
        "copies": "b/1/copies",
        "copy": f"c/{signed}",
        "letter": "b/1/letters/2",
        "receipts": "receipts",
        "resolve": f"c/{doubtful}/resolve",
        "retry": "b/1/retry",
        "cancel": "b/1/cancel",
        "remind": "b/1/remind",
        "resume": "resume?scope=bulletin:1",
        "missing": "b/99",
    }


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
async def test_every_page_shows_whole_on_phone_and_desk(bureau: Bureau, width: int, light: Light) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        async with somebody(desk, browser, width=width, light=light) as (context, tab):
            complaints: list[str] = []
            tab.on("console", lambda message: complaints.append(message.text))
            for name, path in places(desk).items():
                await tab.goto(f"{desk.address}/office/{path}", wait_until="networkidle")
                await tab.screenshot(path=SHOTS / f"office-{name}-{width}-{light}.png", full_page=True)
                assert await tab.evaluate(_CUT_OFF) == [], name
            await context.clear_cookies()
            await tab.goto(f"{desk.address}/office/login")
            await tab.screenshot(path=SHOTS / f"office-login-{width}-{light}.png", full_page=True)
            assert await tab.evaluate(_CUT_OFF) == []
            assert [line for line in complaints if "404" not in line] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
async def test_no_page_is_wider_than_the_narrowest_phone_even_with_large_type(bureau: Bureau, language: str) -> None:
    """WCAG 2.1, 1.4.10 and 1.4.4: at 320 pixels, and with type of twice the size."""
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        async with somebody(desk, browser, width=NARROWEST, language=language, bypass_csp=True) as (_, tab):
            for path in places(desk).values():
                await tab.goto(f"{desk.address}/office/{path}")
                for size in (100, 200):
                    await tab.add_style_tag(content=f"html {{ font-size: {size}%; }}")
                    assert await tab.evaluate(_CUT_OFF) == [], f"{path} at {size} %"
                    assert await tab.evaluate("document.documentElement.scrollWidth") <= NARROWEST, path


@pytest.mark.parametrize(
    ("name", "width", "light", "language"),
    [("陈怡", PHONE, "light", "zh-CN"), ("陈怡", DESK, "dark", "en"), ("李明", DESK, "light", "zh-CN")],
    ids=["an editor's phone", "an editor's desk", "a viewer's desk"],
)
async def test_the_accessibility_checker_finds_nothing_at_all(
    bureau: Bureau, name: str, width: int, light: Light, language: str
) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        # Chromium applies a page's policy to scripts that are put in from outside; the checker is one.
        chosen = somebody(desk, browser, name=name, width=width, light=light, language=language, bypass_csp=True)
        async with chosen as (context, tab):
            pages = [*places(desk).values(), "login"]
            for path in pages:
                if path == "login":
                    await context.clear_cookies()
                await tab.goto(f"{desk.address}/office/{path}", wait_until="networkidle")
                await tab.add_script_tag(path=AXE)
                # The letter in the frame is another document, and has tests of its own.
                found = await tab.evaluate("async () => (await axe.run({iframes: false})).violations")
                told = [(rule["id"], [node["html"][:100] for node in rule["nodes"]]) for rule in found]
                assert told == [], path


async def test_the_keyboard_alone_is_enough(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        doubtful = next(copy for copy in desk.copies() if copy.state is State.UNKNOWN)
        async with somebody(desk, browser, language="en") as (_, tab):
            await tab.goto(f"{desk.address}/office/c/{doubtful.id}")
            await tab.keyboard.press("Tab")
            await tab.keyboard.press("Enter")  # skip to the content
            for _ in range(9):
                await tab.keyboard.press("Tab")
                if await tab.evaluate("document.activeElement.textContent") == "Settle the doubt":
                    break
            assert await tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
            await tab.keyboard.press("Enter")
            await tab.wait_for_url("**/resolve")
            for _ in range(12):
                await tab.keyboard.press("Tab")
                if await tab.evaluate("document.activeElement.value") == "arrived":
                    break
            await tab.keyboard.press("Enter")
            await tab.wait_for_selector(".said")
            assert desk.copy(doubtful.name).state is State.ACCEPTED
            assert desk.audit()[-1].actor == "office:陈怡"


async def test_everything_works_without_a_script(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        async with somebody(desk, browser, script=False, language="en") as (context, tab):
            await tab.click("text=第7期")
            await tab.click("summary:has-text('Pause')")
            await tab.fill("#reason", "nobody is here")
            await tab.click("details button")
            await tab.wait_for_selector(".said")
            await tab.click("a.button:has-text('Withdraw')")
            await tab.click("button:has-text('Withdraw')")
            await tab.wait_for_selector(".said")
            assert {copy.state for copy in desk.copies()} == {State.CANCELLED}
            await tab.click("text=Log out")
            await tab.wait_for_selector("#password")
            assert not [one for one in await context.cookies() if one["name"] == "office"]


async def test_figures_move_before_one_s_eyes_and_the_page_is_whole_when_it_is_over(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        async with somebody(desk, browser) as (_, tab):
            complaints: list[str] = []
            tab.on("console", lambda message: complaints.append(message.text))
            await tab.goto(f"{desk.address}/office/b/1")
            await tab.wait_for_selector(".follows:not([hidden])")
            desk.becomes("accepted", "赵一", *_PEOPLE.split()[:6])
            await tab.wait_for_selector('[data-state="accepted"] b:text-is("7")')
            assert await tab.get_attribute('[data-part="good"]', "width") == "53.85"
            desk.becomes("accepted", *_PEOPLE.split()[6:])
            await tab.wait_for_selector("section:not([data-live]) .sum")  # it has loaded itself again
            assert await tab.locator("[data-live]").count() == 0
            assert complaints == []


async def test_nothing_is_asked_of_others_and_no_address_leaves_in_a_header(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        async with somebody(desk, browser) as (context, tab):
            asked: list[str] = []
            referers: list[str] = []

            async def note(route, request) -> None:  # type: ignore[no-untyped-def]
                asked.append(request.url)
                referers.extend(value for name, value in request.headers.items() if name == "referer")
                await route.continue_()

            await context.route("**/*", note)
            for path in places(desk).values():
                await tab.goto(f"{desk.address}/office/{path}", wait_until="networkidle")
            assert {url.split("/office/")[0] for url in asked} == {desk.address}
            assert referers == []


async def test_a_page_of_the_office_prints_without_its_buttons(bureau: Bureau) -> None:
    async with office_pages(bureau) as desk, chromium() as browser:
        busy(desk)
        async with somebody(desk, browser, light="dark") as (_, tab):
            await tab.goto(f"{desk.address}/office/b/1")
            await tab.emulate_media(media="print")
            assert await tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
            assert await tab.locator(".button:visible, .top:visible").count() == 0
            SHOTS.mkdir(parents=True, exist_ok=True)
            (SHOTS / "office-print.pdf").write_bytes(await tab.pdf(prefer_css_page_size=True))


@asynccontextmanager
async def signing_on(bureau: Bureau, clock: Clock) -> AsyncIterator[tuple[OfficeDesk, IdentityProvider]]:
    """An office that logs in at a provider of another site, which leads people by a third one: nobody stays at 127."""
    async with identity_provider(clock, "localhost") as provider:
        port = provider.issuer.split(":")[2].split("/")[0]
        provider.broker = f"http://broker.localhost:{port}/broker"
        provider.document["end_session_endpoint"] = f"{provider.issuer}/out"
        async with office_pages(bureau, oidc=provider.settings()) as desk:
            provider.redirect_uris = {f"{desk.address}/office/oidc/callback"}
            with bureau.database.write() as conn:
                link_login(conn, "陈怡", issuer=provider.issuer, subject="f3c1a2", actor="test", now=clock())
            yield desk, provider


@pytest.mark.parametrize("script", [True, False], ids=["with a script", "without one"])
async def test_somebody_comes_in_by_the_provider_with_the_keyboard_and_leaves(
    bureau: Bureau, clock: Clock, script: bool
) -> None:
    async with signing_on(bureau, clock) as (desk, provider), chromium() as browser:
        context = await browser.new_context(locale="zh-CN", java_script_enabled=script)
        tab = await context.new_page()
        complaints: list[str] = []
        tab.on("console", lambda message: complaints.append(message.text))
        await tab.goto(f"{desk.address}/office/login")
        button = tab.get_by_role("button", name="统一认证")
        for _ in range(6):
            await tab.keyboard.press("Tab")
            if await button.evaluate("element => element === document.activeElement"):
                break
        await tab.keyboard.press("Enter")
        await tab.wait_for_url(f"{desk.address}/office/")
        assert await tab.locator(".who strong").inner_text() == "陈怡"
        assert "broker" in provider.asked
        cookies = {one["name"]: one for one in await context.cookies(desk.address)}
        assert cookies["office"]["sameSite"] == "Strict"
        await tab.go_back(wait_until="commit")
        assert (await tab.goto(f"{desk.address}/office/")) is not None
        assert await tab.locator(".who strong").count() == 1  # whatever the back button leads to, one stays logged in
        await tab.click(".who button")
        await tab.click("a.button.strong")
        await tab.wait_for_url(f"{desk.address}/office/login")
        assert provider.asked[-1] == "out"
        assert not [one for one in await context.cookies() if one["name"] == "office"]
        assert complaints == []


async def begun(tab: Page) -> None:
    """Presses the provider's button, and waits until the page that it leads to has come."""
    async with tab.expect_navigation(wait_until="load"):
        await tab.click("form[action*=oidc] button")
    await tab.wait_for_selector("main h1")


async def strange(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    provider.account = Account("8f14e45f-ceea-467f-a8f8-stranger", "somebody.with.a.long.name@water.example.gov.cn")
    await begun(tab)
    await tab.wait_for_url("**/callback?*")


async def silent(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    provider.broken["token"] = 503
    await begun(tab)
    await tab.wait_for_url("**/callback?*")


async def twice(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    await tab.goto(f"{desk.address}/office/oidc/callback?state=x&code=y")


async def out(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    provider.account = Account()
    await begun(tab)
    await tab.wait_for_url(f"{desk.address}/office/")
    await tab.click(".who button")
    await tab.wait_for_selector("a.button.strong")


async def wrong(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    await tab.fill("#name", "陈怡")
    await tab.fill("#password", "wrong password")
    await tab.click("form[action$=login]:not([action*=oidc]) button")
    await tab.wait_for_selector("[role=alert]")


async def nothing(desk: OfficeDesk, provider: IdentityProvider, tab: Page) -> None:
    """The login page as it is."""


#: What people may see before they are logged in, by a name for its picture.
DOORSTEPS: dict[str, Callable[[OfficeDesk, IdentityProvider, Page], Awaitable[None]]] = {
    "login": nothing,
    "wrong-password": wrong,
    "not-linked": strange,
    "ended": twice,
    "left": out,
    "silent": silent,
}


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("width", [NARROWEST, DESK])
async def test_the_doorstep_is_whole_and_good_for_everybody(
    bureau: Bureau, clock: Clock, width: int, language: str
) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    light: Light = "dark" if width == NARROWEST else "light"
    async with signing_on(bureau, clock) as (desk, provider), chromium() as browser:
        for name, happens in DOORSTEPS.items():
            context = await browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=light, locale=language, bypass_csp=True
            )
            tab = await context.new_page()
            await tab.goto(f"{desk.address}/office/login")
            await happens(desk, provider, tab)
            await tab.screenshot(path=SHOTS / f"office-door-{name}-{width}-{language}.png", full_page=True)
            assert await tab.evaluate(_CUT_OFF) == [], name
            await tab.add_script_tag(path=AXE)
            found = await tab.evaluate("async () => (await axe.run()).violations")
            assert [(rule["id"], [node["html"][:100] for node in rule["nodes"]]) for rule in found] == [], name
            await context.close()
