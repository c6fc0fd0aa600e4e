"""distributor's side of a run, in a process of its own so that its memory and CPU are nobody else's.

`python -m benchmarks.sender freeze …` makes the office and its bulletin; `… send …` sends it as
`distributor send` does. Both answer with one line of JSON.
"""

import argparse
import asyncio
import cProfile
import io
import json
import pstats
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.office import freeze, letters_of, settings_of
from distributor.dispatch.send import new_owner, send_due, sender, utc_now
from distributor.settings import Settings
from distributor.store.bulletins import list_bulletins
from distributor.store.database import Database

#: How many lines a profile shows.
LINES = 45


def main() -> None:
    """Does what the command line asks."""
    options = _options()
    settings = settings_of(options.home, port=options.port, connections=options.connections)
    if options.work == "freeze":
        _, octets = freeze(settings, letters=options.letters, octets=options.octets, now=utc_now())
        print(json.dumps({"octets": octets}))
        return
    database = Database.open(settings.database_url)
    try:
        with _profiled(options.profile):
            figures = _send(database, settings)
    finally:
        database.close()
    print(json.dumps(figures))


def _send(database: Database, settings: Settings) -> dict[str, float]:
    """Sends everything that is due. The clock starts with the program loaded and the database open."""
    with database.read() as conn:
        ids = [record.id for record in list_bulletins(conn)]
    started, cpu = time.perf_counter(), _cpu()
    owner = new_owner()
    with sender(database, ids, owner=owner):
        work = send_due(
            database,
            settings,
            letters_of(database, settings),
            bulletin_ids=ids,
            delivery_ids=None,
            owner=owner,
        )
        stopped = asyncio.run(work).stopped
    if stopped is not None:
        raise SystemExit(f"the sink stopped the sending: {stopped.reply}")
    seconds, used = time.perf_counter() - started, _cpu() - cpu
    return {"seconds": seconds, "cpu": used, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _profiled(file: Path | None) -> Iterator[None]:
    """Writes where the CPU time went, all threads together, into a text file."""
    if file is None:
        yield
        return
    profiles = [cProfile.Profile(time.thread_time)]

    def begin(*_: object) -> None:
        """Called at the first event of a new thread; its own profile takes over."""
        profiles.append(cProfile.Profile(time.thread_time))
        profiles[-1].enable()

    threading.setprofile(begin)
    profiles[0].enable()
    try:
        yield
    finally:
        profiles[0].disable()
        threading.setprofile(None)
        file.write_text(_report(profiles), encoding="utf-8")


def _report(profiles: list[cProfile.Profile]) -> str:
    text = io.StringIO()
    stats = pstats.Stats(profiles[0], stream=text)
    for profile in profiles[1:]:
        stats.add(profile)
    stats.sort_stats("tottime").print_stats(LINES)
    stats.sort_stats("cumulative").print_stats(LINES)
    return text.getvalue()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sender")
    parser.add_argument("work", choices=("freeze", "send"))
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=25)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--letters", type=int, default=2000)
    parser.add_argument("--octets", type=int, default=56_000)
    parser.add_argument("--profile", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
