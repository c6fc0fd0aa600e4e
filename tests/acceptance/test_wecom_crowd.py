"""One bulletin to 300 members of an enterprise while everything goes wrong that may (done when 2)."""

import asyncio
import datetime as dt
import signal
from collections import Counter, defaultdict
from pathlib import Path

from distributor.simulators.faults import LostAfter, Refuse
from tests.acceptance.wecom_office import Town, town

PEOPLE = [f"member{number:03}" for number in range(300)]
INVALID = set(PEOPLE[7::20])  # one in twenty
VALID = [name for name in PEOPLE if name not in INVALID]

SEND = "/cgi-bin/message/send"


def in_a_minute(here: Town) -> int:
    """The most messages that one member got within any 60 seconds."""
    times: dict[str, list[dt.datetime]] = defaultdict(list)
    for shown in here.company.shown:
        times[shown.reader].append(shown.at)
    span = dt.timedelta(seconds=60)
    return max(sum(begin <= at < begin + span for at in all_) for all_ in times.values() for begin in all_)


async def shown_to(here: Town, count: int) -> None:
    """Until so many have their card before their eyes."""
    async with asyncio.timeout(60):
        while len(here.company.shown) < count:
            await asyncio.sleep(0.005)


async def killed_in_the_middle(here: Town, *, expired_at: int, killed_at: int) -> None:
    """Starts the sender, ends its token after so many cards, and kills it after some more."""
    process = await here.office.start("send", "7", "--yes")
    await shown_to(here, expired_at)
    here.platform.tokens.expire_early()
    await shown_to(here, killed_at)
    process.send_signal(signal.SIGKILL)
    output, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, output.decode()


async def settled(here: Town) -> int:
    """Sends until nobody waits any more, as a person would; returns how often that took."""
    for tries in range(1, 6):
        await asyncio.to_thread(here.office.call, "send", "7", "--yes")
        if here.office.books().finished:
            return tries
        await asyncio.to_thread(here.office.call, "retry", "7", "--yes")
    raise AssertionError(here.office.books())


async def test_each_of_300_members_gets_one_card_whatever_goes_wrong(tmp_path: Path) -> None:
    async with town(tmp_path, members=VALID) as here:
        people = (f"name: 成员{number}, wecom: {name}" for number, name in enumerate(PEOPLE))
        here.people(people, group="acknowledge: required\ndue: 2 working days\non_unknown: resend")
        assert await asyncio.to_thread(here.office.call, "finalise", "bulletin.md", "--yes") == 0
        faults = here.platform.faults
        for name in VALID[200:206]:  # a burst: more in a row than an account is allowed to go on with
            faults.script(SEND, Refuse(45009), to=name)
        for name in VALID[150:152]:
            faults.script(SEND, LostAfter(), to=name)

        await killed_in_the_middle(here, expired_at=40, killed_at=80)
        assert here.platform.tokens.given == 2
        assert await settled(here) <= 3

        assert here.copies() == dict.fromkeys(VALID, 1)
        assert here.company.dropped == []
        assert in_a_minute(here) == 1
        states = here.office.states()
        assert {name for name, state in states.items() if state == "failed"} == INVALID
        assert Counter(states.values()) == {"accepted": len(VALID), "failed": len(INVALID)}
