"""The article as the platform keeps it, on a phone in Chromium: read through, nothing cut off, every picture there.

The screenshots stay in out/shots, for people to look at.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from distributor.resources import shipped
from distributor.simulators.official_account.account import Account
from tests.acceptance.office import Office
from tests.integration.test_article_command import ACCOUNT
from tests.integration.test_article_doctor import beside
from tests.lab.browser import PHONE, SHOTS, Light, chromium
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount

#: What stands around an article in the app: its title, its author, a column of 16 pixels from the edge.
AROUND = """<!DOCTYPE html><html lang="zh"><head><meta charset="utf-8"><title>article</title>
<meta name="viewport" content="width=device-width"><style>
body {{ margin: 0; padding: 20px 16px 40px; background: #fff; font-family: system-ui, "Noto Sans CJK SC", sans-serif; }}
h1 {{ font-size: 22px; line-height: 1.4; margin: 0 0 14px; font-weight: 500; }}
.author {{ color: #576b95; font-size: 15px; margin: 0 0 22px; }}
</style></head><body><img src="cover.png" alt="" width="343"><h1>{title}</h1><p class="author">{author}</p>
<div id="js_content">{content}</div></body></html>"""

CUT_OFF = """() => {
  const cut = [], room = document.documentElement.clientWidth;
  for (const element of document.querySelectorAll('#js_content *')) {
    if (element.closest('section[style*="overflow"]') || element.getClientRects().length === 0) continue;
    const box = element.getBoundingClientRect();
    if (box.right > room + 1 || box.left < -1) cut.push(element.textContent.trim().slice(0, 20));
  }
  return cut;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def platform() -> Iterator[RunningAccount]:
    with beside() as running:
        yield running


def drafted(folder: Path, platform: RunningAccount, example: str) -> Account:
    """Drafts an example with the command."""
    office = Office(folder, require_approver=False)
    settings = (folder / "distributor.toml").read_text(encoding="utf-8")
    office.write("distributor.toml", settings + ACCOUNT.format(app_id=APP_ID, base_url=platform.base_url))
    office.write("wechat", APP_SECRET).chmod(0o600)
    shutil.copytree(shipped("examples"), folder, dirs_exist_ok=True)
    # In processes of their own: the browser's driver has a loop running here.
    assert office.run("finalise", f"{example}.md", "--yes").code == 0
    ran = office.run("article", "--draft")
    assert ran.code == 0, ran.err
    return platform.platform.account


def opened(browser: Browser, account: Account, folder: Path, light: Light) -> Page:
    (articles,) = account.drafts.values()
    article = articles[0]
    (folder / "cover.png").write_bytes(account.materials[article["thumb_media_id"]])
    page_file = folder / "article.html"
    gaps = {name: article[name] for name in ("title", "author", "content")}
    page_file.write_text(AROUND.format(**gaps), encoding="utf-8")

    def answer(route: Route) -> None:
        known = account.pictures.get(route.request.url)
        assert known is not None, f"asked elsewhere: {route.request.url}"
        route.fulfill(body=known, content_type="image/png")

    room = browser.new_context(viewport={"width": PHONE, "height": 800}, color_scheme=light)
    page = room.new_page()
    page.route("http*://**/*", answer)
    page.goto(page_file.as_uri())
    return page


@pytest.mark.parametrize("light", ["light", "dark"])
@pytest.mark.parametrize("example", ["river-12", "exchange-3", "supplement-2"])
def test_an_article_reads_well_on_a_phone(
    browser: Browser, tmp_path: Path, platform: RunningAccount, example: str, light: Light
) -> None:
    account = drafted(tmp_path / "office", platform, example)
    page = opened(browser, account, tmp_path, light)
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"公众号-{example}-{light}.png", full_page=True)
    assert page.evaluate(CUT_OFF) == []
    assert page.evaluate("[...document.images].filter(image => !image.naturalWidth).length") == 0
    assert (
        page.evaluate("document.querySelectorAll('#js_content [class], #js_content [id], script, style').length") == 1
    )
    page.context.close()
