"""Logins by command, and the office's own pages in a running service."""

import asyncio
import contextlib
import os
import pty
import sys
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.office import Office
from tests.acceptance.service import drop, serving

PASSWORD = "三个词 together 河长"

FROM_HERE = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate"}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.write("secret", PASSWORD + "\n")
    return office


async def typed(office: Office, *arguments: str, lines: list[str]) -> tuple[int, str]:
    """Runs the command at a terminal of its own and types these lines; gives the exit code and all that is shown."""
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "distributor", *arguments),
        cwd=office.folder,
        env={**os.environ, "DISTRIBUTOR_LANG": "en", "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, loop = bytearray(), asyncio.get_running_loop()
    try:
        for line in lines:
            seen = len(shown)
            while not bytes(shown[seen:]).rstrip(b" ").endswith(b":"):
                shown += await loop.run_in_executor(None, os.read, ours, 4096)
            os.write(ours, f"{line}\n".encode())
        while piece := await loop.run_in_executor(None, _read, ours):
            shown += piece
        return await process.wait(), shown.decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # a thread that reads from the terminal would wait for ever
        os.close(ours)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # Linux says so when the other side has closed it
        return b""


def test_logins_are_made_listed_and_removed(office: Office) -> None:
    assert office.ask("office", "list").code == 4
    made = office.ask("office", "add", "陈怡", "--role", "editor", "--password-file", "secret")
    assert (made.code, "can log in at http://127.0.0.1:8025/office/ now" in made.out) == (0, True)
    assert office.ask("office", "add", "李明", "--password-file", "secret").code == 0
    again = office.ask("office", "add", "陈怡", "--password-file", "secret")
    assert (again.code, "There is a login 陈怡 already." in again.err) == (2, True)
    listed = office.ask("office", "list", "--json").json
    assert [(one["name"], one["role"]) for one in listed["logins"]] == [("李明", "viewer"), ("陈怡", "editor")]
    assert "argon2" not in str(listed)
    assert office.ask("office", "password", "李明", "--password-file", "secret").code == 0
    assert office.ask("office", "remove", "李明").code == 0
    gone = office.ask("office", "remove", "李明")
    assert (gone.code, "distributor office list" in gone.err) == (2, True)
    assert [(one.action, one.subject) for one in office.audit()] == [
        ("office.login_added", "login:陈怡"),
        ("office.login_added", "login:李明"),
        ("office.password_set", "login:李明"),
        ("office.login_removed", "login:李明"),
    ]


@pytest.mark.parametrize("name", ["", " ", "a b", "-x", "x" * 41, "a\nb", "<script>"])
def test_a_name_that_cannot_be_typed_to_log_in_is_refused(office: Office, name: str) -> None:
    assert office.ask("office", "add", "--password-file", "secret", "--", name).code == 2


def test_without_a_terminal_a_password_is_not_read_from_a_pipe(office: Office) -> None:
    refused = office.run("office", "add", "陈怡")
    assert (refused.code, "--password-file" in refused.err) == (5, True)


async def test_a_password_is_typed_twice_and_never_shown(office: Office) -> None:
    code, shown = await typed(office, "office", "add", "陈怡", lines=[PASSWORD, PASSWORD])
    assert code == 0, shown
    assert "Password for 陈怡:" in shown
    assert PASSWORD not in shown
    code, shown = await typed(office, "office", "password", "陈怡", lines=[PASSWORD, PASSWORD + "x"])
    assert (code, "The two passwords differ." in shown) == (2, True)
    code, shown = await typed(office, "office", "password", "陈怡", lines=["brief"])
    assert (code, "too short" in shown) == (2, True)


async def test_the_service_serves_the_pages_and_stops_although_somebody_looks(office: Office) -> None:
    office.ask("office", "add", "陈怡", "--role", "editor", "--password-file", "secret")
    settings = (office.folder / "distributor.toml").read_text(encoding="utf-8")
    office.write("distributor.toml", settings + 'rule = "2099-12-31 17:00"\n')
    async with serving(office) as service:
        port = (await service.until("service.started"))["page"]
        drop(office)
        await service.until("inbox.taken")
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}/office", trust_env=False, timeout=60
        ) as client:
            fields = {"name": "陈怡", "password": PASSWORD}
            entered = await client.post("/login", data=fields, headers=FROM_HERE, follow_redirects=True)
            assert "云岭区巡河工作快报 第7期" in entered.text
            async with client.stream("GET", "/b/1/events") as stream:
                lines = stream.aiter_lines()
                assert await anext(lines) == "retry: 5000"
                assert await service.stop() == 0
                assert "event: ended" not in [line async for line in lines]
    told = str(service.log)
    assert "office.entered" in service.actions
    assert PASSWORD not in told
    assert (client.cookies.get("office") or "none") not in told
