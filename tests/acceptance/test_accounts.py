"""Two mail accounts and the office's own rules about replies, with the installed commands and the running service."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.office import Office
from tests.acceptance.service import Service, ask, drop, serving
from tests.channels.server import Say, ScriptedServer, TakeAndDrop

BLOCKED = Say("554 5.7.1 your host is blocked")

OWN = """\
rules:
  - text: our partner says no
    class: temporary
    note: they restart at noon
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def two_accounts(folder: Path, first: ScriptedServer, second: ScriptedServer) -> Office:
    """An office that has a second account behind its first."""
    office = Office(folder, port=first.port)
    text = (folder / "distributor.toml").read_text(encoding="utf-8")
    more = f'[smtp.spare]\nhost = "127.0.0.1"\nport = {second.port}\nsecurity = "none"\n\n[send]'
    office.write("distributor.toml", text.replace("[send]", more))
    return office


def copies(*servers: ScriptedServer) -> Counter[str]:
    letters = [letter.recipient for server in servers for letter in server.delivered]
    return Counter(one for one in letters if not one.startswith("editor"))


async def answered(office: Office, *arguments: str) -> Any:
    """What a command answers in JSON, while servers of this process go on."""
    return (await asyncio.to_thread(office.ask, *arguments)).json


async def test_the_service_goes_on_by_the_second_account_and_names_the_first_one_everywhere(tmp_path: Path) -> None:
    async with ScriptedServer() as first, ScriptedServer() as second:
        first.plan("GREETING", *[BLOCKED] * 9)
        office = two_accounts(tmp_path, first, second)
        async with serving(office) as service:
            drop(office)
            alert = await service.until("alert", cause="account:main")
            await service.until("send.ended", finished=True)
            assert "blocked" in alert["what"]

            status = await answered(office, "status", "--json", "7")
            (left,) = status["left_alone"]
            assert (left["account"], left["fault"]) == ("main", "account")
            accounts = {attempt["account"] for one in status["deliveries"] for attempt in one["attempts"]}
            assert accounts == {"main", "spare"}
            assert "spare: " in await ask(office, "why", "leader1@example.gov.cn")
            assert "main is left alone until" in await ask(office, "status")

            code, ready = await service.get("/readyz")
            assert (code, json.loads(ready)["ready"]) == (200, True)
            _, figures = await service.get("/metrics")
            assert 'distributor_attempts_total{account="spare",fault="none",verdict="accepted"} 3.0' in figures
            assert 'distributor_breaker{account="main",standing="open"} 1.0' in figures

            await ask(office, "pause", "account:spare")
            code, ready = await service.get("/readyz")
            assert code == 503
            assert "main: 554" in next(one["what"] for one in json.loads(ready)["reasons"] if one["code"] == "accounts")
            assert await service.stop() == 0
    assert copies(first, second) == dict.fromkeys(office.states(), 1)
    assert first.connections == 1


async def test_what_may_have_been_taken_by_the_first_account_never_goes_by_the_second(tmp_path: Path) -> None:
    async with ScriptedServer() as first, ScriptedServer() as second:
        first.plan("DOT", TakeAndDrop(), address="leader1@example.gov.cn")
        office = two_accounts(tmp_path, first, second)
        async with serving(office) as service:
            drop(office)
            await service.until("send.ended", unknown=1, accepted=2)
            await ask(office, "pause", "account:main")
            await service.look_on(office)
            assert await service.stop() == 0
    assert copies(first, second) == dict.fromkeys(office.states(), 1)
    assert second.delivered == [] or copies(second) == {}


async def test_send_goes_on_by_the_second_account_and_says_so(tmp_path: Path) -> None:
    async with ScriptedServer() as first, ScriptedServer() as second:
        first.plan("GREETING", *[BLOCKED] * 9)
        office = two_accounts(tmp_path, first, second)
        said = await answered(office, "send", "bulletin.md", "--yes", "--json")
    assert said["stopped_by"] is None
    assert [(one["account"], bool(one["stopped_by"])) for one in said["accounts"]] == [("main", True), ("spare", False)]
    assert copies(first, second) == dict.fromkeys(office.states(), 1)


def test_a_reply_is_explained_with_the_rule_that_decides(office: Office) -> None:
    office.write("replies.yaml", OWN)
    ran = office.ask("explain-reply", "550 5.1.1 Our partner says no", "--stage", "rcpt", "--json")
    (answer,) = ran.json["answers"]
    assert (answer["class"], answer["fact"], answer["rule"]["line"]) == ("temporary", "defer", 2)
    assert answer["rule"]["file"].endswith("replies.yaml")

    told = office.ask("explain-reply", "550-5.7.1 DT:SPM\n550 5.7.1 please change it", "--stage", "dot").out
    assert "providers/replies.yaml:" in told
    assert "网易" in told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("250 ok",), "no refusal"),
        (("no such user",), "not a reply"),
        (("550 one\n551 two",), "not a reply"),
        (("550 no", "--stage", "rctp"), "rcpt"),
    ],
    ids=["accepted", "no code", "two codes", "stage"],
)
def test_what_is_not_a_refusal_is_not_explained(office: Office, arguments: tuple[str, ...], said: str) -> None:
    ran = office.ask("explain-reply", *arguments)
    assert ran.code == 2
    assert said in ran.out + ran.err


def test_a_rule_that_is_wrong_stops_the_commands_with_its_line(office: Office) -> None:
    office.write("replies.yaml", "rules:\n  - text: so it is\n    class: thottle\n")
    for command in (("explain-reply", "550 no"), ("send", "bulletin.md", "--yes")):
        ran = office.ask(*command)
        assert ran.code == 2
        assert "replies.yaml:3:12" in ran.out + ran.err
    assert "replies.yaml:3:12" in office.ask("doctor", "--no-network").out


async def test_rules_that_are_edited_while_the_service_runs_come_into_force_or_are_told(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            await service.until("leader.taken")
            office.write("replies.yaml", "rules:\n  - {text: so it is}\n")
            alert = await service.until("alert", cause="replies")
            assert "replies.yaml:2:5" in alert["what"]
            office.write("replies.yaml", OWN)
            await service.until("replies.reloaded")
            server.plan("RCPT", Say("550 5.1.1 our partner says no"), address="leader1@example.gov.cn")
            drop(office)
            await service.until("send.ended", deferred=1, accepted=2)
            assert await service.stop() == 0


async def test_the_editors_hear_of_one_refused_letter_and_it_goes_when_they_say_so(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        office.recipients(leaders=1, units=4)
        spam = Say("554 5.7.1 DT:SPM content rejected")
        server.plan("DOT", spam, address="unit1@example.gov.cn")
        async with serving(office) as service:
            drop(office)
            alert = await _refused(service)
            assert "resume #1" in alert["what"]
            assert set(office.states().values()) == {"accepted", "queued"}
            await ask(office, "resume", "#1")
            await service.until("send.ended", finished=True)
            assert await service.stop() == 0
    assert copies(server) == dict.fromkeys(office.states(), 1)


async def _refused(service: Service) -> dict[str, Any]:
    while True:
        alert = await service.until("alert")
        if str(alert["cause"]).startswith("refused:"):
            return alert
