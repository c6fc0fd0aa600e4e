"""The office's own pages over a real socket: two logins, a released bulletin, and browsers with cookies."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache

import httpx2

from distributor.delivery.state import Fact
from distributor.passwords import hash_password
from distributor.rendering.templates import Templates
from distributor.settings import Oidc, Settings, Web
from distributor.store.audit import AuditEntry, entries
from distributor.store.database import Database
from distributor.store.logins import Role, add_login
from distributor.store.moves import Move, apply_moves
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.web.app import build_app
from distributor.web.office import OfficePages
from distributor.web.server import serve
from tests.integration.bureau import Bureau

PASSWORD = "三个词 together 河长"

#: How Chromium says that somebody pressed a button on our own page.
FROM_HERE = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}

_TO = {
    "accepted": (Fact.CLAIM, Fact.MARK, Fact.ACCEPT),
    "unknown": (Fact.CLAIM, Fact.MARK, Fact.LOSE),
    "failed": (Fact.CLAIM, Fact.REJECT),
    "sending": (Fact.CLAIM, Fact.MARK),
}


@cache
def hashed() -> str:
    """The hash of the password of every test's logins: made once, for it is slow on purpose."""
    return hash_password(PASSWORD)


@dataclass
class Browser:
    """One browser: its cookies, its language, and what it says of itself."""

    client: httpx2.AsyncClient

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        return await self.client.get(f"/office/{path}", headers=headers)

    async def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] = FROM_HERE
    ) -> httpx2.Response:
        return await self.client.post(f"/office/{path}", data=dict(fields), headers=dict(headers))

    async def log_in(
        self, name: str = "陈怡", password: str = PASSWORD, headers: Mapping[str, str] = FROM_HERE
    ) -> httpx2.Response:
        return await self.post("login", {"name": name, "password": password}, headers)

    async def press(self, path: str, headers: Mapping[str, str] = FROM_HERE, **fields: str) -> httpx2.Response:
        """Looks at the list, and sends a form with its token."""
        token = form_of(await self.get(""))
        return await self.post(path, {"form": token, **fields}, headers)

    @property
    def cookie(self) -> str:
        return self.client.cookies.get("office") or ""

    def comes_with(self, cookie: str) -> None:
        """Puts another session's cookie into the place of its own."""
        self.client.cookies.clear()
        self.client.cookies.set("office", cookie, domain="127.0.0.1", path="/")


@dataclass
class OfficeDesk:
    """The pages of an office, and browsers that look at them."""

    bureau: Bureau
    record: BulletinRecord
    pages: OfficePages
    address: str
    settings: Settings

    @asynccontextmanager
    async def browser(self, name: str = "", language: str = "en") -> AsyncIterator[Browser]:
        """A browser; with a name, somebody who is logged in."""
        async with httpx2.AsyncClient(
            base_url=self.address,
            trust_env=False,
            timeout=30,
            follow_redirects=False,
            headers={"accept-language": language},
        ) as client:
            found = Browser(client)
            if name:
                assert (await found.log_in(name)).status_code == 303
            yield found

    def copies(self) -> tuple[DeliveryRecord, ...]:
        return self.bureau.copies(self.record.id)

    def copy(self, name: str) -> DeliveryRecord:
        return next(copy for copy in self.copies() if copy.name == name)

    def audit(self) -> tuple[AuditEntry, ...]:
        with self.bureau.database.read() as conn:
            return entries(conn)

    def becomes(self, state: str, *names: str) -> None:
        """Moves copies as a sender would."""
        with self.bureau.database.write() as conn:
            for name in names:
                for fact in _TO[state]:
                    apply_moves(conn, [Move(self.copy(name).id, fact, None)], now=self.bureau.clock())


def form_of(response: httpx2.Response) -> str:
    """The token of a page's forms; empty when it has none."""
    found = re.search(r'name="form" value="([^"]*)"', response.text)
    return found[1] if found else ""


def text_of(response: httpx2.Response) -> str:
    """What a page says, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.text)).split())


def with_web(settings: Settings, web: Web | None, base_url: str) -> Settings:
    """The same settings with other pages."""
    office = settings.office.model_copy(update={"base_url": base_url})
    return settings.model_copy(update={"office": office, "web": web or Web(bind="", trusted_proxies=())})


@asynccontextmanager
async def office_pages(
    bureau: Bureau,
    *,
    web: Web | None = None,
    base_url: str = "",
    logins: bool = True,
    database: Database | None = None,
    oidc: Oidc | None = None,
) -> AsyncIterator[OfficeDesk]:
    """The pages of an office with a released bulletin and two logins: 陈怡 decides, 李明 looks.

    With `oidc` and no other address, people come back to the pages' own one.
    """
    record = bureau.release()
    if logins:
        with bureau.database.write() as conn:
            for name, role in (("陈怡", Role.EDITOR), ("李明", Role.VIEWER)):
                add_login(conn, name, role, hashed(), actor="test", now=bureau.clock())
    settings = with_web(bureau.settings, web, base_url)
    pages = OfficePages(database or bureau.database, lambda: desk.settings, Templates(), clock=bureau.clock)
    server = await serve(build_app(pages.routes()), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.port}"
    if oidc:
        settings = with_web(settings, web, base_url or address).model_copy(update={"oidc": oidc})
    desk = OfficeDesk(bureau, record, pages, address, settings)
    try:
        yield desk
    finally:
        pages.close()
        await server.stop()
        await pages.stop()
