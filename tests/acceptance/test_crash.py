"""The sending process is killed with SIGKILL at each point of its work and started again (fault 29).

Lost 0, duplicated 0; unknown only around the dot, one letter per connection, and visible until a
person settles it.
"""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.killer import POINTS
from tests.acceptance.office import Office
from tests.channels.server import Act, ScriptedServer, Stall, TakeAndStall

LETTERS = 6

#: Points at which the letter in hand may be with the server or not: nobody can know.
AROUND_THE_DOT = {
    "after the mark, before the dot",
    "after the dot, taken",
    "after the dot, not taken",
    "after 250, before the commit",
}


def office_at(folder: Path, server: ScriptedServer, *, connections: int, on_unknown: str = "hold") -> Office:
    office = Office(folder, port=server.port, connections=connections)
    office.recipients(leaders=2, units=LETTERS - 2, on_unknown=on_unknown)
    assert office.call("finalise", "bulletin.md", "--yes") == 0
    return office


async def send_again(office: Office, server: ScriptedServer) -> list[str]:
    """Starts the sender again and checks that the books and the server agree. Returns who is in doubt."""
    await asyncio.to_thread(office.call, "send", "7", "--yes")
    states = office.states()
    copies = Counter(letter.recipient for letter in server.delivered)
    assert len(states) == LETTERS
    assert max(copies.values(), default=0) <= 1, "somebody got it twice"
    assert set(states.values()) <= {"accepted", "unknown"}, states
    assert all(copies[address] == 1 for address, state in states.items() if state == "accepted"), "somebody got none"
    return [address for address, state in states.items() if state == "unknown"]


async def settle(office: Office, server: ScriptedServer, unknown: list[str]) -> None:
    """A person asks who has it and says so; then everybody has exactly one copy and the books are closed."""
    copies = Counter(letter.recipient for letter in server.delivered)
    for address in unknown:
        answer = "--arrived" if copies[address] else "--resend"
        assert office.call("resolve", address, "7", answer) == 0
    await asyncio.to_thread(office.call, "send", "7", "--yes")
    assert office.books().finished
    assert Counter(letter.recipient for letter in server.delivered) == dict.fromkeys(office.states(), 1)


async def killed_at(office: Office, point: str, count: int) -> None:
    process = await office.start(point, str(count), "send", "7", "--yes", program=("-m", "tests.acceptance.killer"))
    output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, output.decode()


@pytest.mark.parametrize("occurrence", [1, 4])
@pytest.mark.parametrize("point", POINTS)
async def test_a_sender_killed_at_a_point_of_its_work_loses_and_repeats_nothing(
    tmp_path: Path, point: str, occurrence: int
) -> None:
    async with ScriptedServer() as server:
        office = await asyncio.to_thread(office_at, tmp_path, server, connections=1)
        await killed_at(office, point, 1 if "claim" in point else occurrence)
        unknown = await send_again(office, server)
        assert len(unknown) == (point in AROUND_THE_DOT)
        await settle(office, server, unknown)


STAGES: dict[str, tuple[str, Act]] = {
    "after MAIL": ("MAIL", Stall()),
    "after RCPT": ("RCPT", Stall()),
    "after the dot, taken": ("DOT", TakeAndStall()),
    "after the dot, not taken": ("DOT", Stall()),
}


@pytest.mark.parametrize("stage", STAGES)
async def test_a_sender_killed_in_conversation_loses_and_repeats_nothing(tmp_path: Path, stage: str) -> None:
    async with ScriptedServer(pipelining=False) as server:
        office = await asyncio.to_thread(office_at, tmp_path, server, connections=1)
        verb, act = STAGES[stage]
        server.plan(verb, act, address="" if verb == "MAIL" else "unit3@example.gov.cn")
        process = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.stalled.wait(), 60)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        unknown = await send_again(office, server)
        assert len(unknown) == (stage in AROUND_THE_DOT)
        await settle(office, server, unknown)


async def test_with_four_connections_no_more_than_four_letters_are_in_doubt(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = await asyncio.to_thread(office_at, tmp_path, server, connections=4)
        await killed_at(office, "after the mark, before the dot", 2)
        unknown = await send_again(office, server)
        assert 1 <= len(unknown) <= 4
        await settle(office, server, unknown)


async def test_a_group_that_prefers_a_second_copy_gets_one_by_itself_with_the_same_message_id(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = await asyncio.to_thread(office_at, tmp_path, server, connections=1, on_unknown="resend")
        await killed_at(office, "after 250, before the commit", 4)
        await asyncio.to_thread(office.call, "send", "7", "--yes")
        assert set(office.states().values()) == {"accepted"}
        twice = [letter for letter in server.delivered if letter.recipient == server.delivered[3].recipient]
        assert len(twice) == 2
        assert twice[0].body == twice[1].body
