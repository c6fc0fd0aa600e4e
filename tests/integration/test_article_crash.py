"""An article survives a death at every step and a lost answer to every request, and never goes out twice."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from distributor.simulators.faults import Broken, Fault, Garbled, LostAfter, LostBefore
from distributor.store.database import Database
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock
from tests.integration.newsroom import Newsroom, finalised, newsroom, picture, text_with_picture

WAYS = ["publish", "mass_send"]
GOING_OUT = ["ask", "write", "ask", "book"]


@pytest.fixture
def bureau(tmp_path: Path, sqlite: Database, clock: Clock) -> Bureau:
    return Bureau(tmp_path / "office", sqlite, clock)


@pytest.fixture
def on_each(tmp_path: Path, database: Database, clock: Clock) -> Bureau:
    """The same on both engines."""
    return Bureau(tmp_path / "office", database, clock)


def sender(room: Newsroom, way: str) -> Callable[[], Awaitable[object]]:
    send: Callable[[], Awaitable[object]] = getattr(room, way)
    return send


async def dies_everywhere(bureau: Bureau, way: str, step: str) -> list[str]:
    """One run for each place where the process can die in a step; every edition is out once in the end."""
    async with newsroom(bureau, cover=own_cover(bureau)) as room:
        places: list[str] = []
        while True:
            start(room, len(places))
            if step != "draft":
                await room.draft()
            place = await room.killed_at(len(places), sender(room, step))
            if not place:
                return places
            places.append(place)
            await room.until_out(getattr(room, way))
            assert (room.out, room.platform.drafts) == (1, {}), place


def own_cover(bureau: Bureau, number: int = 1) -> Path:
    """Another cover of the office's own for each number; drawing one takes longer than an edition's whole way."""
    cover = bureau.office.folder / "cover.png"
    cover.write_bytes(picture(number))
    return cover


def start(room: Newsroom, number: int) -> None:
    """Another edition, on an account on which nothing was done yet today."""
    own_cover(room.bureau, 100 + number)
    room.record = finalised(room.bureau, room.settings, text_with_picture(100 + number))
    room.running.clock.move(days=1)
    room.platform.published.clear()
    room.platform.mass_sent.clear()


@pytest.mark.parametrize("step", ["draft", "publish"])
async def test_a_death_at_any_place_leaves_one_published_article_and_no_second_draft(bureau: Bureau, step: str) -> None:
    places = await dies_everywhere(bureau, "publish", step)
    # Mark, picture, cover, looks for an equal article and draft, the draft; a look for it, mark, request, answer.
    talks = {"draft": ["write", "ask", "book", "ask", "book", "ask", "ask", "ask", "write"], "publish": GOING_OUT}
    assert [place.split()[1] for place in places] == talks[step]


async def test_a_death_at_any_place_leaves_one_mass_send(on_each: Bureau) -> None:
    places = await dies_everywhere(on_each, "mass_send", "mass_send")
    assert [place.split()[1] for place in places] == GOING_OUT


@pytest.mark.parametrize(
    "fault", [LostBefore(), LostAfter(), Garbled(), Broken()], ids=lambda fault: type(fault).__name__
)
@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_that_is_lost_leaves_one_article(bureau: Bureau, way: str, fault: Fault) -> None:
    paths = {"publish": "/cgi-bin/freepublish/submit", "mass_send": "/cgi-bin/message/mass/sendall"}
    async with newsroom(bureau, cover=own_cover(bureau)) as room:
        await room.draft()
        room.running.platform.faults.script(paths[way], fault)
        said = await room.until_out(getattr(room, way))
        assert room.out == 1
        # The editor says it again only where the platform had done nothing.
        assert said == (2 if isinstance(fault, LostBefore | Broken) else 1)
