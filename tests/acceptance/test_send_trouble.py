"""A send that meets another sender, a signal, or a server that will not have it: nobody is charged, nothing is lost."""

import asyncio
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from tests.acceptance.letterbox import by_address
from tests.acceptance.office import Office, Ran
from tests.channels.server import Act, Drop, Say, ScriptedServer, Stall, Wait

PASSWORD = "Q7-nobody-may-see-this"


def office_at(folder: Path, server: ScriptedServer, *, units: int = 7) -> Office:
    """An office with one connection, and a finalised bulletin to one leader and some units."""
    office = Office(folder, port=server.port, connections=1)
    office.recipients(leaders=1, units=units)
    assert office.call("finalise", "bulletin.md", "--yes") == 0
    return office


async def ask(office: Office, *arguments: str) -> Ran:
    return await asyncio.to_thread(office.ask, *arguments)


async def said(process: Process, sentence: str) -> None:
    """Reads on until the command has said this."""
    assert process.stdout is not None
    heard = b""
    while sentence.encode() not in heard:
        line = await asyncio.wait_for(process.stdout.readline(), 60)
        assert line, heard.decode()
        heard += line


# ── Two senders ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("units", "sentence"),
    [
        pytest.param(7, "this command follows it", id="some letters still wait"),
        pytest.param(2, "Another process is handing these letters over", id="the other has taken up all of them"),
    ],
)
async def test_a_second_send_follows_the_first_to_its_end(tmp_path: Path, units: int, sentence: str) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("BODY", Wait(go_on))
        office = await asyncio.to_thread(office_at, tmp_path, server, units=units)
        first = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.body_begun.wait(), 60)
        second = await office.start("send", "7", "--yes")
        await said(second, sentence)
        go_on.set()
        outputs = await asyncio.gather(first.communicate(), second.communicate())
        assert (first.returncode, second.returncode) == (0, 0), outputs
        assert "The books balance" in outputs[1][0].decode()
        assert len(by_address(server)) == units + 1
        assert server.connections == 1


async def test_a_follower_sends_what_a_stopped_sender_leaves(tmp_path: Path) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("BODY", Wait(go_on))
        office = await asyncio.to_thread(office_at, tmp_path, server)
        first = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.body_begun.wait(), 60)
        second = await office.start("send", "7", "--yes")
        await said(second, "this command follows it")
        first.send_signal(signal.SIGTERM)
        go_on.set()
        outputs = await asyncio.gather(first.communicate(), second.communicate())
        assert second.returncode == 0, outputs
        assert len(by_address(server)) == 8
        assert office.books().finished


async def test_following_ends_when_the_other_sender_leaves_something_for_later(tmp_path: Path) -> None:
    """A greylisted copy is due in minutes; nobody waits for it with the terminal open."""
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan("RCPT", Say("450 4.2.0 greylisted"), address="unit2@example.gov.cn")
        server.plan("BODY", Wait(go_on))
        office = await asyncio.to_thread(office_at, tmp_path, server)
        first = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.body_begun.wait(), 60)
        second = await office.start("send", "7", "--yes")
        await said(second, "this command follows it")
        go_on.set()
        outputs = await asyncio.gather(first.communicate(), asyncio.wait_for(second.communicate(), 60))
        assert (first.returncode, second.returncode) == (3, 3), outputs
        assert "The next attempt is due at" in outputs[1][0].decode()
        assert len(by_address(server)) == 7


async def test_watching_a_bulletin_that_nobody_sends_ends_at_once(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        office = await asyncio.to_thread(office_at, tmp_path, server)
        watched = await asyncio.wait_for(ask(office, "status", "7", "--watch"), 60)
        assert watched.code == 3
        assert "queued 8" in watched.out


# ── Signals ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
@pytest.mark.parametrize("stage", ["BODY", "DOT"])
async def test_a_signal_lets_the_letter_in_flight_finish_and_no_other_begin(
    tmp_path: Path, number: signal.Signals, stage: str
) -> None:
    go_on = asyncio.Event()
    async with ScriptedServer() as server:
        server.plan(stage, Wait(go_on))
        office = await asyncio.to_thread(office_at, tmp_path, server)
        process = await office.start("send", "7", "--yes")
        await asyncio.wait_for(server.body_begun.wait(), 60)
        process.send_signal(number)
        go_on.set()
        output, _ = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 3, output.decode()
        assert "Traceback" not in output.decode()
        assert len(server.delivered) == 1
        assert sorted(office.states().values()) == ["accepted", *["queued"] * 7]

        assert (await ask(office, "send", "7", "--yes")).code == 0
        assert len(by_address(server)) == 8
        assert office.books().finished


# ── Servers that will not have it ─────────────────────────────────────────────────────────────────


def with_login(office: Office) -> None:
    """The office logs in, with its password in a file."""
    text = (office.folder / "distributor.toml").read_text(encoding="utf-8")
    login = 'username = "hzb@example.gov.cn"\npassword_file = "secrets/smtp"\nconnections'
    office.write("distributor.toml", text.replace("connections", login, 1))
    office.write("secrets/smtp", f"{PASSWORD}\n").chmod(0o600)


def assert_nobody_charged(office: Office) -> None:
    copies = office.deliveries()
    assert {copy.state.value for copy in copies} == {"queued"}
    assert {copy.attempts for copy in copies} == {0}


async def test_a_wrong_password_stops_the_sending_and_charges_nobody(tmp_path: Path) -> None:
    """The server even repeats the password in its refusal; nobody hears it from us."""
    async with ScriptedServer(login=("hzb@example.gov.cn", PASSWORD)) as server:
        server.plan("AUTH", *[Say(f"535 5.7.8 not {PASSWORD}")] * 2)
        office = await asyncio.to_thread(office_at, tmp_path, server)
        with_login(office)
        for form in ((), ("--json",)):
            refused = await ask(office, "send", "7", "--yes", *form)
            assert refused.code == 5, refused
            assert not server.delivered
            assert_nobody_charged(office)
            spoken = refused.out + refused.err
            assert "535" in spoken
            assert "hzb@example.gov.cn" in spoken
            assert PASSWORD not in spoken
            assert "Correct the account in distributor.toml, then: distributor send" in spoken
        assert refused.json["stopped_by"] == {
            "fault": "account",
            "stage": "auth",
            "reply": refused.json["stopped_by"]["reply"],
        }
        assert sum(command.startswith("AUTH") for command in server.commands) == 2, "one try for each send"
        log = [str(entry.details) for entry in office.audit()]
        assert not any(PASSWORD in entry for entry in log)

        assert (await ask(office, "send", "7", "--yes")).code == 0
        assert len(by_address(server)) == 8


async def test_a_sender_that_does_not_match_the_login_stops_the_sending(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        server.plan("MAIL", Say("553 Mail from must equal authorized user"))
        office = await asyncio.to_thread(office_at, tmp_path, server)
        refused = await ask(office, "send", "7", "--yes")
        assert refused.code == 5, refused
        assert "553" in refused.out
        assert "Correct the account in distributor.toml" in refused.out
        assert not server.delivered
        assert_nobody_charged(office)
        assert (await ask(office, "send", "7", "--yes")).code == 0
        assert len(by_address(server)) == 8


SILENCES: dict[str, tuple[str, Act]] = {
    "closes the door": ("GREETING", Drop()),
    "is too busy": ("GREETING", Say("421 4.3.2 too busy")),
    "is not ready to log in": ("AUTH", Say("454 4.7.0 temporary authentication failure")),
}


@pytest.mark.parametrize("how", SILENCES)
async def test_a_server_that_is_not_there_is_named_and_charges_nobody(tmp_path: Path, how: str) -> None:
    stage, act = SILENCES[how]
    async with ScriptedServer(login=("hzb@example.gov.cn", PASSWORD)) as server:
        server.plan(stage, act)
        office = await asyncio.to_thread(office_at, tmp_path, server)
        with_login(office)
        down = await ask(office, "send", "7", "--yes")
        assert down.code == 6, down
        assert f"127.0.0.1:{server.port}" in down.out
        assert "When the server answers: `distributor retry 7`" in down.out
        assert PASSWORD not in down.out + down.err
        assert {copy.attempts for copy in office.deliveries()} == {0}
        assert (await ask(office, "retry", "7", "--yes")).code == 0
        assert (await ask(office, "send", "7", "--yes")).code == 0
        assert len(by_address(server)) == 8


def test_nobody_listening_is_said_with_what_to_do(tmp_path: Path) -> None:
    office = Office(tmp_path, port=1)
    down = office.run("send", "bulletin.md", "--yes")
    assert down.code == 6, down
    assert "The mail server 127.0.0.1:1 cannot be used" in down.out
    assert "Nothing is lost. When the server answers: `distributor retry 7`" in down.out
    assert "Traceback" not in down.err
    assert {copy.attempts for copy in office.deliveries()} == {0}


def test_a_missing_password_is_said_before_anything_is_released(tmp_path: Path) -> None:
    office = Office(tmp_path, port=1)
    with_login(office)
    (office.folder / "secrets" / "smtp").unlink()
    missing = office.ask("send", "bulletin.md", "--yes")
    assert missing.code == 2
    assert "secrets/smtp" in missing.err
    assert "Write the password into it" in missing.err
    assert all(copy.next_attempt_at is None for copy in office.deliveries())


async def test_a_server_that_never_answers_frees_the_sender_in_time(tmp_path: Path) -> None:
    async with ScriptedServer() as server:
        server.plan("GREETING", Stall())
        office = await asyncio.to_thread(office_at, tmp_path, server)
        text = (office.folder / "distributor.toml").read_text(encoding="utf-8")
        office.write("distributor.toml", text.replace('timeout = "20 seconds"', 'timeout = "1 second"'))
        silent = await ask(office, "send", "7", "--yes")
        assert silent.code == 6
        assert "no answer within 1 seconds" in silent.out
