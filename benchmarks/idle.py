"""`python -m benchmarks.idle`: what the service costs while it has nothing to do, in CPU and memory.

An office like that of `distributor init`, which has sent the example bulletin, PDF and all, to a mailbox on this
machine, by a service that was started before; its drop folder is empty. What it took to get there does not count,
what stayed in memory does. Exit codes: 0 within the goal, 1 above it or the service ended.
"""

import argparse
import contextlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

#: The goal: so much of one core, and so much memory (resident set, in MB).
CORE = 0.01
MEMORY_MB = 120.0

#: So long the service is given to load and to settle, in seconds.
SETTLING = 10.0

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Measures and prints; returns the exit code."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="idle") as name, _mailbox(Path(name)) as port:
        office = Path(name) / "office"
        office.mkdir()
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DISTRIBUTOR_LOG": "json", **_settings(port)}
        _distributor(office, environment, "init", ".")
        _without_login(office / "distributor.toml")
        command = [sys.executable, "-m", "distributor", "serve"]
        first = _service(command, office, environment)  # it makes the tables, for which it loads a library more
        first.terminate()
        first.communicate()
        process = _service(command, office, environment)
        try:
            shutil.copytree(office / "examples", office / "inbox", dirs_exist_ok=True)
            _until(process, "bulletin.finished")
            return _measure(psutil.Process(process.pid), options.seconds)
        except (EOFError, psutil.NoSuchProcess) as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            process.terminate()
            process.communicate()


@contextlib.contextmanager
def _mailbox(folder: Path) -> Iterator[int]:
    """A mail server in a process of its own, so that only the service is measured; gives its port."""
    command = [sys.executable, "-m", "tests.lab.sink", str(folder / "letters")]
    (folder / "letters").touch()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as sink:
        assert sink.stdout is not None
        try:
            yield int(sink.stdout.readline())
        finally:
            sink.kill()


def _settings(port: int) -> dict[str, str]:
    """What the shipped settings need for a mail server on this machine."""
    return {
        "DISTRIBUTOR_WEB__BIND": "127.0.0.1:0",
        "DISTRIBUTOR_SEND__RULE": "at once",
        "DISTRIBUTOR_SMTP__MAIN__HOST": "127.0.0.1",
        "DISTRIBUTOR_SMTP__MAIN__PORT": str(port),
        "DISTRIBUTOR_SMTP__MAIN__SECURITY": "none",
    }


def _service(command: Sequence[str], office: Path, environment: dict[str, str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, cwd=office, env=environment, stderr=subprocess.PIPE, text=True)
    _until(process, "service.started")
    return process


def _without_login(settings: Path) -> None:
    """The mailbox asks for no password."""
    lines = settings.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(("username", "password_file"))]
    settings.write_text("".join(kept), encoding="utf-8")


def _until(process: subprocess.Popen[str], action: str) -> None:
    """Reads the service's log up to a record. Raises `EOFError` with the log when the service ends before."""
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if f'"{action}"' in line:
            return
    raise EOFError("".join(said))


def _measure(process: psutil.Process, seconds: float) -> int:
    time.sleep(SETTLING)
    before, began = _cpu(process), time.monotonic()
    others = psutil.cpu_times().idle
    peak = 0.0
    while time.monotonic() - began < seconds:
        time.sleep(1)
        peak = max(peak, process.memory_info().rss / 1_000_000)
    length = time.monotonic() - began
    share = (_cpu(process) - before) / length
    quiet = (psutil.cpu_times().idle - others) / (length * psutil.cpu_count())
    print(f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} cores, {quiet:.0%} idle")
    print(f"CPU     {share:.2%} of a core over {length:.0f} s (goal: below {CORE:.0%})")
    print(f"memory  {peak:.0f} MB resident at most (goal: below {MEMORY_MB:.0f} MB)")
    print(f"threads {process.num_threads()}")
    return 0 if share < CORE and peak < MEMORY_MB else 1


def _cpu(process: psutil.Process) -> float:
    """Seconds of CPU, its own and the kernel's for it."""
    times = process.cpu_times()
    return float(times.user + times.system)


def _distributor(office: Path, environment: dict[str, str], *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "distributor", *arguments], cwd=office, env=environment, check=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.idle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to measure (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
