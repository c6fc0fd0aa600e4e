"""An office with an Official Account on the simulated platform, and processes at work with it that can be killed."""

import contextlib
import functools
import io
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch

from PIL import Image

from distributor.bulletin.reading import read_bulletin
from distributor.delivery.article import ArticleState
from distributor.dispatch.article import press as press_module
from distributor.dispatch.article.drafting import draft, preview
from distributor.dispatch.article.going_out import mass_send, publish
from distributor.dispatch.article.looking import look
from distributor.dispatch.article.manuscript import manuscript, own_id
from distributor.dispatch.article.press import Press, at_work, place_of
from distributor.dispatch.finalise import finalise
from distributor.dispatch.intake import Prepared, prepare, templates_of
from distributor.errors import DistributorError
from distributor.settings import OfficialAccountSettings, Settings
from distributor.settings.file import load_settings
from distributor.simulators.official_account.account import Account
from distributor.store import leases
from distributor.store.articles import ArticleRecord, articles_of
from distributor.store.database import Database
from distributor.store.records import BulletinRecord
from tests.acceptance.office import BULLETIN, Office
from tests.integration.bureau import Bureau
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount, running_account

T = TypeVar("T")

NAME = "main"
EDITOR = "test:editor"
PICTURE = "\n\n![河道保洁](图.png)\n\n编校"


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Killer:
    """Kills the process after its n-th talk with the database or the platform; -1: never.

    Nothing outside happens between two talks, so before one is the same place as after the one before it.
    """

    at: int = -1
    seen: int = 0

    def around(self, name: str, talk: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def talked(press: Press, what: Any) -> Any:
            answer = await talk(press, what)
            self.seen += 1
            if self.seen - 1 == self.at:
                raise Killed(name)
            return answer

        return talked


@dataclass
class Newsroom:
    """A bureau, its account, and the one bulletin that is to become an article."""

    bureau: Bureau
    running: RunningAccount
    settings: Settings
    record: BulletinRecord

    @property
    def platform(self) -> Account:
        return self.running.platform.account

    @property
    def database(self) -> Database:
        return self.bureau.database

    @property
    def article(self) -> ArticleRecord:
        (only,) = self.articles
        return only

    @property
    def articles(self) -> tuple[ArticleRecord, ...]:
        with self.database.read() as conn:
            return articles_of(conn, self.record.id)

    @property
    def state(self) -> ArticleState:
        return self.article.state if self.articles else ArticleState.NEW

    @property
    def out(self) -> int:
        """How often the edition went out, in either way."""
        return len(self.platform.published) + len(self.platform.mass_sent)

    @asynccontextmanager
    async def process(self, **changes: Any) -> AsyncIterator[Press]:
        """A new process at work with the account."""
        clock = self.running.clock
        async with at_work(
            self.database, self.settings, NAME, owner=f"host/{uuid.uuid4().hex}", clock=clock, **changes
        ) as press:
            yield press

    async def draft(self) -> ArticleRecord:
        async with self.process() as press:
            text = await press.read(lambda conn: manuscript(conn, self.record, self.settings, press.settings))
            return await draft(press, self.record, text, own_id=self.own_id, actor=EDITOR)

    async def preview(self) -> ArticleRecord:
        async with self.process() as press:
            return await preview(press, self.article, actor=EDITOR)

    async def publish(self) -> ArticleRecord:
        async with self.process() as press:
            return await publish(press, self.article, actor=EDITOR)

    async def mass_send(self) -> ArticleRecord:
        async with self.process() as press:
            return await mass_send(press, self.article, actor=EDITOR)

    async def look(self) -> ArticleRecord:
        async with self.process() as press:
            return await look(press, self.article, self.settings)

    @property
    def own_id(self) -> str:
        return own_id(self.bureau.key, self.record, NAME)

    async def until_out(self, send: Callable[[], Awaitable[ArticleRecord]]) -> int:
        """What an editor and a service do until the article is out; returns how often the editor had to say it."""
        said = 0
        for _ in range(12):
            with contextlib.suppress(DistributorError):
                match self.state:
                    case ArticleState.PUBLISHED | ArticleState.SENT:
                        return said
                    case ArticleState.NEW | ArticleState.DRAFTING | ArticleState.FAILED:
                        await self.draft()
                    case ArticleState.DRAFTED | ArticleState.PREVIEWED:
                        said += 1
                        await send()
                    case _:
                        self.running.clock.move(minutes=2)
                        self.running.platform.outgoing.finish_publishing()
                        self.running.platform.outgoing.finish_mass_sends()
                        await self.look()
        raise AssertionError(f"not out: {self.article}")

    async def killed_at(self, at: int, work: Callable[[], Awaitable[object]]) -> str:
        """Runs `work` in a process that dies at its n-th talk; where it died, empty when it came to its end."""
        killer = Killer(at)
        talks = {name: killer.around(name, getattr(Press, name)) for name in ("write", "book", "ask")}
        with contextlib.ExitStack() as stack:
            for name, talk in talks.items():
                stack.enter_context(patch.object(Press, name, talk))
            stack.enter_context(patch.object(press_module, "_give_up", lambda *_: None))  # the dead give nothing up
            try:
                await work()
            except Killed as where:
                return f"{at}: {where}"
            finally:
                self.let_the_lease_end()
        return ""

    def let_the_lease_end(self) -> None:
        """The time passes after which the place of a dead process is free."""
        with self.database.write() as conn:
            leases.end(conn, place_of(NAME))


def picture(number: int) -> bytes:
    """Another picture for each number."""
    stream = io.BytesIO()
    Image.new("RGB", (320, 200), (40, 160, number % 256)).save(stream, "PNG")
    return stream.getvalue()


def text_with_picture(number: int = 7) -> str:
    return BULLETIN.format(number=number).replace("\n\n编校", PICTURE)


@functools.cache
def letters() -> Prepared:
    """What the letters of a bulletin are made of: made once, because no test of an article looks at a letter."""
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder))
        return prepare(office.folder / "bulletin.md", load_settings(office.folder / "distributor.toml", environ={}))


def finalised(bureau: Bureau, settings: Settings, text: str, *, correction: bool = False) -> BulletinRecord:
    """Finalises a text, with its picture beside it."""
    path = bureau.office.write("article.md", text)
    (path.parent / "图.png").write_bytes(picture(len(text) + sum(map(ord, text))))
    prepared = replace(
        letters(), path=path, reading=read_bulletin(path), settings=settings, templates=templates_of(settings)
    )
    assert not [finding for finding in prepared.findings if finding.grade == "error"], prepared.findings
    done = finalise(
        bureau.database, prepared, settings, bureau.key, now=bureau.clock(), actor="test", correction=correction
    )
    return done.record


@asynccontextmanager
async def newsroom(bureau: Bureau, **changes: Any) -> AsyncIterator[Newsroom]:
    """An office whose bulletin no. 7, with a picture, is finalised. The clock is the platform's."""
    async with running_account() as running:
        account = OfficialAccountSettings(
            app_id=APP_ID, secret=APP_SECRET, base_url=running.base_url, preview_to="editor", **changes
        )
        settings = bureau.settings.model_copy(update={"official_account": {NAME: account}})
        record = finalised(bureau, settings, text_with_picture())
        yield Newsroom(bureau, running, settings, record)
