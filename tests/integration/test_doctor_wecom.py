"""What the doctor says of WeCom: never “fine” over an errcode, and always what to enter where."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.doctor.wecom import check_wecom
from distributor.settings.file import load_settings
from distributor.simulators.faults import Broken, Refuse
from distributor.simulators.wecom.company import App
from tests.acceptance.wecom_office import Town, town
from tests.simulators.running import AGENT, SECRET


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, members=["zhangsan"], page="https://bulletin.example.gov.cn") as found:
        found.people(["name: 张三, wecom: ZhangSan"])
        yield found


async def findings(here: Town, *, network: bool = True) -> dict[str, Diagnosis]:
    settings = load_settings(here.office.folder / "distributor.toml", environ={})
    context = Context(settings, dt.datetime.now(dt.UTC), network=network)
    found = await asyncio.to_thread(lambda: list(check_wecom(context)))
    return {one.name: one for one in found}


async def test_an_app_that_works_is_said_to_work_with_its_callback_address(here: Town) -> None:
    found = await findings(here)
    assert found["wecom.main"].verdict is Verdict.OK
    assert "https://bulletin.example.gov.cn/wecom/main" in str(found["wecom.main.callback"].what)
    assert found["wecom_robot.石桥镇群"].verdict is Verdict.UNCHECKED


async def test_an_address_that_is_not_trusted_is_named_for_the_console(here: Town) -> None:
    here.company.apps[AGENT] = App(AGENT, SECRET, trusted=frozenset())
    found = (await findings(here))["wecom.main"]
    assert found.verdict is Verdict.FAILURE
    assert "127.0.0.1" in str(found.do)


@pytest.mark.parametrize("errcode", [40001, 40013, 50003, 48002, -1, 99999])
async def test_an_errcode_is_a_failure_whatever_it_is(here: Town, errcode: int) -> None:
    here.platform.faults.script("/cgi-bin/gettoken", Refuse(errcode))
    found = (await findings(here))["wecom.main"]
    assert found.verdict is Verdict.FAILURE
    assert str(found.what).startswith(str(errcode))


async def test_a_platform_that_cannot_be_read_is_a_failure(here: Town) -> None:
    here.platform.faults.script("/cgi-bin/agent/get", Broken())
    assert (await findings(here))["wecom.main"].verdict is Verdict.FAILURE


async def test_members_who_do_not_see_the_app_are_named(here: Town) -> None:
    here.people(["name: 张三, wecom: ZhangSan", "name: 王五, wecom: wangwu"])
    here.company.apps[AGENT] = replace(here.company.apps[AGENT], visible=frozenset({"zhangsan"}))
    found = (await findings(here))["wecom.main"]
    assert found.verdict is Verdict.WARNING
    assert "wangwu" in str(found.what)
    assert "ZhangSan" not in str(found.what)


async def test_without_the_network_nothing_is_said_to_be_fine(here: Town) -> None:
    assert (await findings(here, network=False))["wecom.main"].verdict is Verdict.UNCHECKED


async def test_a_seal_of_another_form_is_a_failure(here: Town) -> None:
    here.office.write("secrets/wecom.aes", "too-short\n")
    assert (await findings(here))["wecom.main.callback"].verdict is Verdict.FAILURE


async def test_a_robot_without_a_key_is_a_failure(here: Town) -> None:
    (here.office.folder / "secrets/robot").unlink()
    assert (await findings(here))["wecom_robot.石桥镇群"].verdict is Verdict.FAILURE
