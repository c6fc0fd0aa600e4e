"""Output that cannot be written, input that is not there, a person who presses Ctrl-C: no traceback, and true rows."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.office import Office

HOW = {
    "closed": (">&-", 6, "Bad file descriptor"),
    "full": ("> /dev/full", 6, "No space left on device"),
    "nobody reads": (">&3", 6, ""),
    "no errors either": (">&- 2>&-", 6, ""),
    "no streams at all": ("<&- >&- 2>&-", 6, ""),
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An office whose bulletin is finalised and whose mail server does not answer."""
    office = Office(tmp_path)
    assert office.ask("finalise", "bulletin.md").code == 0
    return office


def shell(office: Office, command: str, **environment: str) -> tuple[int, str, str]:
    """Runs a command line as a shell does. What goes to 3 is a pipe whose reader has ended before it begins."""
    line = command.replace("distributor", '"$PYTHON" -m distributor', 1)
    ran = subprocess.run(
        ["bash", "-c", f"exec 3> >(:); wait $!; {line}"],
        cwd=office.folder,
        env={**office._environ("en"), "PYTHON": sys.executable, **environment},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return ran.returncode, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize(("streams", "code", "said"), HOW.values(), ids=HOW.keys())
def test_output_that_cannot_be_written_ends_a_command_with_its_own_code(
    office: Office, streams: str, code: int, said: str
) -> None:
    ended, _, errors = shell(office, f"distributor status 7 --json {streams}")
    assert (ended, "Traceback" in errors, "Exception" in errors) == (code, False, False), errors
    assert said in errors


@pytest.mark.parametrize("streams", [">&-", "> /dev/full", "<&- >&- 2>&-"])
def test_a_decision_whose_result_cannot_be_said_is_decided(office: Office, streams: str) -> None:
    assert shell(office, f"distributor cancel 7 --yes {streams}")[0] == 6
    assert set(office.states().values()) == {"cancelled"}


@pytest.mark.parametrize("streams", [">&-", "> /dev/full", ">&3"])
def test_a_send_whose_plan_cannot_be_shown_sends_nothing(office: Office, streams: str) -> None:
    assert shell(office, f"distributor send 7 --yes {streams}")[0] == 6
    assert {copy.next_attempt_at for copy in office.deliveries()} == {None}


def test_without_standard_input_nobody_is_there_to_ask(office: Office) -> None:
    code, _, errors = shell(office, "distributor send 7 <&-")
    assert code == 5, errors
    assert "nobody is there to ask" in errors


@pytest.mark.parametrize("streams", ["2>&-", "2> /dev/full"])
def test_an_error_that_nobody_hears_keeps_its_code(office: Office, streams: str) -> None:
    assert shell(office, f"distributor status 99 {streams}")[0] == 2


def test_an_encoding_without_chinese_shows_what_it_can(office: Office) -> None:
    code, out, errors = shell(office, "distributor status", PYTHONIOENCODING="latin-1")
    assert code == 0, errors
    assert "queued 3" in out


@pytest.mark.parametrize("way", ["Ctrl-C", "Ctrl-D"])
def test_leaving_at_the_question_is_answered_in_one_sentence(office: Office, way: str) -> None:
    ours, theirs = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "distributor", "cancel", "7"],
        cwd=office.folder,
        env=office._environ("en"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        try:
            seen = b""
            while b"[y/N]" not in seen:
                seen += os.read(ours, 1000)
            if way == "Ctrl-C":
                _interrupt(process)
            else:
                os.write(ours, b"\x04")
            said = _rest(ours)
            process.wait(60)
        finally:
            process.kill()  # where it has ended, nothing happens; where it has not, nobody waits for it
    os.close(ours)
    assert process.returncode == 5, said
    assert "Stopped. Nothing is lost: `distributor status` shows where things stand." in said
    assert "Traceback" not in said
    assert set(office.states().values()) == {"queued"}


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Python does not notice a Ctrl-C between its question and the waiting for an answer: people press it again."""
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


def _rest(terminal: int) -> str:
    heard = b""
    try:
        while part := os.read(terminal, 1000):
            heard += part
    except OSError:  # Linux says EIO when the other end is closed
        pass
    return heard.decode()
