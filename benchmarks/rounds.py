"""One round: smtp-source and distributor, one after the other, each into a fresh sink, and the books afterwards."""

import contextlib
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import tools
from benchmarks.tools import Failed, Sink

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured: how many letters, of how many bytes, over how many connections."""

    letters: int
    octets: int
    connections: int

    @property
    def limit(self) -> float:
        """No program may run longer, in seconds: ten letters a second are a failure."""
        return 60 + self.letters / 10


@dataclass(frozen=True, slots=True)
class Figures:
    """What one side came to."""

    rate: float  # letters per second
    cpu: float  # CPU seconds of the sender per 1,000 letters
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Round:
    """Both sides of one round, and what distributor's letters had in bytes."""

    source: Figures
    ours: Figures
    octets: int

    @property
    def ratio(self) -> float:
        """How many letters distributor carries while smtp-source sends one."""
        return self.ours.rate / self.source.rate


def measure(plan: Plan, *, ours_first: bool) -> Round:
    """Measures both sides. Raises `Failed` when a letter is missing anywhere."""
    with _office(plan) as (home, octets):
        if ours_first:
            ours = send(plan, home)
            return Round(_source(plan, octets), ours, octets)
        source = _source(plan, octets)
        return Round(source, send(plan, home), octets)


def measure_ours(plan: Plan, profile: Path | None = None) -> Figures:
    """Measures distributor alone; `profile` is a file to write where its CPU time went."""
    with _office(plan) as (home, _):
        return send(plan, home, profile)


def send(plan: Plan, home: Path, profile: Path | None = None) -> Figures:
    """Sends an office's bulletin into a fresh sink and checks the books."""
    with _fresh_sink() as sink:
        arguments = ["--profile", str(profile)] if profile else []
        figures = _sender(plan, "send", home, "--port", str(sink.port), *arguments)
        _check("smtp-sink took", sink.settled(plan.letters), plan)
    _check("the ledger has as accepted", _accepted(home / "distributor.db"), plan)
    return _figures(plan, **figures)


def _source(plan: Plan, octets: int) -> Figures:
    with _fresh_sink() as sink:
        run = tools.generate(
            sink.port, letters=plan.letters, octets=octets, connections=plan.connections, limit=plan.limit
        )
        _check("smtp-sink took from smtp-source", sink.settled(plan.letters), plan)
    return _figures(plan, seconds=run.seconds, cpu=run.cpu, peak_mb=run.peak_mb)


@contextlib.contextmanager
def _office(plan: Plan) -> Iterator[tuple[Path, int]]:
    """A folder with a frozen bulletin, and the size of one letter."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        home = Path(folder)
        wanted = ("--letters", str(plan.letters), "--octets", str(plan.octets))
        yield home, int(_sender(plan, "freeze", home, *wanted)["octets"])


@contextlib.contextmanager
def _fresh_sink() -> Iterator[Sink]:
    with tempfile.TemporaryDirectory(prefix="benchmark-sink-") as folder, tools.sink(Path(folder)) as sink:
        yield sink


def _sender(plan: Plan, work: str, home: Path, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.sender", work, "--home", str(home)]
    command += ["--connections", str(plan.connections), *arguments]
    answer: dict[str, float] = json.loads(tools.run(command, limit=plan.limit, folder=ROOT).output)
    return answer


def _accepted(database: Path) -> int:
    """Rows in `accepted` with an attempt that says so; read with nothing of the program's own."""
    query = """
        SELECT count(DISTINCT delivery.address) FROM delivery JOIN attempt ON attempt.delivery_id = delivery.id
        WHERE delivery.state = 'accepted' AND attempt.verdict = 'accepted' AND attempt.code = 250
    """
    with contextlib.closing(sqlite3.connect(database)) as conn:
        return int(conn.execute(query).fetchone()[0])


def _check(what: str, found: int, plan: Plan) -> None:
    if found != plan.letters:
        raise Failed(f"{what} {found:,} letters instead of {plan.letters:,}")


def _figures(plan: Plan, *, seconds: float, cpu: float, peak_mb: float) -> Figures:
    return Figures(plan.letters / seconds, cpu / plan.letters * 1000, peak_mb)
