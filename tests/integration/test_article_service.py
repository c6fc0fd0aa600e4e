"""The service looks after articles: until the platform's last word, without ever sending, and tells the editors."""

from pathlib import Path

import pytest

from distributor.delivery.article import ArticleState
from distributor.dispatch.article.trouble import InDoubt
from distributor.service.articles import Articles
from distributor.service.office import Office
from distributor.settings import Settings
from distributor.simulators.faults import LostAfter, LostBefore, Refuse
from distributor.store.alerts import alerts
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.newsroom import NAME, Newsroom, newsroom

S = ArticleState
SUBMIT = "/cgi-bin/freepublish/submit"
GET = "/cgi-bin/freepublish/get"


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


def caring(room: Newsroom, settings: Settings | None = None) -> Articles:
    office = Office(
        file=room.bureau.office.folder / "distributor.toml",
        settings=settings or room.settings,
        database=room.database,
        key=room.bureau.key,
        owner="host/service",
        clock=room.running.clock,
    )
    return Articles(office)


def stands(room: Newsroom) -> ArticleState:
    return room.state


def told(room: Newsroom) -> list[str]:
    with room.database.read() as conn:
        return [alert.what for alert in alerts(conn)]


async def test_it_asks_until_the_article_is_out_and_then_for_its_readers(on_each: Bureau) -> None:
    async with newsroom(on_each) as room:
        await room.draft()
        await room.publish()
        service = caring(room)
        await service.once(NAME)
        assert stands(room) is S.PUBLISH_TAKEN  # its time has not come
        room.running.clock.move(seconds=30)
        await service.once(NAME)
        assert stands(room) is S.PUBLISH_TAKEN  # the platform is still looking at it
        room.running.platform.outgoing.finish_publishing()
        room.running.clock.move(minutes=10)
        await service.once(NAME)
        assert stands(room) is S.PUBLISHED
        room.running.clock.move(days=1)
        await service.once(NAME)
        assert [readers for _, readers in room.article.readers] == [500]
        assert told(room) == []


async def test_an_article_that_was_not_let_through_is_told(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        room.running.platform.outgoing.finish_publishing(4)
        room.running.clock.move(minutes=1)
        service = caring(room)
        await service.once(NAME)
        await service.once(NAME)
        (what,) = told(room)
        assert "did not let the article through (publish_status 4)" in what


@pytest.mark.parametrize(
    ("fault", "state", "says"),
    [(LostBefore(), S.DRAFTED, "the article did not go"), (LostAfter(), S.UNKNOWN, "nobody knows")],
    ids=["never_went", "no_trace"],
)
async def test_a_doubt_is_cleared_or_told_and_nothing_is_sent(
    bureau: Bureau, fault: LostBefore | LostAfter, state: ArticleState, says: str
) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        room.running.platform.faults.script(SUBMIT, fault)
        with pytest.raises(InDoubt):
            await room.publish()
        room.platform.published.clear()
        room.running.clock.move(hours=25)
        await caring(room).once(NAME)
        assert stands(room) is state
        (what,) = told(room)
        assert says in what
        assert room.out == 0


async def test_a_platform_that_refuses_to_answer_is_told_and_asked_later(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        room.running.platform.faults.script(GET, Refuse(48001))
        room.running.clock.move(minutes=1)
        service = caring(room)
        await service.once(NAME)
        (what,) = told(room)
        assert "48001" in what
        room.running.platform.outgoing.finish_publishing()
        room.running.clock.move(minutes=10)
        await service.once(NAME)
        assert stands(room) is S.PUBLISHED


async def test_an_account_without_its_secret_is_told(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        room.running.clock.move(minutes=1)
        account = room.settings.official_account[NAME].model_validate(
            {"app_id": "wx1", "base_url": room.running.base_url}
        )
        await caring(room, room.settings.model_copy(update={"official_account": {NAME: account}})).once(NAME)
        (what,) = told(room)
        assert "no secret" in what


async def test_while_an_editor_is_at_work_the_service_waits(bureau: Bureau) -> None:
    async with newsroom(bureau) as room:
        await room.draft()
        await room.publish()
        room.running.platform.outgoing.finish_publishing()
        room.running.clock.move(minutes=1)
        async with room.process():
            await caring(room).once(NAME)
            assert stands(room) is S.PUBLISH_TAKEN
        await caring(room).once(NAME)
        assert stands(room) is S.PUBLISHED
