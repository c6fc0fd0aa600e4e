"""Debian's Chromium, driven by Playwright, and the pages it is shown."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from distributor.bulletin.reading import READABLE, read_bulletin
from distributor.rendering.email import render_email
from distributor.rendering.gallery import write_gallery
from distributor.rendering.sheets import write_sheets
from distributor.resources import shipped
from tests.renditions.sample import GROUPS, OFFICE_WITH_PAGE, PICTURES, TEMPLATES, every_block

PHONE, NARROWEST, DESK = 375, 320, 1280

#: The files of a gallery that are looked at, and the page as readers get it.
FORMS = ("01-报", "02-送", "03-发", "article", "screen")

Light = Literal["light", "dark"]

#: Where the screenshots stay, for people to look at.
SHOTS = Path(os.environ.get("DISTRIBUTOR_SHOTS") or "out/shots")

#: Node's package of the accessibility checker; `npm ci --prefix tests/lab/web` puts it there.
AXE = Path(__file__).parent / "web" / "node_modules" / "axe-core" / "axe.min.js"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One form of one bulletin as a file."""

    bulletin: str
    form: str
    path: Path

    @property
    def url(self) -> str:
        return self.path.as_uri()


@cache
def sheets() -> tuple[Sheet, ...]:
    """Every letter, page and article of every example, and of a bulletin with every kind of block."""
    folder = Path(mkdtemp(prefix="sheets-"))
    bulletins = {"every-block": (every_block(), PICTURES)}
    for file in sorted(path for path in shipped("examples").iterdir() if path.suffix in READABLE):
        reading = read_bulletin(file)
        bulletins[file.stem] = (reading.bulletin, dict(reading.assets))
    found = []
    for name, (bulletin, pictures) in bulletins.items():
        place = folder / name
        place.mkdir()
        letters = [
            render_email(bulletin, group=group, office=OFFICE_WITH_PAGE, templates=TEMPLATES, pictures=pictures)
            for group in GROUPS.values()
        ]
        common = write_sheets(place, bulletin, pictures, TEMPLATES)
        write_gallery(place, letters, title=name, templates=TEMPLATES, sheets=common)
        _follow_the_reader(place)
        found += [Sheet(name, path.stem, path) for path in sorted(place.glob("*.html")) if path.stem in FORMS]
    return tuple(found)


def _follow_the_reader(folder: Path) -> None:
    """The page as readers get it: light or dark as their machine says; the gallery has one of each instead."""
    light = (folder / "page.html").read_text(encoding="utf-8")
    assert "@media not all" in light
    page = light.replace("@media not all", "@media (prefers-color-scheme: dark)")
    (folder / "screen.html").write_text(page, encoding="utf-8")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a network: nothing that it shows may come from elsewhere."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@contextmanager
def shown(browser: Browser, url: str, *, width: int, light: Light = "light", zoom: int = 100) -> Iterator[Page]:
    """A page at a width, in light or dark; `zoom` is the reader's own size of type in percent."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=light, offline=True)
    page = context.new_page()
    page.goto(url)
    if zoom != 100:
        page.add_style_tag(content=f"html {{ font-size: {zoom}%; }}")
    yield page
    context.close()
