"""A reader's page over a real socket: an office, a bulletin that was released, and one browser after the other."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2

from distributor.delivery.evidence import Rung
from distributor.delivery.state import Fact
from distributor.dispatch.finalise import finalise
from distributor.dispatch.intake import prepare, templates_of
from distributor.receipts.tokens import Purpose
from distributor.settings import Office, Web
from distributor.settings import Settings as AllSettings
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.moves import Move, apply_moves
from distributor.store.receipt_records import Receipt, evidence_for, receipts_of
from distributor.store.records import DeliveryRecord
from distributor.web.app import build_app
from distributor.web.reader import Reader
from distributor.web.server import serve
from tests.acceptance.office import BULLETIN
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

DIRECTORY = """\
groups:
  区领导:
    direction: 报
    acknowledge: {leaders}
    members:
      - unit: 区委办公室
        people: [{{name: 赵一, email: zhaoyi@example.gov.cn}}]
  各单位:
    direction: 发
    acknowledge: required
    due: 2 working days
    members:
      - unit: 石桥镇
        people:
          - {{name: 李四, email: lisi@example.gov.cn}}
          - {{name: 王五, email: wangwu@example.gov.cn}}
"""

#: A browser that tells how it came here, as Chromium does when somebody presses a button.
BY_HAND = {
    "user-agent": "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0",
    "sec-fetch-site": "same-origin",
    "sec-fetch-mode": "navigate",
    "sec-fetch-user": "?1",
    "sec-fetch-dest": "document",
}


@dataclass
class Page:
    """The page of one person, with a browser that keeps nothing."""

    bureau: Bureau
    copy: DeliveryRecord
    client: httpx2.AsyncClient
    reader: Reader
    clock: Clock
    seen: list[str] = field(default_factory=list)

    @property
    def token(self) -> str:
        return self.bureau.key.token(Purpose.LINK, self.copy.id)

    @property
    def path(self) -> str:
        return f"/b/{self.token}"

    async def open(self, **headers: str) -> httpx2.Response:
        """Looks at the page."""
        return await self.client.get(self.path, headers=headers)

    async def nonce(self) -> str:
        """The nonce of a page opened now."""
        return nonce_of(await self.open())

    async def press(
        self,
        nonce: str | None,
        action: str = "sign",
        *,
        headers: Mapping[str, str] = BY_HAND,
        name: str = "",
        remark: str = "",
        reason: str = "",
        on_behalf: bool = False,
    ) -> httpx2.Response:
        """Sends the form as a browser does, empty fields and all."""
        given = {"action": action, "name": name, "remark": remark, "reason": reason}
        given |= {"for": "yes"} if on_behalf else {}
        given |= {} if nonce is None else {"nonce": nonce}
        return await self.client.post(self.path, data=given, headers=headers)

    async def sign(self, name: str = "", remark: str = "") -> httpx2.Response:
        """Opens the page, reads for a minute and presses the button."""
        nonce = await self.nonce()
        self.clock.forward(minutes=1)
        return await self.press(nonce, name=name, remark=remark)

    def receipts(self) -> tuple[Receipt, ...]:
        with self.bureau.database.read() as conn:
            return receipts_of(conn, [self.copy.id]).get(self.copy.id, ())

    def evidence(self) -> Rung:
        with self.bureau.database.read() as conn:
            return evidence_for(conn, self.copy.id)


def correct(bureau: Bureau) -> None:
    """Finalises a correction (更正) of the bulletin that was released."""
    text = BULLETIN.format(number=7).replace("整改问题6处", "整改问题5处")
    prepared = prepare(bureau.office.write("correction.md", text), bureau.settings)
    finalise(bureau.database, prepared, bureau.settings, bureau.key, now=bureau.clock(), actor="test", correction=True)


def nonce_of(response: httpx2.Response) -> str:
    """The nonce in a page's form; empty when it has none."""
    found = re.search(r'name="nonce" value="([^"]*)"', response.text)
    return found[1] if found else ""


@asynccontextmanager
async def reading(
    bureau: Bureau,
    name: str = "李四",
    *,
    leaders: str = "never",
    text: str | None = None,
    directory: str = DIRECTORY,
    web: Web = Web(bind="", trusted_proxies=()),  # noqa: B008 - frozen
    alarm: Callable[[], None] = lambda: None,
    patience: float = 15.0,
    database: Database | None = None,
) -> AsyncIterator[Page]:
    """The page of a person whose copy was accepted by the relay."""
    bureau.office.write("recipients.yaml", directory.format(leaders=leaders))
    record = bureau.release(text=text)
    with bureau.database.write() as conn:
        copies = deliveries_of(conn, record.id)
        for copy in copies:
            moves = [Move(copy.id, fact, None) for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT)]
            for move in moves:
                apply_moves(conn, [move], now=bureau.clock())
    settings = with_page(bureau.settings, web)
    reader = Reader(
        database or bureau.database,
        lambda: settings,
        bureau.key,
        templates_of(settings),
        clock=bureau.clock,
        alarm=alarm,
        patience=patience,
    )
    server = await serve(build_app(reader.routes()), "127.0.0.1", 0)
    try:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{server.port}", trust_env=False, timeout=30, follow_redirects=False
        ) as client:
            copy = next(copy for copy in copies if copy.name == name)
            yield Page(bureau, copy, client, reader, bureau.clock)
    finally:
        await server.stop()
        await reader.stop()


def with_page(settings: AllSettings, web: Web) -> AllSettings:
    """The same settings for an office with a public page."""
    office: Office = settings.office.model_copy(update={"base_url": "https://bulletin.example.gov.cn"})
    return settings.model_copy(update={"office": office, "web": web})
