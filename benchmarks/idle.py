"""`python -m benchmarks.idle`: what the service costs while it has nothing to do, in CPU and memory.

An office like that of `distributor init`, one bulletin already sent, an empty drop folder. The first seconds, in
which the program is loaded, do not count. Exit codes: 0 within the goal, 1 above it or the service ended.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
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
    with tempfile.TemporaryDirectory(prefix="idle") as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "DISTRIBUTOR_WEB__BIND": "127.0.0.1:0"}
        office = Path(folder)
        _distributor(office, environment, "init", ".")
        log = (office / "log").open("w+b")
        command = [sys.executable, "-m", "distributor", "serve"]
        process = subprocess.Popen(command, cwd=office, env=environment, stdout=log, stderr=log)
        try:
            return _measure(psutil.Process(process.pid), options.seconds)
        except psutil.NoSuchProcess:
            log.seek(0)
            print(log.read().decode(), file=sys.stderr)
            return 1
        finally:
            process.terminate()
            process.wait(60)


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
