"""Cards that lie before their readers: changed after a 签收 elsewhere, and taken back after a withdrawal."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import update

from distributor.dispatch.acknowledge import Word, press, sign
from distributor.dispatch.lines import Lines
from distributor.dispatch.send import utc_now
from distributor.dispatch.shown_cards import Ended, grey_signed, recall_withdrawn
from distributor.settings import Settings
from distributor.settings.file import load_settings
from distributor.simulators.faults import Broken, Refuse
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.schema import attempt
from distributor.store.withdrawals import withdraw
from tests.acceptance.wecom_office import Town, town

MEMBERS = ["lisi", "wangwu", "sunliu"]


class Desk:
    """A bulletin that is before three members' eyes."""

    def __init__(self, here: Town) -> None:
        self.here = here
        self.database = Database.open("sqlite:///data/distributor.db", home=here.office.folder)
        self.settings: Settings = load_settings(here.office.folder / "distributor.toml", environ={})

    def copy_of(self, member: str) -> str:
        with self.database.read() as conn:
            return next(copy.id for copy in deliveries_of(conn, 1) if copy.address == member)

    async def grey(self) -> tuple[Ended, ...]:
        lines = Lines()
        try:
            return await grey_signed(self.database, self.settings, lines, clock=utc_now)
        finally:
            await lines.close()

    async def recall(self) -> tuple[Ended, ...]:
        lines = Lines()
        try:
            return await recall_withdrawn(self.database, self.settings, lines, clock=utc_now)
        finally:
            await lines.close()

    def withdraw(self) -> None:
        with self.database.write() as conn:
            withdraw(conn, 1, "数字有误", actor="test", now=utc_now())

    @property
    def greyed(self) -> dict[str, str]:
        return {member: words for (_, member), words in self.here.company.greyed.items()}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with town(tmp_path, members=MEMBERS) as here:
        here.people([f"name: {name}, wecom: {name}" for name in MEMBERS], group="acknowledge: required")
        assert await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes") == 0
        found = Desk(here)
        yield found
        found.database.close()


async def test_a_copy_signed_for_on_its_page_has_a_card_that_says_so(desk: Desk) -> None:
    with desk.database.write() as conn:
        sign(conn, desk.copy_of("lisi"), Word(), now=utc_now())
    assert [(one.card.member, one.result) for one in await desk.grey()] == [("lisi", "done")]
    assert desk.greyed == {"lisi": "已签收"}
    assert await desk.grey() == ()


async def test_a_pressed_button_is_not_changed_again(desk: Desk) -> None:
    with desk.database.write() as conn:
        press(conn, desk.copy_of("lisi"), "lisi", now=utc_now())
    assert await desk.grey() == ()


async def test_a_change_that_was_not_answered_is_asked_for_again(desk: Desk) -> None:
    with desk.database.write() as conn:
        sign(conn, desk.copy_of("lisi"), Word(), now=utc_now())
    desk.here.platform.faults.script("/cgi-bin/message/update_template_card", Broken())
    assert await desk.grey() == ()
    assert [one.result for one in await desk.grey()] == ["done"]


async def test_a_refused_change_is_booked_and_not_repeated(desk: Desk) -> None:
    with desk.database.write() as conn:
        sign(conn, desk.copy_of("lisi"), Word(), now=utc_now())
    desk.here.platform.faults.script("/cgi-bin/message/update_template_card", Refuse(40058))
    (ended,) = await desk.grey()
    assert (ended.result, ended.reply.split()[0]) == ("refused", "40058")
    assert await desk.grey() == ()


async def test_a_withdrawn_bulletin_is_taken_back_from_everybody(desk: Desk) -> None:
    desk.withdraw()
    assert sorted((one.card.member, one.result) for one in await desk.recall()) == [
        ("lisi", "done"),
        ("sunliu", "done"),
        ("wangwu", "done"),
    ]
    assert [desk.here.company.before(member) for member in MEMBERS] == [[], [], []]
    assert await desk.recall() == ()


async def test_for_whom_it_is_too_late_is_said(desk: Desk) -> None:
    yesterday = utc_now() - dt.timedelta(hours=24)
    with desk.database.write() as conn:
        conn.execute(update(attempt).where(attempt.c.delivery_id == desk.copy_of("lisi")).values(ended_at=yesterday))
    desk.withdraw()
    assert {one.card.member: one.result for one in await desk.recall()} == {
        "lisi": "late",
        "wangwu": "done",
        "sunliu": "done",
    }


async def test_nothing_is_taken_back_of_a_bulletin_that_stands(desk: Desk) -> None:
    assert await desk.recall() == ()


async def test_the_command_takes_the_cards_back_at_once(desk: Desk) -> None:
    ran = await asyncio.to_thread(desk.here.office.ask, "withdraw", "7", "--reason", "数字有误", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert {one["recipient"]: one["result"] for one in ran.json["recalled"]} == dict.fromkeys(MEMBERS, "done")
