"""The office's day with a real Postfix: a file is dropped, the hour comes, every group has its letter."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from distributor.store.records import DeliveryRecord
from tests.acceptance.letterbox import read
from tests.acceptance.office import Office
from tests.acceptance.service import drop, serving
from tests.lab.postfix import Postfix

PEOPLE = {"区领导": 6, "各单位": 60}

#: Postfix must have every letter so long after its hour.
PROMPT = dt.timedelta(seconds=5)

#: What a busy machine needs to start the service, drop a file and have it taken in before its hour comes.
HEADROOM = dt.timedelta(seconds=30)


def next_minute() -> dt.datetime:
    """A full minute that leaves time to drop a file before."""
    begun = (dt.datetime.now(dt.UTC) + HEADROOM).replace(second=0, microsecond=0)
    return begun + dt.timedelta(minutes=1)


def office_of(folder: Path, postfix: Postfix, rule: str) -> Office:
    office = Office(folder, port=postfix.port, connections=5, environment={"DISTRIBUTOR_SEND__RULE": rule})
    office.recipients(leaders=PEOPLE["区领导"], units=PEOPLE["各单位"])
    return office


def accepted_at(delivery: DeliveryRecord) -> dt.datetime:
    (attempt,) = delivery.history
    assert attempt.verdict == "accepted"
    assert attempt.ended_at is not None
    return attempt.ended_at


@pytest.mark.timeout(300)
@pytest.mark.parametrize("by_the_clock", [True, False], ids=["at its hour", "at once"])
async def test_a_real_postfix_has_a_dropped_bulletin_within_five_seconds_of_its_hour(
    tmp_path: Path, postfix: Postfix, by_the_clock: bool
) -> None:
    hour = next_minute()
    rule = f"{hour.astimezone(ZoneInfo('Asia/Shanghai')):%H:%M}" if by_the_clock else "at once"
    office = office_of(tmp_path, postfix, rule)
    async with serving(office) as service:
        await service.until("service.started")
        drop(office)
        taken = await service.until("inbox.taken")
        await service.until("bulletin.finished", within=120)  # the minute that it waits for, and more
        assert await service.stop() == 0

    due = dt.datetime.fromisoformat(taken["due"])
    assert by_the_clock is (due == hour)
    rows = {delivery.address: delivery for delivery in office.deliveries()}
    for group, people in PEOPLE.items():
        times = [accepted_at(delivery) for delivery in rows.values() if delivery.group == group]
        assert len(times) == people
        assert due <= min(times) <= max(times) <= due + PROMPT

    # Postfix says the same: its own log, and the letters it holds.
    said = postfix.until_delivered(len(rows))
    assert sorted(one.recipient for one in said) == sorted(rows)
    assert max(one.at for one in said) <= due + PROMPT
    assert all(one.at >= due.replace(microsecond=0) for one in said)
    held = postfix.letters()
    assert sorted(address for address, _ in held) == sorted(rows)
    assert len({read(letter).message_id for _, letter in held}) == len(rows)
    assert {read(letter).message_id for _, letter in held} == set(postfix.message_ids.values())

    story = ["inbox.taken", "bulletin.due", "send.begun", "send.ended", "bulletin.finished"]
    assert [action for action in service.actions if not action.startswith(("service.", "leader."))] == story
    told = {record["action"]: record for record in service.log}
    assert told["send.begun"]["due"] == PEOPLE
    assert told["send.ended"]["reached"] == {group: f"{people}/{people}" for group, people in PEOPLE.items()}
    assert told["bulletin.finished"]["accepted"] == len(rows)
