"""Trouble of one chat's webhook stays with that chat: the others get their bulletin, the account is not left alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from distributor.channels.base import Message
from distributor.delivery.outcome import Fault, Outcome
from distributor.delivery.state import State
from distributor.dispatch.failover import Crew, Turn, admitted
from distributor.dispatch.letters import Letters
from distributor.receipts.tokens import load_key
from distributor.recipients.model import Recipient
from distributor.settings import DatabaseSettings, Office, Settings, WeComRobot
from distributor.settings.channels import ROBOT
from distributor.simulators.faults import Broken, Refuse
from distributor.simulators.faults import Fault as Trouble
from distributor.store import breakers
from distributor.store.bulletins import save_frozen
from distributor.store.database import Database
from distributor.store.dispatches import release
from distributor.store.ledger import Ledger
from distributor.store.records import Claim, Letter
from tests.channels.test_wecom_contract import robot_message
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, frozen
from tests.integration.outgoing import BULLETIN, RELEASED, rows
from tests.simulators.running import Running, running_wecom

SEND = "/cgi-bin/webhook/send"
#: In the order in which they are claimed: the one in trouble comes first.
CHATS = ("甲群", "乙群", "丙群")


class ChatLetters(Letters):
    """The words of one line, for whichever chat."""

    def message(self, claim: Claim) -> Message:
        return replace(robot_message(claim.address), delivery_id=claim.delivery_id)


@dataclass
class House:
    """An office whose robots speak in three chats; their keys are the chats' names."""

    database: Database
    clock: Clock
    home: Path
    wecom: Running
    told: list[tuple[str, Outcome]]

    @property
    def settings(self) -> Settings:
        robots = {name: WeComRobot(key=SecretStr(name), base_url=self.wecom.base_url) for name in CHATS}
        office = Office(name="河长办", sender="河长办 <hzb@example.gov.cn>")
        url = DatabaseSettings(url="sqlite:///none.db")
        return Settings(office=office, database=url, wecom_robot=robots, home=self.home)

    async def turn(self) -> Turn:
        """One turn of the service, for the robots alone."""
        ledger = Ledger(self.database, clock=self.clock)
        ledger.start()
        crew = Crew(
            ledger,
            self.database,
            self.settings,
            ChatLetters(self.database, self.settings, load_key(self.home / "key")),
            admitted(self.database, self.settings, [ROBOT]),
            owner="test/1",
            clock=self.clock,
            told=lambda account, outcome: self.told.append((account, outcome)),
        )
        try:
            return await crew.run()
        finally:
            await asyncio.to_thread(ledger.close)

    def states(self) -> dict[str, State]:
        return {address: row.state for address, row in rows(self.database).items()}

    def openings(self) -> int:
        """How often the breaker of the robots has opened."""
        with self.database.read() as conn:
            return sum(one.openings for one in breakers.breakers(conn) if one.account == ROBOT)


@pytest.fixture
async def house(database: Database, clock: Clock, tmp_path: Path) -> AsyncIterator[House]:
    async with running_wecom() as wecom:
        wecom.platform.company.robots.update(CHATS)
        yield House(database, clock, tmp_path, wecom, [])


def fill(house: House, *, bulletins: int = 1) -> None:
    """Bulletins for all chats, released."""
    chats = tuple(Recipient(name, ROBOT, name, name, "石桥镇", None, "各单位", (name,)) for name in CHATS)
    with house.database.write() as conn:
        for number in range(bulletins):
            letter = Letter("各单位", "发", ROBOT, "{}", chats)
            save_frozen(conn, frozen(letter, number=str(number), digest=f"d{number}"), now=RELEASED)
            release(conn, BULLETIN + number, at=RELEASED, valid_until=LATER)


@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        pytest.param(Refuse(93000), State.FAILED, id="its key was revoked"),
        pytest.param(Refuse(45009), State.DEFERRED, id="it spoke too often"),
        pytest.param(Refuse(40001), State.DEFERRED, id="its key is wrong"),
        pytest.param(Broken(), State.UNKNOWN, id="a gateway answers"),
    ],
)
async def test_trouble_of_one_robot_stops_no_other(house: House, trouble: Trouble, state: State) -> None:
    fill(house)
    house.wecom.platform.faults.script(SEND, trouble, to=CHATS[0])
    turn = await house.turn()
    assert house.states() == {CHATS[0]: state, CHATS[1]: State.ACCEPTED, CHATS[2]: State.ACCEPTED}
    assert (turn.stopped, house.openings(), house.told) == (None, 0, [])


async def test_robots_that_are_too_fast_many_times_in_a_row_are_no_trouble_of_the_account(house: House) -> None:
    fill(house, bulletins=2)
    house.wecom.platform.faults.script(SEND, *[Refuse(45009)] * 6)
    turn = await house.turn()
    assert (turn.stopped, house.openings(), house.told) == (None, 0, [])
    assert house.wecom.platform.company.shown == []
    house.clock.forward(minutes=7)
    await house.turn()
    assert len(house.wecom.platform.company.shown) == 6


async def test_a_robot_in_trouble_is_tried_again_at_the_time_of_its_own_copy(house: House) -> None:
    fill(house)
    house.wecom.platform.faults.script(SEND, Refuse(45009), to=CHATS[0])
    await house.turn()
    (attempt,) = rows(house.database)[CHATS[0]].history
    assert (attempt.fault, attempt.code) == (Fault.RECIPIENT, 45009)
    house.clock.forward(minutes=7)
    await house.turn()
    assert set(house.states().values()) == {State.ACCEPTED}
    assert sorted(one.reader for one in house.wecom.platform.company.shown) == sorted(CHATS)
