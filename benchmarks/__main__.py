"""`python -m benchmarks`: distributor with its ledger against smtp-source, in turn, into the same kind of sink.

Exit codes: 0 measured and every letter accounted for; 1 a letter is missing or a program failed;
2 smtp-sink or smtp-source is not installed.
"""

import argparse
import os
import platform
import signal
import sqlite3
import statistics
import sys
from pathlib import Path

from benchmarks import tools
from benchmarks.rounds import Figures, Plan, Round, measure, measure_ours

#: How many times as many letters the second run of `--memory` has.
MORE = 5


def main() -> int:
    """Measures and prints; returns the exit code."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave by the door, so that the children are ended
    plan = Plan(options.letters, options.size * 1000, options.connections)
    try:
        tools.find("smtp-sink")
        tools.find("smtp-source")
        print(_machine())
        _rounds(plan, options.rounds)
        if options.memory:
            _memory(plan)
        if options.profile:
            print(f"\nwith the profiler on: {_line(measure_ours(plan, options.profile))}; see {options.profile}")
    except tools.Missing as missing:
        print(missing, file=sys.stderr)
        return 2
    except tools.Failed as failed:
        print(f"The benchmark failed: {failed}.", file=sys.stderr)
        return 1
    return 0


def _rounds(plan: Plan, count: int) -> None:
    results: list[Round] = []
    print(f"\n{plan.letters:,} letters of about {plan.octets:,} bytes, {plan.connections} connections\n")
    print(f"{'':8}{'letters a second':^24}{'ratio':>8}{'CPU s per 1,000':^24}{'peak MB':^20}")
    print(
        f"{'round':8}{'smtp-source':>12}{'distributor':>12}{'':8}"
        + f"{'source':>12}{'ours':>12}{'source':>10}{'ours':>10}"
    )
    for number in range(count):
        # Who goes first changes, so that neither has always the warmer machine.
        results.append(measure(plan, ours_first=number % 2 == 1))
        print(_row(str(number + 1), results[-1].source, results[-1].ours, results[-1].ratio), flush=True)
    ratio = statistics.median(result.ratio for result in results)
    print(_row("median", _median([r.source for r in results]), _median([r.ours for r in results]), ratio))
    print(f"\nEvery letter ({results[0].octets:,} bytes) was counted by the sink and is accepted in the ledger.")


def _memory(plan: Plan) -> None:
    print()
    for letters in (plan.letters, plan.letters * MORE):
        print(f"memory at {letters:>9,} letters: {_line(measure_ours(Plan(letters, plan.octets, plan.connections)))}")


def _row(name: str, source: Figures, ours: Figures, ratio: float) -> str:
    return (
        f"{name:8}{source.rate:12,.0f}{ours.rate:12,.0f}{ratio:8.2f}"
        f"{source.cpu:12.3f}{ours.cpu:12.3f}{source.peak_mb:10.0f}{ours.peak_mb:10.0f}"
    )


def _line(figures: Figures) -> str:
    return f"{figures.rate:,.0f} letters a second, {figures.cpu:.3f} CPU s per 1,000, peak {figures.peak_mb:.1f} MB"


def _median(all_figures: list[Figures]) -> Figures:
    return Figures(
        statistics.median(figures.rate for figures in all_figures),
        statistics.median(figures.cpu for figures in all_figures),
        statistics.median(figures.peak_mb for figures in all_figures),
    )


def _machine() -> str:
    """What the figures depend on, without naming the machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return (
        f"{os.cpu_count()} × {_processor()}, {memory:.0f} GiB, {system}, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL)"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--letters", type=_positive, default=2000, help="letters per side and round (2000)")
    parser.add_argument("--rounds", type=_positive, default=3, help="rounds (3)")
    parser.add_argument("--size", type=_positive, default=56, help="size of a letter on the wire, in kB (56)")
    parser.add_argument("--connections", type=_positive, default=10, help="connections at once (10)")
    parser.add_argument("--memory", action="store_true", help=f"also compare the memory at {MORE} times the letters")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="also write where the CPU time goes into FILE")
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
