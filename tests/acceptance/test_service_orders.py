"""People's orders to a running service, by command and by editing its files: each is obeyed without a restart."""

import asyncio
import os
import signal
from collections import Counter
from pathlib import Path

from tests.acceptance.office import Office
from tests.acceptance.service import ask, change_settings, drop, serving
from tests.channels.server import Say, ScriptedServer, Wait

FAR_AWAY = 'rule = "2099-12-01 09:00"'


def bulletin_letters(server: ScriptedServer) -> Counter[str]:
    """How many copies each recipient has; what the editors were told is not counted."""
    return Counter(letter.recipient for letter in server.delivered if not letter.recipient.startswith("editor"))


def waiting_office(folder: Path, server: ScriptedServer) -> Office:
    """An office whose hour is far away."""
    office = Office(folder, port=server.port)
    change_settings(office, "[send]", f"[send]\n{FAR_AWAY}")
    return office


async def test_pause_and_resume_are_obeyed_at_once(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            await service.until("leader.taken")
            await ask(office, "pause")
            drop(office)
            await service.until("inbox.taken")
            await service.look_on(office)
            assert "send.begun" not in service.actions
            await ask(office, "resume")
            await service.until("send.ended", finished=True)
    assert set(bulletin_letters(server).values()) == {1}


async def test_one_bulletin_rests_and_another_goes(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = waiting_office(tmp_path, server)
        async with serving(office) as service:
            drop(office, "a.md", number=7)
            drop(office, "b.md", number=8)
            for _ in range(2):
                await service.until("inbox.taken")
            await ask(office, "pause", "7")
            await ask(office, "send", "8", "--now", "--yes", "--json")
            await service.until("send.ended", bulletin=2, finished=True)
    with_database = office.ask("status", "7", "--json").json
    assert with_database["books"]["by_state"] == {"queued": 3}


async def test_a_letter_that_is_cancelled_while_the_service_holds_it_does_not_leave(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("BODY", Wait(go_on))
        office = Office(tmp_path, port=server.port, connections=1)
        office.recipients(leaders=1, units=3)
        async with serving(office) as service:
            drop(office)
            await asyncio.wait_for(server.body_begun.wait(), 90)
            in_hand = next(line for line in reversed(server.commands) if line.startswith("RCPT")).split("<")[1]
            out = next(name for name in office.states() if not in_hand.startswith(name))
            await ask(office, "cancel", "7", "--only", out, "--yes")
            go_on.set()
            await service.until("send.ended", finished=True)
    assert office.states()[out] == "cancelled"
    assert out not in bulletin_letters(server)
    assert sum(bulletin_letters(server).values()) == 3


async def test_retry_sends_a_deferred_letter_at_once(tmp_path: Path) -> None:
    greylisted = "unit1@example.gov.cn"
    async with ScriptedServer() as server:
        server.plan("RCPT", Say("450 4.2.0 greylisted"), address=greylisted)
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            drop(office)
            await service.until("send.ended", deferred=1)
            await ask(office, "retry", "7", "--only", greylisted, "--yes")
            await service.until("send.ended", finished=True)
    assert bulletin_letters(server) == dict.fromkeys(office.states(), 1)


async def test_send_now_beside_the_service_releases_and_follows_it_to_the_end(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = waiting_office(tmp_path, server)
        async with serving(office) as service:
            drop(office)
            await service.until("inbox.taken")
            said = await ask(office, "send", "7", "--now", "--yes")
            await service.until("send.ended", finished=True)
            owner = service.log[0]["owner"]
    assert owner in said
    assert "follows" in said
    assert bulletin_letters(server) == dict.fromkeys(office.states(), 1)


async def test_recipients_edited_before_the_hour_hold_the_letter_until_it_is_frozen_anew(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = waiting_office(tmp_path, server)
        async with serving(office) as service:
            drop(office)
            await service.until("inbox.taken")
            office.recipients(leaders=1, units=3)
            told = await service.until("alert", cause="list:1")
            assert "resume '#1'" in told["what"]
            await ask(office, "finalise", "bulletin.md", "--yes")
            await ask(office, "resume", "#1")
            await ask(office, "send", "7", "--now", "--yes")
            await service.until("send.ended", finished=True)
    assert bulletin_letters(server)["unit3@example.gov.cn"] == 1
    assert bulletin_letters(server) == dict.fromkeys(office.states(), 1)


async def test_43_a_broken_settings_file_leaves_the_last_good_one_in_force_and_is_told(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            await service.until("leader.taken")
            change_settings(office, "[send]", "[send\nnonsense")
            told = await service.until("alert", cause="settings")
            assert "distributor.toml:" in told["what"]
            drop(office)
            await service.until("send.ended", finished=True)
            change_settings(office, "[send\nnonsense", "[send]")
            await service.until("settings.reloaded")
    assert service.actions.count("alert") == 1
    assert bulletin_letters(server) == dict.fromkeys(office.states(), 1)


async def test_letters_that_a_limit_put_off_until_tomorrow_leave_when_the_limit_is_raised(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        office.recipients(leaders=1, units=5)
        change_settings(office, "[send]", 'limits = ["2/day"]\n\n[send]')
        async with serving(office) as service:
            drop(office)
            await service.until("send.ended", accepted=2)
            change_settings(office, "2/day", "200/day")
            await service.until("send.ended", finished=True)
    assert bulletin_letters(server) == dict.fromkeys(office.states(), 1)


def rewrite(file: Path, old: str, new: str) -> None:
    """Edits a file where it is, and gives it the time that it had before."""
    before, text = file.stat(), file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


async def test_settings_are_read_again_when_they_grew_at_one_moment_and_by_sighup_when_they_look_the_same(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path)
    file = tmp_path / "distributor.toml"
    async with serving(office) as service:
        await service.until("leader.taken")
        await service.look_on(office)
        rewrite(file, "[send]", "# the second step of an editor\n[send]")
        await service.until("settings.reloaded")
        await service.look_on(office)
        rewrite(file, "5555 0100", "5555 0101")
        service.process.send_signal(signal.SIGHUP)
        await service.until("settings.reloaded")


async def test_edited_settings_count_for_the_next_file_in_the_folder_they_name(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = Office(tmp_path, port=server.port)
        async with serving(office) as service:
            await service.until("leader.taken")
            change_settings(office, "[send]", f'[folders]\ninbox = "another"\n\n[send]\n{FAR_AWAY}')
            await service.until("settings.reloaded", needs_restart=[])
            drop(office, "../another/简报.md")
            taken = await service.until("inbox.taken")
            assert await service.stop() == 0  # the file is moved after the word about it
    assert taken["due"].startswith("2099-12-01")
    assert (tmp_path / "another/taken/简报.md").exists()
