"""A server that keeps a letter and still answers 4xx gets it a second time (fault 20): the same one, known as such."""

import asyncio
from pathlib import Path

from tests.acceptance.letterbox import read
from tests.acceptance.office import Office
from tests.channels.server import ScriptedServer, TakeAndSay

LEADER = "leader1@example.gov.cn"


async def test_20_a_letter_that_was_kept_in_spite_of_its_451_comes_again_under_the_same_message_id(
    tmp_path: Path,
) -> None:
    """RFC 5321 4.2.1 asks for the retry; programs that know the Message-ID show one of the two."""
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        server.plan("DOT", TakeAndSay("451 4.3.0 try later"), address=LEADER)
        assert (await asyncio.to_thread(office.ask, "send", "bulletin.md", "--yes")).code == 3
        assert office.states()[LEADER] == "deferred"
        await asyncio.to_thread(office.ask, "retry", "7", "--yes")
        assert (await asyncio.to_thread(office.ask, "send", "7", "--yes")).code == 0
        assert set(office.states().values()) == {"accepted"}
        twice = [one for one in server.delivered if one.recipient == LEADER]
        others = [one for one in server.delivered if one.recipient != LEADER]
    assert len(twice) == 2
    assert len({read(one.body).message_id for one in twice}) == 1
    assert len({one.sender for one in twice}) == 1
    assert len(others) == len({one.recipient for one in others})
