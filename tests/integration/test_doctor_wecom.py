"""What the doctor says of WeCom: never “fine” over an errcode, and always what to enter where."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.delivery.throttle import Want
from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.doctor.quotas import check_quotas
from distributor.doctor.wecom import check_wecom
from distributor.settings.channels import limited_scopes
from distributor.settings.file import load_settings
from distributor.simulators.faults import Broken, Refuse
from distributor.simulators.wecom.company import App, Shown
from distributor.store.database import Database
from distributor.store.windows import grant
from tests.acceptance.wecom_office import Town, town
from tests.simulators.running import AGENT, SECRET

#: Nobody listens there; what the doctor says of a callback address is in test_doctor_addresses.
PAGE = "http://127.0.0.1:1"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Town]:
    async with town(tmp_path, members=["zhangsan"], page=PAGE) as found:
        found.people(["name: 张三, wecom: ZhangSan"])
        yield found


async def findings(here: Town, *, network: bool = True) -> dict[str, Diagnosis]:
    settings = load_settings(here.office.folder / "distributor.toml", environ={})
    context = Context(settings, dt.datetime.now(dt.UTC), network=network)
    found = await asyncio.to_thread(lambda: list(check_wecom(context)))
    return {one.name: one for one in found}


async def test_an_app_that_works_is_said_to_work_and_its_callback_address_is_called(here: Town) -> None:
    found = await findings(here)
    assert found["wecom.main"].verdict is Verdict.OK
    assert found["wecom.main.callback"].verdict is Verdict.FAILURE
    assert f"{PAGE}/wecom/main gives no answer" in str(found["wecom.main.callback"].what)
    assert found["wecom_robot.石桥镇群"].verdict is Verdict.UNCHECKED


async def test_what_the_app_has_sent_today_is_asked_of_the_platform(here: Town) -> None:
    now = here.company.clock()
    for age in (dt.timedelta(), dt.timedelta(), dt.timedelta(days=1)):
        here.company.shown.append(Shown("m", AGENT, "zhangsan", "text", {}, now - age))
    found = (await findings(here))["wecom.main.quota"]
    assert found.verdict is Verdict.OK
    assert "sent 2 today" in str(found.what)


@pytest.mark.parametrize("fault", [Refuse(45009), Refuse(40066), Broken(404)], ids=["too_often", "retired", "no_page"])
async def test_a_count_that_the_platform_does_not_give_is_never_taken_for_one(
    here: Town, fault: Refuse | Broken
) -> None:
    here.platform.faults.script("/cgi-bin/message/get_statistics", fault)
    found = await findings(here)
    assert found["wecom.main.quota"].verdict is Verdict.UNCHECKED
    assert str(fault.errcode if isinstance(fault, Refuse) else fault.status) in str(found["wecom.main.quota"].what)
    assert found["wecom.main"].verdict is Verdict.OK


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
    found = await findings(here, network=False)
    assert found["wecom.main"].verdict is Verdict.UNCHECKED
    assert found["wecom.main.callback"].verdict is Verdict.UNCHECKED
    assert f"{PAGE}/wecom/main" in str(found["wecom.main.callback"].what)


async def test_a_seal_of_another_form_is_a_failure(here: Town) -> None:
    here.office.write("secrets/wecom.aes", "too-short\n")
    assert (await findings(here))["wecom.main.callback"].verdict is Verdict.FAILURE


async def test_a_robot_without_a_key_is_a_failure(here: Town) -> None:
    (here.office.folder / "secrets/robot").unlink()
    assert (await findings(here))["wecom_robot.石桥镇群"].verdict is Verdict.FAILURE


async def test_what_is_left_of_the_office_s_own_limits_is_counted_from_what_was_granted(here: Town) -> None:
    file = here.office.folder / "distributor.toml"
    text = file.read_text(encoding="utf-8").replace("[wecom.main]", '[wecom.main]\nlimits = ["2/hour", "100/day"]')
    file.write_text(text, encoding="utf-8")
    settings = load_settings(file, environ={})
    context = Context(settings, dt.datetime.now(dt.UTC), network=False)
    assert list(check_quotas(context)) == []  # nothing was ever sent
    with closing(Database.open(settings.database_url)) as database, database.write() as conn:
        scope = limited_scopes(settings, "wecom.main")
        assert len(grant(conn, [Want(name, scope) for name in "ab"]).granted) == 2
    full, left = check_quotas(context)
    assert (full.name, full.verdict) == ("wecom.main.limits", Verdict.WARNING)
    assert "2/hour" in str(full.what)
    assert (left.name, left.verdict) == ("wecom.main.limits", Verdict.OK)
    assert "98 of 100/day" in str(left.what)
