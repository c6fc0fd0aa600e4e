"""`distributor serve` as the office runs it: what is dropped goes out once, whatever is done to the process."""

import asyncio
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.acceptance.office import Office
from tests.acceptance.service import ask, change_settings, drop, serving
from tests.channels.server import ScriptedServer, TakeAndStall, Wait


async def test_a_dropped_file_is_sent_and_the_log_tells_it_in_five_lines(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            drop(office)
            await service.until("bulletin.finished")
            assert await service.stop() == 0
    actions = service.actions
    actions.remove("inbox.taken")  # the folder and the sending are two tasks: a stored bulletin may be due already
    assert actions == [
        *("service.started", "leader.taken"),
        *("bulletin.due", "send.begun", "send.ended", "bulletin.finished"),
        *("service.stopping", "service.stopped"),
    ]
    story = {record["action"]: record for record in service.log}
    assert story["bulletin.due"]["label"] == "云岭区巡河工作快报 第7期"
    assert story["send.begun"]["due"] == {"区领导": 1, "各单位": 2}
    assert story["send.ended"]["reached"] == {"区领导": "1/1", "各单位": "2/2"}
    assert (story["bulletin.finished"]["planned"], story["bulletin.finished"]["accepted"]) == (3, 3)
    assert sorted(letter.recipient for letter in server.delivered) == sorted(office.states())
    assert not list((tmp_path / "inbox").glob("*.md"))
    assert (tmp_path / "inbox/taken/简报.md.report.txt").exists()


async def test_31_a_second_service_on_the_same_file_refuses_and_names_the_first(tmp_path: Path) -> None:
    office = Office(tmp_path)
    async with serving(office) as service:
        owner = (await service.until("service.started"))["owner"]
        second = await asyncio.to_thread(office.run, "serve")
        assert await service.stop() == 0
    assert second.code == 5
    assert owner in second.err
    assert str(service.process.pid) in owner


def test_roles_are_refused_on_sqlite_with_advice(tmp_path: Path) -> None:
    refused = Office(tmp_path).run("serve", "--role", "send")
    assert refused.code == 5
    assert "name a PostgreSQL database" in refused.err


async def test_30_sigterm_finishes_the_letter_in_hand_and_leaves_nothing_in_doubt(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("BODY", Wait(go_on))
        office = Office(tmp_path, port=server.port, connections=1)
        await ask(office, "finalise", "bulletin.md", "--yes")
        async with serving(office) as service:
            drop(office)
            await asyncio.wait_for(server.body_begun.wait(), 90)
            change_settings(office, "connections = 1", "connections = none")
            await service.until("alert", cause="settings")
            service.process.send_signal(signal.SIGTERM)
            await service.until("service.stopping")
            go_on.set()
            assert await service.ended() == 0
    assert Counter(office.states().values()) == {"accepted": 1, "queued": 2}
    assert len(server.delivered) == 1  # not even the letter that tells the editor is begun any more


@pytest.mark.parametrize(
    ("point", "count", "doubts"),
    [("mid-DATA", 2, 0), ("after 250, before the commit", 2, 1)],
)
async def test_29_killed_and_started_again_everybody_gets_one_copy(
    tmp_path: Path, point: str, count: int, doubts: int
) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port, connections=1)
        office.recipients(leaders=1, units=4)
        async with serving(office, program=("-m", "tests.acceptance.killer", point, str(count))) as service:
            drop(office)
            assert await service.ended() == -signal.SIGKILL
        async with serving(office) as service:
            await service.until("send.ended")
            assert await service.stop() == 0
    assert Counter(office.states().values()) == Counter({"accepted": 5 - doubts, "unknown": doubts})
    received = Counter(letter.recipient for letter in server.delivered if letter.recipient in office.states())
    assert received == dict.fromkeys(office.states(), 1)
    told = [record["cause"] for record in service.log if record["action"] == "alert"]
    assert told == ["unknown:1:1"] * doubts


@pytest.mark.parametrize(("on_unknown", "copies"), [("hold", 1), ("resend", 2)])
async def test_a_last_letter_in_doubt_is_settled_after_a_crash_although_nothing_else_is_due(
    tmp_path: Path, on_unknown: str, copies: int
) -> None:
    last = "unit1@example.gov.cn"
    async with ScriptedServer() as server:
        server.plan("DOT", TakeAndStall(), address=last)
        office = Office(tmp_path, port=server.port, connections=1)
        office.recipients(leaders=1, units=1, on_unknown=on_unknown)
        async with serving(office) as service:
            drop(office)
            await asyncio.wait_for(server.stalled.wait(), 90)
            await service.stop(signal.SIGKILL)
        async with serving(office) as service:
            if on_unknown == "hold":
                assert (await service.until("alert"))["cause"] == "unknown:1:1"
                await service.look_on(office)
            else:
                await service.until("send.ended", finished=True)
            await service.stop()
    received = Counter(letter.recipient for letter in server.delivered)
    assert received[last] == copies
    assert office.states()[last] == ("unknown" if on_unknown == "hold" else "accepted")


async def test_its_pages_answer_and_say_when_it_is_not_ready(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            drop(office)
            await service.until("send.ended", finished=True)
            assert (await service.get("/healthz"))[0] == 200
            assert await service.get("/readyz") == (200, '{"ready":true,"reasons":[]}')
            status, metrics = await service.get("/metrics")
            assert status == 200
            assert 'verdict="accepted"} 3.0' in metrics

            await ask(office, "pause", "--reason", "look first")
            status, text = await service.get("/readyz")
            assert status == 503
            assert "look first" in text
            assert (await service.get("/healthz"))[0] == 200
            await ask(office, "resume")
            assert (await service.get("/readyz"))[0] == 200
