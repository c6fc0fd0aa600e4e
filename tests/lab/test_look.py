"""Letters, pages and articles in a real browser: nothing is cut off, everything can be read, nothing is fetched.

The screenshots stay in out/shots (or $DISTRIBUTOR_SHOTS): a machine can see that nothing is wrong, but not that it
is good.
"""

import re
import subprocess
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests.lab.browser import AXE, DESK, NARROWEST, PHONE, SHOTS, Light, Sheet, chromium, sheets, shown

EVERY_SHEET = pytest.mark.parametrize("sheet", sheets(), ids=lambda sheet: f"{sheet.bulletin}-{sheet.form}")

PAGES = [sheet for sheet in sheets() if sheet.form == "screen"]

#: Text that is too small for a phone; for letters as for pages.
_HARD_TO_READ = """() => {
  const small = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (own && parseFloat(getComputedStyle(element).fontSize) < 14) small.push(element.textContent.trim().slice(0, 20));
  }
  return small;
}"""

#: Whatever stands outside of the window, but for what may be scrolled by itself.
_CUT_OFF = """() => {
  const cut = [], room = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('body *')) {
    if (element.closest('[tabindex]') || element.getClientRects().length === 0) continue;
    const box = element.getBoundingClientRect();
    const words = element.tagName + ' ' + element.textContent.trim().slice(0, 20);
    if (box.right > room + 1 || box.left < -1) cut.push(words);
  }
  return cut;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, DESK])
@EVERY_SHEET
def test_a_sheet_shows_whole_and_large_enough(browser: Browser, sheet: Sheet, width: int, light: Light) -> None:
    with shown(browser, sheet.url, width=width, light=light) as page:
        SHOTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=SHOTS / f"{sheet.bulletin}-{sheet.form}-{width}-{light}.png", full_page=True)
        assert page.evaluate(_CUT_OFF) == []
        assert page.evaluate(_HARD_TO_READ) == []
        assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0


@pytest.mark.parametrize("sheet", PAGES, ids=lambda sheet: sheet.bulletin)
def test_the_page_is_dark_where_the_reader_wants_it(browser: Browser, sheet: Sheet) -> None:
    papers = []
    manners: tuple[Light, ...] = ("light", "dark")
    for light in manners:
        with shown(browser, sheet.url, width=PHONE, light=light) as page:
            papers.append(page.evaluate("getComputedStyle(document.querySelector('.bulletin')).backgroundColor"))
    assert papers == ["rgb(254, 254, 254)", "rgb(29, 27, 24)"]


@EVERY_SHEET
def test_a_sheet_says_everything_with_its_pictures_blocked(browser: Browser, sheet: Sheet) -> None:
    context = browser.new_context(viewport={"width": PHONE, "height": 800}, java_script_enabled=False, offline=True)
    page = context.new_page()
    page.route("**/*", lambda route: route.abort() if route.request.resource_type == "image" else route.continue_())
    page.goto(sheet.url)
    assert "期" in page.inner_text("body")
    context.close()


@pytest.mark.parametrize("zoom", [100, 200])
@pytest.mark.parametrize("sheet", PAGES, ids=lambda sheet: sheet.bulletin)
def test_the_page_needs_no_sideways_scrolling_on_the_narrowest_phone(browser: Browser, sheet: Sheet, zoom: int) -> None:
    """WCAG 2.1, 1.4.10 and 1.4.4: at 320 pixels, and with type of twice the size."""
    with shown(browser, sheet.url, width=NARROWEST, zoom=zoom) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROWEST


@pytest.mark.parametrize("light", ["light", "dark"])
@EVERY_SHEET
def test_the_accessibility_checker_finds_nothing_serious(browser: Browser, sheet: Sheet, light: Light) -> None:
    # Chromium applies a page's policy to scripts that are put in from outside; the checker is one.
    room: ViewportSize = {"width": PHONE, "height": 800}
    context = browser.new_context(viewport=room, bypass_csp=True, offline=True, color_scheme=light)
    page = context.new_page()
    page.goto(sheet.url)
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    context.close()
    assert [
        (rule["id"], [node["html"][:120] for node in rule["nodes"]])
        for rule in found
        if rule["impact"] in ("serious", "critical")
    ] == []


@pytest.mark.parametrize("sheet", PAGES, ids=lambda sheet: sheet.bulletin)
def test_the_page_prints_on_paper_in_black_and_red(browser: Browser, sheet: Sheet) -> None:
    with shown(browser, sheet.url, width=DESK, light="dark") as page:
        page.emulate_media(media="print")
        colours = page.evaluate("""() => [getComputedStyle(document.querySelector('.bulletin')).color,
            getComputedStyle(document.querySelector('.bulletin')).backgroundColor]""")
        assert colours == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
        (SHOTS / f"{sheet.bulletin}-print.pdf").write_bytes(page.pdf(prefer_css_page_size=True))


@EVERY_SHEET
def test_tidy_finds_no_error(sheet: Sheet) -> None:
    told = subprocess.run(
        ["tidy", "-errors", "-quiet", "-utf8", sheet.path], capture_output=True, text=True, check=False
    )
    # Letters set `align` and `bgcolor`, which HTML 5 gave up and Outlook did not.
    rest = [
        line
        for line in told.stderr.splitlines()
        if not re.search(r'attribute "(align|bgcolor|valign|border|cell\w+|width)" not allowed', line)
    ]
    assert rest == []
    assert told.returncode < 2
