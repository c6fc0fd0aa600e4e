"""A member presses the button of a card, and the running service knows it at once (done when 3)."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2

from distributor.rendering.card import ACKNOWLEDGE
from distributor.simulators.callbacks import deliver, proof, read_answer
from tests.acceptance.service import Service, ask, serving
from tests.acceptance.wecom_office import Town, town
from tests.channels.server import ScriptedServer
from tests.simulators.running import SEAL


def address_of(service: Service) -> str:
    port = next(record["page"] for record in service.log if record["action"] == "service.started")
    return f"http://127.0.0.1:{port}/wecom/main"


async def card_of(here: Town, reader: str) -> Any:
    async with asyncio.timeout(60):
        while not here.company.before(reader):
            await asyncio.sleep(0.02)
    return here.company.before(reader)[0]


async def evidence(here: Town) -> dict[str, str]:
    """What is known of each person's copy."""
    document = json.loads(await ask(here.office, "status", "7", "--json", code=0))
    return {copy["address"]: copy["evidence"] for copy in document["deliveries"]}


async def test_a_pressed_button_is_a_signature_at_once_and_ends_the_reminders(tmp_path: Path) -> None:
    async with ScriptedServer() as relay, town(tmp_path, members=["zhangsan"], port=relay.port) as here:
        here.people(
            ["name: 张三, wecom: zhangsan", "name: 李四, email: lisi@example.gov.cn"],
            group="acknowledge: required\ndue: 2 working days\nsatisfied_by: all",
        )
        assert await asyncio.to_thread(here.office.call, "finalise", "bulletin.md", "--yes") == 0
        async with serving(here.office) as service, httpx2.AsyncClient(trust_env=False, timeout=60) as platform:
            await service.until("service.started")
            await ask(here.office, "send", "7", "--now", "--yes")
            card = await card_of(here, "zhangsan")
            owed = json.loads(await ask(here.office, "remind", "7", "--dry-run", "--json"))["owed"]
            assert {debt["name"] for debt in owed} == {"张三", "李四"}

            answer = await deliver(platform, address_of(service), here.platform.callbacks.press(card, ACKNOWLEDGE))
            known = await evidence(here)  # at once: the first look after the answer finds it
            assert "已签收" in read_answer(SEAL, answer)
            assert known["zhangsan"] == "identified"
            owed = json.loads(await ask(here.office, "remind", "7", "--dry-run", "--json"))["owed"]
            assert {debt["name"] for debt in owed} == {"李四"}


async def test_the_address_of_an_app_proves_itself_and_a_foreign_seal_is_refused(tmp_path: Path) -> None:
    async with town(tmp_path, members=["zhangsan"]) as here:
        here.people(["name: 张三, wecom: zhangsan"])
        async with serving(here.office) as service, httpx2.AsyncClient(trust_env=False, timeout=60) as platform:
            await service.until("service.started")
            question = proof(SEAL, "echo-1234", at=here.company.clock())
            address = address_of(service)
            assert (await platform.get(address, params=question.query)).text == "echo-1234"
            spoilt = {**question.query, "msg_signature": "0" * 40}
            assert (await platform.get(address, params=spoilt)).status_code == 400
