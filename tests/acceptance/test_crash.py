"""The sending process is killed with SIGKILL at each point of its work and started again (fault 29).

Lost 0, duplicated 0; unknown only around the dot, and visible until a person settles it.
"""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.killer import POINTS
from tests.acceptance.office import Office
from tests.channels.server import Act, ScriptedServer, Stall, TakeAndStall

LETTERS = 9
CONNECTIONS = 2

#: Points at which the letter in hand may be with the server or not: nobody can know.
AROUND_THE_DOT = {
    "after the mark, before the dot",
    "after the dot",
    "after the dot, not taken",
    "after 250, before the commit",
}


def office_at(folder: Path, server: ScriptedServer) -> Office:
    office = Office(folder, port=server.port, connections=CONNECTIONS)
    office.recipients(leaders=2, units=LETTERS - 2)
    done = office.run("finalise", "bulletin.md", "--yes")
    assert done.code == 0, done.err
    return office


async def settle(office: Office, server: ScriptedServer, point: str) -> None:
    """Sends again after the crash, and checks what the books and the server say of each other."""
    again = await office.run_beside("send", "7", "--yes", "--json")
    assert again.code in (0, 3, 4), again.err
    states = office.states()
    copies = Counter(letter.recipient for letter in server.delivered)
    assert len(states) == LETTERS
    assert max(copies.values(), default=0) <= 1, "somebody got it twice"
    unknown = [address for address, state in states.items() if state == "unknown"]
    assert all(copies[address] == 1 for address, state in states.items() if state == "accepted")
    assert all(state in ("accepted", "unknown") for state in states.values()), states
    assert len(unknown) <= CONNECTIONS
    assert bool(unknown) == (point in AROUND_THE_DOT), f"{point}: {unknown}"
    await resolve(office, server, unknown, copies)


async def resolve(office: Office, server: ScriptedServer, unknown: list[str], copies: Counter[str]) -> None:
    """A person asks who has it, says so, and everybody ends with exactly one copy."""
    for address in unknown:
        answer = "--arrived" if copies[address] else "--resend"
        assert office.run("resolve", address, "7", answer).code == 0
    await office.run_beside("send", "7", "--yes", "--json")
    status = office.run("status", "7", "--json").json
    assert status["books"]["finished"], status["books"]
    final = Counter(letter.recipient for letter in server.delivered)
    assert set(final.values()) == {1}
    assert len(final) == LETTERS


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("occurrence", [1, 4])
async def test_a_sender_killed_inside_its_ledger_loses_and_repeats_nothing(
    tmp_path: Path, point: str, occurrence: int
) -> None:
    async with ScriptedServer() as server:
        office = await asyncio.to_thread(office_at, tmp_path, server)
        count = 1 if "claim" in point else occurrence
        process = await office.start(
            point, str(count), "send", "7", "--yes", "--json", program=("-m", "tests.acceptance.killer")
        )
        output, _ = await process.communicate()
        assert process.returncode == -signal.SIGKILL, output.decode()
        await settle(office, server, point)


STAGES: dict[str, tuple[str, Act]] = {
    "after MAIL": ("MAIL", Stall()),
    "after RCPT": ("RCPT", Stall()),
    "mid-DATA": ("BODY", Stall()),
    "after the dot": ("DOT", TakeAndStall()),
    "after the dot, not taken": ("DOT", Stall()),
}


@pytest.mark.parametrize("stage", STAGES)
async def test_a_sender_killed_in_conversation_loses_and_repeats_nothing(tmp_path: Path, stage: str) -> None:
    async with ScriptedServer(pipelining=False) as server:
        office = await asyncio.to_thread(office_at, tmp_path, server)
        verb, act = STAGES[stage]
        server.plan(verb, act, address="" if verb == "MAIL" else "unit3@example.gov.cn")
        process = await office.start("send", "7", "--yes", "--json")
        await asyncio.wait_for(server.stalled.wait(), 30)
        process.send_signal(signal.SIGKILL)
        await process.communicate()
        await settle(office, server, stage)
