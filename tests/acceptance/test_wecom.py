"""One bulletin by WeCom, robot and mail, each person on one of them, through the installed command."""

import asyncio
from pathlib import Path

from distributor.simulators.faults import Refuse
from tests.acceptance.wecom_office import ROBOT_KEY, town
from tests.channels.server import ScriptedServer

ZHANG = "name: 张三, wecom: zhangsan, email: zhangsan@example.gov.cn"
LI = "name: 李四, email: lisi@example.gov.cn"
WANG = "name: 王五, wecom: wangwu, email: wangwu@example.gov.cn"
CHAT = "name: 石桥镇群, wecom_robot: 石桥镇群"


async def test_each_person_gets_the_bulletin_on_the_first_channel_that_reaches_them(tmp_path: Path) -> None:
    async with ScriptedServer() as relay, town(tmp_path, members=["ZhangSan"], port=relay.port) as here:
        here.people([ZHANG, LI, WANG, CHAT], group="acknowledge: required\ndue: 2 working days\nattach: [pdf]")
        assert await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes") == 0

        assert here.copies() == {"zhangsan": 1, ROBOT_KEY: 2}  # the words and the file
        card = here.company.before("zhangsan")[0].content
        assert card["card_type"] == "button_interaction"
        assert card["main_title"]["title"] == "云岭区巡河工作快报 第7期"
        assert sorted(letter.recipient for letter in relay.delivered) == [
            "lisi@example.gov.cn",
            "wangwu@example.gov.cn",
        ]
        assert here.office.states() == {
            "zhangsan": "accepted",
            "lisi@example.gov.cn": "accepted",
            "wangwu": "failed",  # no such member; the mail took over
            "wangwu@example.gov.cn": "accepted",
            "石桥镇群": "accepted",
        }
        assert here.office.books().finished


async def test_a_second_send_repeats_nothing_on_any_channel(tmp_path: Path) -> None:
    async with ScriptedServer() as relay, town(tmp_path, members=["zhangsan"], port=relay.port) as here:
        here.people([ZHANG, LI, WANG, CHAT])
        assert await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes") == 0
        before = here.copies(), len(relay.delivered)
        await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes")
        assert (here.copies(), len(relay.delivered)) == before


async def test_a_platform_that_refuses_us_stops_its_channel_and_no_other(tmp_path: Path) -> None:
    async with ScriptedServer() as relay, town(tmp_path, members=["zhangsan"], port=relay.port) as here:
        here.people([ZHANG, LI])
        here.platform.faults.script("/cgi-bin/gettoken", Refuse(40001))
        ran = await asyncio.to_thread(here.office.run, "send", "bulletin.md", "--yes")
        assert ran.code != 0
        assert here.office.states() == {"zhangsan": "queued", "lisi@example.gov.cn": "accepted"}
        assert "40001" in ran.err + ran.out
        assert await asyncio.to_thread(here.office.call, "send", "7", "--yes") == 0
        assert here.copies() == {"zhangsan": 1}


async def test_an_office_without_a_mail_account_sends_by_wecom_alone(tmp_path: Path) -> None:
    async with town(tmp_path, members=["zhangsan"]) as here:
        file = here.office.folder / "distributor.toml"
        text = file.read_text(encoding="utf-8")
        start, end = text.index("[smtp.main]"), text.index("[wecom.main]")
        file.write_text(text[:start] + text[end:], encoding="utf-8")
        here.people(["name: 张三, wecom: zhangsan"])
        assert await asyncio.to_thread(here.office.call, "send", "bulletin.md", "--yes") == 0
        assert here.copies() == {"zhangsan": 1}


async def test_secrets_are_in_no_line_that_is_said(tmp_path: Path) -> None:
    async with town(tmp_path, members=["zhangsan"]) as here:
        here.people(["name: 张三, wecom: zhangsan", CHAT])
        here.platform.faults.script("/cgi-bin/gettoken", Refuse(40001))
        here.platform.faults.script("/cgi-bin/webhook/send", Refuse(93000))
        ran = await asyncio.to_thread(here.office.run, "send", "bulletin.md", "--yes", "--json")
        said = ran.out + ran.err
        assert "93000" in said
        assert not [secret for secret in ("the-apps-secret", ROBOT_KEY) if secret in said]
