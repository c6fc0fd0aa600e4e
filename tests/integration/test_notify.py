"""systemd's side of the conversation, played by a real datagram socket."""

import os
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from distributor.notify import Supervisor


@pytest.fixture(params=["file", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """$NOTIFY_SOCKET and the socket behind it."""
    name = str(tmp_path / "notify") if request.param == "file" else f"@distributor-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(name.replace("@", "\0", 1))
        line.settimeout(5)
        yield name, line


def test_every_word_reaches_systemd_as_one_datagram(listener: tuple[str, socket.socket]) -> None:
    name, line = listener
    supervisor = Supervisor({"NOTIFY_SOCKET": name})

    told = [
        supervisor.ready("2 bulletins wait"),
        supervisor.alive(),
        supervisor.extend(timedelta(seconds=90)),
        supervisor.status("第12期\nREADY=0"),
        supervisor.stopping(),
    ]

    assert all(told)
    assert [line.recv(1000).decode() for _ in told] == [
        "READY=1\nSTATUS=2 bulletins wait",
        "WATCHDOG=1",
        "EXTEND_TIMEOUT_USEC=90000000",
        "STATUS=第12期 READY=0",
        "STOPPING=1",
    ]


@pytest.mark.parametrize("name", ["", "relative", "/nowhere/at/all"])
def test_where_nobody_listens_nothing_happens(name: str) -> None:
    supervisor = Supervisor({"NOTIFY_SOCKET": name} if name else {})
    assert not supervisor.ready()
    assert not supervisor.alive()


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        pytest.param({"WATCHDOG_USEC": "60000000"}, timedelta(seconds=30), id="asked"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, timedelta(seconds=30), id="us"),
        pytest.param({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None, id="another process"),
        pytest.param({"WATCHDOG_USEC": "0"}, None, id="off"),
        pytest.param({"WATCHDOG_USEC": "soon"}, None, id="nonsense"),
        pytest.param({}, None, id="not asked"),
    ],
)
def test_the_watchdog_is_answered_twice_as_often_as_it_asks(
    environ: dict[str, str], interval: timedelta | None
) -> None:
    assert Supervisor(environ).watchdog_interval == interval
