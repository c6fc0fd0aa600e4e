"""An office's pages that log in by an identity provider, in this process; the provider is on a socket of its own."""

import html
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from starlette.applications import Starlette

from distributor.rendering.templates import Templates
from distributor.settings import Office, Settings, Web
from distributor.store.audit import AuditEntry, entries
from distributor.store.database import Database
from distributor.store.identities import link_login
from distributor.store.logins import Role, add_login
from distributor.web.app import build_app
from distributor.web.office import OfficePages
from tests.integration.conftest import Clock
from tests.integration.identity_provider import IdentityProvider
from tests.integration.office_pages import FROM_HERE, Browser, hashed, text_of

#: Where the pages are reached, through a proxy on this machine.
ADDRESS = "https://bulletin.example.gov.cn"


@cache
def templates() -> Templates:
    return Templates()


@dataclass
class Desk:
    """The pages, and browsers that look at them."""

    database: Database
    clock: Clock
    settings: Settings
    app: Starlette

    @asynccontextmanager
    async def browser(
        self, name: str = "", language: str = "en", address: str = "203.0.113.9"
    ) -> AsyncIterator[Browser]:
        """A browser somewhere; with a name, somebody who is logged in by a password."""
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app),
            base_url=ADDRESS,
            headers={"accept-language": language, "x-forwarded-for": address},
        ) as client:
            found = Browser(client)
            if name:
                assert (await found.log_in(name)).status_code == 303
            yield found

    def audit(self) -> tuple[AuditEntry, ...]:
        with self.database.read() as conn:
            return entries(conn)


@asynccontextmanager
async def oidc_office(
    database: Database, clock: Clock, provider: IdentityProvider, **settings: object
) -> AsyncIterator[Desk]:
    """陈怡 has a password; 吴敏, an editor, has none and is linked to the provider by an address."""
    provider.redirect_uris = {f"{ADDRESS}/office/oidc/callback"}
    with database.write() as conn:
        add_login(conn, "陈怡", Role.EDITOR, hashed(), actor="test", now=clock())
        add_login(conn, "吴敏", Role.EDITOR, "", actor="test", now=clock())
        email = "ChenYi@example.gov.cn"
        link_login(conn, "吴敏", issuer=provider.issuer, email=email, actor="test", now=clock())
    office = Office(name="河长办", sender="hzb@example.gov.cn", base_url=ADDRESS, phone="12345")
    chosen = Settings(
        office=office, web=Web(bind="", trusted_proxies=("127.0.0.0/8",)), oidc=provider.settings(**settings)
    )
    pages = OfficePages(database, lambda: desk.settings, templates(), clock=clock)
    desk = Desk(database, clock, chosen, build_app(pages.routes()))
    try:
        yield desk
    finally:
        pages.close()
        await pages.stop()


def way_on(response: httpx2.Response) -> str:
    """Where a page leads by itself."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]*)"', response.text)
    assert found, text_of(response)
    return html.unescape(found[1])


async def press(browser: Browser) -> httpx2.Response:
    """Presses the button on the login page."""
    return await browser.post("oidc/login", {}, FROM_HERE)


async def go_there(browser: Browser) -> httpx2.Response:
    """Presses the button, and follows to the provider; gives its answer."""
    to = way_on(await press(browser))
    async with httpx2.AsyncClient(trust_env=False, verify=False) as other:
        return await other.get(to)


async def come_back(browser: Browser, sent: httpx2.Response, **other: str) -> httpx2.Response:
    """Follows the provider's answer back, with other values in its address; an empty one is left out."""
    assert sent.status_code == 302, sent.text
    parts = urlsplit(sent.headers["location"])
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | other
    query = {name: value for name, value in query.items() if value}
    return await browser.client.get(parts._replace(query=urlencode(query)).geturl())


async def log_in(browser: Browser) -> httpx2.Response:
    """All of a login: button, provider, and back."""
    return await come_back(browser, await go_there(browser))


def code_of(sent: httpx2.Response) -> str:
    """The code that the provider has sent back."""
    return parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
