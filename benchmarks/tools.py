"""The two programs of Debian's postfix package that measure: smtp-sink takes letters, smtp-source makes them.

Loopback only. Every program started here is ended here, and none may run longer than its time limit.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"

#: How long a sink may take until it listens, and until its counter has caught up, in seconds.
PATIENCE = 60.0


class Missing(Exception):
    """A program is not installed; the text says what to do."""


class Failed(Exception):
    """A program ended badly or did not end in time."""


@dataclass(frozen=True, slots=True)
class Run:
    """One finished program: wall-clock and CPU seconds, peak memory in MB, what it printed."""

    seconds: float
    cpu: float
    peak_mb: float
    output: str


def find(name: str) -> str:
    """The path of a program. Raises `Missing`."""
    # Debian puts both where only root's PATH looks.
    found = shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin")))
    if found is None:
        raise Missing(
            f"{name} is not installed. On Debian and Ubuntu it comes with Postfix:\n"
            "    sudo apt-get install --no-install-recommends postfix\n"
            "No mail server needs to run for it; choose “No configuration” when asked."
        )
    return found


def run(command: Sequence[str], *, limit: float, folder: Path | None = None) -> Run:
    """Runs a program to its end. Raises `Failed` when it fails, or takes longer than `limit` seconds.

    The kernel lets a child begin with the peak of its parent, so the caller has to stay small.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder)
    watch = threading.Timer(limit, process.kill)
    watch.start()
    try:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        watch.cancel()
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise Failed(f"{' '.join(command[:4])} … ended with {process.returncode} after {limit:g} s at most")
    return Run(time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def generate(port: int, *, letters: int, octets: int, connections: int, limit: float) -> Run:
    """Sends letters with smtp-source; `octets` is the size of each without its 5 header lines."""
    sizes = ["-d", "-s", str(connections), "-m", str(letters), "-l", str(octets)]
    return run([find("smtp-source"), *sizes, f"{HOST}:{port}"], limit=limit)


@dataclass(frozen=True, slots=True)
class Sink:
    """A running smtp-sink. `taken` is how many letters it says it has taken."""

    port: int
    counter: Path

    def taken(self) -> int:
        """Letters taken so far."""
        last = self.counter.read_bytes().rsplit(b"mesg=", 1)
        return int(last[1].split()[0]) if len(last) == 2 else 0

    def settled(self, expected: int) -> int:
        """The same, after giving the sink a moment to count up to what is expected."""
        until = time.monotonic() + PATIENCE
        while self.taken() != expected and time.monotonic() < until:
            time.sleep(0.02)
        return self.taken()


@contextlib.contextmanager
def sink(folder: Path) -> Iterator[Sink]:
    """A fresh smtp-sink that counts and keeps nothing."""
    command = [find("smtp-sink"), "-c"]
    if os.geteuid() == 0:
        command += ["-u", "nobody"]  # it refuses to run as root
    counter = folder / "sink.counter"
    port = _free_port()
    with counter.open("wb") as output:
        process = subprocess.Popen([*command, f"{HOST}:{port}", "128"], stdout=output)
    try:
        _wait_until_it_listens(process, port)
        yield Sink(port, counter)
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    """A port that nobody has; smtp-sink itself would share one silently (SO_REUSEPORT)."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.02)
    raise Failed("smtp-sink does not listen")
