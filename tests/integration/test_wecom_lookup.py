"""Accounts looked up by number or address: found, remembered, and ended far below the platform's lock."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from distributor.simulators.faults import Refuse
from tests.acceptance.wecom_office import Town, town

MEMBERS = [f"member{number:02}" for number in range(40)]


KNOWN = "name: 张三, wecom: member00"


def by_mobile(name: str, mobile: str) -> str:
    return f'name: {name}, mobile: "{mobile}"'


async def lookup(here: Town, code: int) -> Any:
    ran = await asyncio.to_thread(here.office.ask, "wecom", "lookup", "--json")
    assert ran.code == code, ran.err
    return ran.json


async def test_people_are_found_by_number_or_address_and_the_list_is_not_touched(tmp_path: Path) -> None:
    async with town(tmp_path, members=MEMBERS) as here:
        mail = "name: 王五, email: member03@example.gov.cn"
        here.people([by_mobile("李四", "13800000001"), mail, KNOWN])
        before = (tmp_path / "recipients.yaml").read_bytes()
        found = await lookup(here, 0)
        assert {one["name"]: one["wecom"] for one in found["people"]} == {"李四": "member01", "王五": "member03"}
        assert (tmp_path / "recipients.yaml").read_bytes() == before


async def test_what_was_asked_is_not_asked_again(tmp_path: Path) -> None:
    async with town(tmp_path, members=MEMBERS) as here:
        here.people([KNOWN, by_mobile("李四", "13800000001"), by_mobile("王五", "13900000000")])
        assert await lookup(here, 3) == await lookup(here, 3)
        assert here.platform.contacts.lookups == 2


async def test_the_asking_ends_far_below_the_lock(tmp_path: Path) -> None:
    async with town(tmp_path, members=MEMBERS) as here:
        here.people([KNOWN, *(by_mobile(f"某{number}", f"139{number:08}") for number in range(40))])
        found = await lookup(here, 3)
        assert here.platform.contacts.lookups == 2  # one in twenty of them
        assert found["unasked"] == 38
        await lookup(here, 3)
        assert here.platform.contacts.lookups == 2


async def test_a_refusal_ends_the_asking_and_is_no_miss(tmp_path: Path) -> None:
    async with town(tmp_path, members=MEMBERS) as here:
        here.people([KNOWN, by_mobile("李四", "13800000001")])
        here.platform.faults.script("/cgi-bin/user/getuserid", Refuse(45009))
        ran = await asyncio.to_thread(here.office.ask, "wecom", "lookup")
        assert ran.code != 0
        assert "45009" in ran.err
        assert (await lookup(here, 0))["people"][0]["wecom"] == "member01"


@pytest.mark.parametrize("number", ["138", "abc", "138000000011", "0105550100"])
async def test_a_number_that_cannot_be_one_is_an_error_of_the_file(tmp_path: Path, number: str) -> None:
    async with town(tmp_path) as here:
        here.people([by_mobile("李四", number)])
        ran = await asyncio.to_thread(here.office.ask, "recipients", "check")
        assert ran.code != 0
        assert "is not a mobile number" in ran.err + ran.out
        assert "recipients.yaml:9" in ran.err + ran.out


async def test_nobody_to_look_for_asks_nobody(tmp_path: Path) -> None:
    async with town(tmp_path, members=MEMBERS) as here:
        here.people([KNOWN])
        assert (await lookup(here, 4))["people"] == []
        assert here.platform.contacts.lookups == 0
