"""Chats of other platforms, from settings and directory to the chat, and what is said when something is amiss."""

import asyncio
import datetime as dt
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.doctor.other_chats import check_other_chats
from distributor.errors import BadFile, BadInput
from distributor.settings import apprise
from distributor.settings.channels import accounts_of, require_account
from distributor.settings.file import load_settings
from tests.acceptance.office import Office, Ran
from tests.channels.chat_platform import ChatPlatform, Say, said

TOKEN, HOOK = "aaaabbbb-cccc-dddd-eeee-ffff00001111", "0123456789abcdef0123"
FEISHU_PATH = f"/open-apis/bot/v2/hook/{TOKEN}/"

SETTINGS = """\
[office]
name = "云岭区河长制办公室"
from = "云岭区河长办 <hzb@example.gov.cn>"
base_url = "https://bulletin.example.gov.cn"

[apprise."飞书群"]
url_file = "secrets/feishu"
base_url = "{platform}"

[apprise."镇街群"]
url_file = "secrets/towns"
"""

DIRECTORY = """\
groups:
  各单位:
    direction: 发
    channels: [apprise]
    attach: [pdf]
    covers: [区委, 区政府领导同志, 各镇人民政府, 各街道办事处]
    members:
      - unit: 石桥镇
        people:
          - {name: 飞书群, apprise: 飞书群}
          - {name: 镇街群, apprise: 镇街群}
"""


@dataclass
class House:
    """An office with two chats, and the platform that both lead to."""

    office: Office
    platform: ChatPlatform

    async def ask(self, *arguments: str) -> Ran:
        return await asyncio.to_thread(self.office.ask, *arguments)

    @property
    def settings(self) -> Any:
        return load_settings(self.office.folder / "distributor.toml", environ={})

    async def findings(self) -> dict[str, Diagnosis]:
        context = Context(self.settings, dt.datetime.now(dt.UTC), network=False)
        found = await asyncio.to_thread(lambda: list(check_other_chats(context)))
        return {one.name: one for one in found}


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[House]:
    async with ChatPlatform() as platform:
        platform.script(FEISHU_PATH, [said(code=0)])
        office = Office(tmp_path)
        office.write("distributor.toml", SETTINGS.format(platform=platform.address))
        office.write("recipients.yaml", DIRECTORY)
        office.write("secrets/feishu", f"feishu://{TOKEN}\n").chmod(0o600)
        office.write("secrets/towns", f"json://127.0.0.1:{platform.port}/hooks/{HOOK}\n").chmod(0o600)
        yield House(office, platform)


async def test_a_bulletin_reaches_each_chat_in_the_form_of_its_platform(here: House) -> None:
    ran = await here.ask("send", "bulletin.md", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert here.office.states() == {"飞书群": "accepted", "镇街群": "accepted"}
    feishu = next(one.document for one in here.platform.shown if one.path == FEISHU_PATH)["content"]["text"]
    title, masthead, *lines = feishu.splitlines()
    assert title == "云岭区巡河工作快报 第7期"
    assert masthead == "云岭区河长制办公室　2026年11月20日"
    assert lines[:2] == ["- 石桥镇开展冬季巡河", ""]
    assert lines[2].startswith("阅读全文：https://bulletin.example.gov.cn/b/")
    words, file = (one.document for one in here.platform.shown if one.path == f"/hooks/{HOOK}")
    assert "**云岭区河长制办公室**" in words["message"]
    assert "[阅读全文](https://bulletin.example.gov.cn/b/" in words["message"]
    assert [one["mimetype"] for one in file["attachments"]] == ["application/pdf"]
    assert here.office.books().finished


async def test_one_chat_whose_hook_is_gone_is_named_and_the_other_gets_its_bulletin(here: House) -> None:
    here.platform.script(f"/hooks/{HOOK}", [Say(404, f"no hook {HOOK}".encode(), taken=False)])
    ran = await here.ask("send", "bulletin.md", "--yes", "--json")
    assert here.office.states() == {"飞书群": "accepted", "镇街群": "failed"}
    story = await here.ask("why", "镇街群", "7", "--json")
    shown = ran.out + ran.err + story.out + story.err
    assert "no hook …" in story.out
    assert not [secret for secret in (TOKEN, HOOK) if secret in shown]
    assert json.loads(story.out)


async def test_an_unknown_answer_waits_for_a_person_and_is_not_said_again(here: House) -> None:
    here.platform.script(f"/hooks/{HOOK}", [Say(502, b"<html>", taken=True)])
    await here.ask("send", "bulletin.md", "--yes")
    await here.ask("send", "7", "--yes")
    assert here.office.states()["镇街群"] == "unknown"
    assert [one.path for one in here.platform.posted].count(f"/hooks/{HOOK}") == 1


async def test_doctor_says_which_urls_are_understood_and_sends_nothing(here: House) -> None:
    here.office.write("secrets/towns", "jsons//chat.example.gov.cn/hook")
    found = await here.findings()
    assert found["apprise.飞书群"].verdict is Verdict.OK
    assert "Feishu" in str(found["apprise.飞书群"].what)
    assert found["apprise.镇街群"].verdict is Verdict.FAILURE
    assert "feishu://" in str(found["apprise.镇街群"].do)
    assert "chat.example.gov.cn" not in str(found["apprise.镇街群"])
    assert here.platform.posted == []


async def test_doctor_names_a_url_that_would_speak_in_clear(here: House) -> None:
    here.office.write("secrets/towns", "json://chat.example.gov.cn/hook")
    assert "encrypted" in str((await here.findings())["apprise.镇街群"].what)


async def test_without_the_library_every_door_says_what_to_install(
    here: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apprise, "find_spec", lambda name: None)
    ran = await here.ask("send", "bulletin.md", "--yes")
    assert ran.code != 0
    assert "pip install 'distributor[apprise]'" in ran.err + ran.out
    found = await here.findings()
    assert {one.verdict for one in found.values()} == {Verdict.FAILURE}
    assert all("pip install" in str(one.do) for one in found.values())
    with pytest.raises(BadInput, match="library"):
        require_account(here.settings, "apprise")


async def test_a_url_in_the_settings_file_is_refused_and_not_shown(here: House) -> None:
    file = here.office.folder / "distributor.toml"
    file.write_text(f'{file.read_text(encoding="utf-8")}url = "feishu://{TOKEN}"\n', encoding="utf-8")
    with pytest.raises(BadFile) as refused:
        load_settings(file, environ={})
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.line) == ("secret_in_file", 12)
    assert TOKEN not in str(refused.value) + str(problem.what) + str(problem.do)


async def test_a_url_from_the_environment_wins_and_is_not_shown(here: House) -> None:
    environ = {"DISTRIBUTOR_APPRISE__飞书群__URL": "slack://TIiajkdnlazkcOXrIdevi7FQ"}
    settings = load_settings(here.office.folder / "distributor.toml", environ=environ)
    assert settings.apprise["飞书群"].chat_url() == "slack://TIiajkdnlazkcOXrIdevi7FQ"
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in repr(settings)
    assert accounts_of(settings, "apprise") == ("apprise",)


@pytest.mark.parametrize(
    ("line", "code", "told"),
    [
        pytest.param("{name: 群, apprise: 飞书裙}", "no_chat", "飞书群", id="a slip"),
        pytest.param("{name: 群, aprise: 飞书群}", "unknown_key", "apprise", id="a key that is none"),
    ],
)
async def test_a_directory_that_names_no_chat_of_the_settings_is_refused_with_the_nearest(
    here: House, line: str, code: str, told: str
) -> None:
    here.office.write("recipients.yaml", DIRECTORY.replace("{name: 飞书群, apprise: 飞书群}", line))
    ran = await here.ask("check", "bulletin.md", "--json")
    assert ran.code != 0
    found = {one["code"]: one for one in ran.json["error"]["problems"]}
    assert told in str(found[code])
