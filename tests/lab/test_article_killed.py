"""The real command and the real service are killed at every step of an article's way: it never goes out twice.

Killed means SIGKILL: after each transaction and each answer (`article_killer`), and in the middle of each request,
with the platform having done it or not. Then an editor gives the same commands again, as the program says.
"""

import asyncio
import datetime as dt
import shutil
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from distributor.delivery.article import ArticleState
from distributor.simulators.faults import Held, Late
from distributor.simulators.official_account.account import Account
from distributor.store.article_schema import article, article_step
from distributor.store.articles import ArticleRecord, articles_of
from distributor.store.database import Database
from tests.acceptance.office import Office
from tests.acceptance.service import Service, serving
from tests.integration.newsroom import picture, text_with_picture
from tests.integration.passing import let_pass
from tests.simulators.running import APP_ID, APP_SECRET, RunningAccount, running_account

SETTINGS = """
[official_account.main]
app_id = "{app_id}"
secret_file = "wechat"
base_url = "{base_url}"
preview_to = "editor"
cover = "cover.png"
"""

KILLED = -signal.SIGKILL
WAYS = ["publish", "mass-send"]
KILLER = ("-m", "tests.lab.article_killer")

#: Commands that come before one, so that it has something to do.
BEFORE = {"draft": [], "preview": ["--draft"], "publish": ["--draft"], "mass-send": ["--draft"]}

#: The last number of talks that a step has; one more, and it comes to its end.
TALKS = {"draft": 9, "preview": 3, "publish": 4, "mass-send": 4}

#: Every request on the way, with the step in which it is made.
REQUESTS = [
    ("draft", "/cgi-bin/stable_token"),
    ("draft", "/cgi-bin/media/uploadimg"),
    ("draft", "/cgi-bin/material/add_material"),
    ("draft", "/cgi-bin/draft/batchget"),
    ("draft", "/cgi-bin/draft/add"),
    ("preview", "/cgi-bin/message/mass/preview"),
    ("publish", "/cgi-bin/draft/get"),
    ("publish", "/cgi-bin/freepublish/submit"),
    ("mass-send", "/cgi-bin/message/mass/sendall"),
]


@dataclass
class Desk:
    """An office with an account, whose bulletin no. 7 is finalised, and the platform beside it."""

    office: Office
    running: RunningAccount

    @property
    def platform(self) -> Account:
        return self.running.platform.account

    @property
    def article(self) -> ArticleRecord | None:
        with self.database() as database, database.read() as conn:
            return next(iter(articles_of(conn, 1)), None)

    @property
    def state(self) -> ArticleState:
        return self.article.state if self.article else ArticleState.NEW

    def database(self) -> "closing[Database]":
        return closing(Database.open("sqlite:///data/distributor.db", home=self.office.folder))

    def assert_never_twice(self) -> None:
        assert len(self.platform.published) + len(self.platform.mass_sent) <= 1
        assert len(self.platform.drafts) <= 1

    async def say(self, *arguments: str) -> int:
        """What an editor types, in this process: it is quicker, and nobody kills it."""
        ran = await asyncio.to_thread(self.office.ask, "article", "7", *arguments)
        self.assert_never_twice()
        return ran.code

    async def killed(self, at: int, *arguments: str) -> int:
        """Runs a command that dies after a talk; its exit code."""
        process = await self.office.start(str(at), *arguments, program=KILLER)
        said, _ = await process.communicate()
        assert process.returncode is not None
        assert b"Traceback" not in said, said.decode()
        self.assert_never_twice()
        return process.returncode

    def let_time_pass(self) -> None:
        """Two minutes for the platform and the rows, and the time after which a dead process's place is free."""
        ago = dt.timedelta(minutes=2)
        self.running.clock.move(minutes=2)
        with self.database() as database:
            let_pass(database, minutes=10)
            with database.write() as conn:
                for column in (article_step.c.begun_at, article.c.look_at):
                    rows = conn.execute(column.table.select().where(column.is_not(None))).mappings().all()
                    for row in rows:
                        mine = column.table.c.id == row["id"]
                        conn.execute(update(column.table).where(mine).values({column.name: row[column.name] - ago}))

    def platform_goes_on(self) -> None:
        """The platform comes to an end with what it took."""
        self.running.platform.outgoing.finish_publishing()
        self.running.platform.outgoing.finish_mass_sends()

    async def until_out(self, way: str) -> None:
        """What an editor does until the article is out: the command that the state of the article asks for."""
        for _ in range(12):
            self.let_time_pass()
            self.platform_goes_on()
            match self.state:
                case ArticleState.PUBLISHED | ArticleState.SENT:
                    break
                case ArticleState.NEW | ArticleState.DRAFTING | ArticleState.FAILED:
                    await self.say("--draft")
                case ArticleState.DRAFTED | ArticleState.PREVIEWED:
                    await self.say(f"--{way}", "--yes")
                case _:
                    await self.say("--look")
        self.assert_out_once()

    def assert_out_once(self) -> None:
        assert self.state in (ArticleState.PUBLISHED, ArticleState.SENT), self.article
        assert len(self.platform.published) + len(self.platform.mass_sent) == 1
        assert self.platform.drafts == {}


@pytest.fixture(scope="session")
def finalised(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An office that every case copies."""
    office = Office(tmp_path_factory.mktemp("article") / "office")
    office.write("bulletin.md", text_with_picture())
    (office.folder / "图.png").write_bytes(picture(1))
    (office.folder / "cover.png").write_bytes(picture(2))
    office.write("wechat", APP_SECRET).chmod(0o600)
    assert office.call("finalise", "bulletin.md", "--yes") == 0
    return office


@asynccontextmanager
async def desk(folder: Path, finalised: Office) -> AsyncIterator[Desk]:
    shutil.copytree(finalised.folder, folder)
    async with running_account() as running:
        office = Office(folder)
        settings = (folder / "distributor.toml").read_text(encoding="utf-8")
        office.write("distributor.toml", settings + SETTINGS.format(app_id=APP_ID, base_url=running.base_url))
        yield Desk(office, running)


def arguments_of(step: str) -> Sequence[str]:
    return ("article", "7", f"--{step}", "--yes")


def way_of(step: str) -> str:
    return step if step in WAYS else "publish"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("step", TALKS)
async def test_a_command_killed_after_any_talk_leaves_one_article(tmp_path: Path, finalised: Office, step: str) -> None:
    for at in range(TALKS[step] + 1):
        async with desk(tmp_path / str(at), finalised) as room:
            for before in BEFORE[step]:
                await room.say(before)
            code = await room.killed(at, *arguments_of(step))
            # Below the last number it dies at each; with one more it comes to its end.
            assert (code == KILLED) == (at < TALKS[step]), (at, code)
            await room.until_out(way_of(step))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("is_done", [True, False], ids=["the_platform_did_it", "the_platform_did_nothing"])
@pytest.mark.parametrize(("step", "path"), REQUESTS, ids=[path.rpartition("/")[2] for _, path in REQUESTS])
async def test_a_command_killed_in_the_middle_of_a_request_leaves_one_article(
    tmp_path: Path, finalised: Office, step: str, path: str, *, is_done: bool
) -> None:
    async with desk(tmp_path / "office", finalised) as room:
        for before in BEFORE[step]:
            await room.say(before)
        fault = Late(asyncio.Event()) if is_done else Held(asyncio.Event())
        room.running.platform.faults.script(path, fault)
        process = await room.office.start(*arguments_of(step))
        await _at(fault, process)
        process.kill()
        await process.communicate()
        fault.until.set()
        room.assert_never_twice()
        await room.until_out(way_of(step))


async def _at(fault: Late | Held, process: Process) -> None:
    """Waits until a request is held; fails when the command ends without it."""
    come = asyncio.create_task((fault.done if isinstance(fault, Late) else fault.come).wait())
    ended = asyncio.create_task(process.wait())
    await asyncio.wait({come, ended}, timeout=60, return_when=asyncio.FIRST_COMPLETED)
    is_held = come.done() and not ended.done()
    for task in (come, ended):
        task.cancel()
    assert is_held, "the command made no such request"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answered", [True, False], ids=["task_known", "answer_lost"])
async def test_a_service_killed_after_any_look_sends_nothing_and_the_next_one_finds_out(
    tmp_path: Path, finalised: Office, way: str, *, answered: bool
) -> None:
    # Settled with the task known: one question, one entry. With its answer lost: is the draft there, where is it, …
    for at in range(6):
        async with desk(tmp_path / str(at), finalised) as room:
            await room.say("--draft")
            assert await room.killed(3 if answered else 2, *arguments_of(way)) == KILLED
            room.let_time_pass()
            room.platform_goes_on()
            async with serving(room.office, program=(*KILLER, str(at))) as first:
                died = await _ended_or_settled(room, first)
            room.assert_never_twice()
            async with serving(room.office) as second:
                await second.until("service.started")
                await _settled(room)
            room.assert_out_once()
            assert (len(room.platform.published), len(room.platform.mass_sent)) == (
                (1, 0) if way == "publish" else (0, 1)
            )
            if not died:
                return
    raise AssertionError("the service makes more talks than were tried")


async def _ended_or_settled(room: Desk, service: Service) -> bool:
    """Whether the service died before it had nothing more to do."""
    settled = asyncio.create_task(_settled(room))
    ended = asyncio.create_task(service.ended())
    await asyncio.wait({settled, ended}, return_when=asyncio.FIRST_COMPLETED)
    died = ended.done()
    for task in (settled, ended):
        task.cancel()
    await asyncio.gather(settled, ended, return_exceptions=True)
    return died


async def _settled(room: Desk) -> None:
    """Lets time pass until the service has found out what became of the article."""
    async with asyncio.timeout(60):
        while room.state not in (ArticleState.PUBLISHED, ArticleState.SENT):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(room.let_time_pass)
