"""The simulated platforms on loopback sockets, with a clock that a test moves."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from distributor.channels.wechat.seal import Seal
from distributor.simulators.official_account.account import Account
from distributor.simulators.official_account.platform import OfficialAccount
from distributor.simulators.wecom.company import App, Company, Member
from distributor.simulators.wecom.platform import WeCom
from distributor.web.server import serve

CORP, AGENT, SECRET = "ww1234567890abcdef", 1000002, "the-apps-secret"
APP_ID, APP_SECRET = "wx1234567890abcdef", "the-accounts-secret"
SEAL = Seal.of(token="bulletinToken01", encoding_aes_key="AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", receive_id=CORP)


@dataclass(slots=True)
class MovedClock:
    """A clock that stands still until it is moved."""

    now: dt.datetime = field(default_factory=lambda: dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC))

    def __call__(self) -> dt.datetime:
        return self.now

    def move(self, **span: float) -> None:
        self.now += dt.timedelta(**span)


@dataclass(frozen=True, slots=True)
class Running:
    """The platform, where it listens, and its clock."""

    platform: WeCom
    base_url: str
    clock: MovedClock


def wecom_of(userids: Iterable[str], clock: MovedClock) -> WeCom:
    """A company with one app and these members."""
    company = Company(CORP, clock, apps={AGENT: App(AGENT, SECRET)}, robots={"robot-key"})
    for userid in userids:
        company.add_member(Member(userid, mobile=f"1380000{len(company.members):04}", email=f"{userid}@example.gov.cn"))
    return WeCom(company, SEAL)


@contextlib.asynccontextmanager
async def running_wecom(*userids: str) -> AsyncIterator[Running]:
    """A company with one app and these members, behind a socket of its own."""
    async with standing_stage() as stage:
        yield stage.play(*userids)


class Stage:
    """A socket on which one company after the other appears: starting and stopping a server takes its time."""

    def __init__(self) -> None:
        self.base_url = ""
        self._app: ASGIApp | None = None

    def play(self, *userids: str) -> Running:
        """A new company, which nobody has written to yet."""
        clock = MovedClock()
        platform = wecom_of(userids, clock)
        self._app = platform.app
        return Running(platform, self.base_url, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None
        await self._app(scope, receive, send)


@contextlib.asynccontextmanager
async def standing_stage() -> AsyncIterator[Stage]:
    """An empty stage."""
    stage = Stage()
    server = await serve(stage, "127.0.0.1", 0)
    stage.base_url = f"http://127.0.0.1:{server.port}"
    try:
        yield stage
    finally:
        await server.stop()


@dataclass(frozen=True, slots=True)
class RunningAccount:
    """The Official Account's platform, where it listens, and its clock."""

    platform: OfficialAccount
    base_url: str
    clock: MovedClock


@contextlib.asynccontextmanager
async def running_account() -> AsyncIterator[RunningAccount]:
    """One account that may publish, with a quota of one mass send a day."""
    clock = MovedClock()
    seal = Seal.of(token="bulletinToken01", encoding_aes_key="B" * 43, receive_id=APP_ID)
    platform = OfficialAccount(Account(APP_ID, APP_SECRET, clock), seal)
    server = await serve(platform.app, "127.0.0.1", 0)
    try:
        yield RunningAccount(platform, f"http://127.0.0.1:{server.port}", clock)
    finally:
        await server.stop()
