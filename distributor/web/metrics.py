"""`/metrics` in Prometheus' text form: counted from rows when it is asked, so it is right after any restart.

Every process that shares a database shows the same rows; only what it knows of itself (its last tick, its memory)
is its own. When the database does not answer, the page still comes, with `distributor_database_up 0`.
"""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor import __version__
from distributor.errors import Unavailable
from distributor.log import log
from distributor.store.database import Connection, Database

_log = log("web")

#: Reads rows and makes figures of them.
Count = Callable[[Connection], Iterable[Metric]]


class RowsCollector(Collector):
    """Reads all figures in one look at the database, at the moment somebody asks."""

    def __init__(self, database: Database, counts: Sequence[Count]) -> None:
        self._database = database
        self._counts = tuple(counts)

    def collect(self) -> Iterator[Metric]:
        """The figures, and whether the database gave them."""
        found: list[Metric] = []
        try:
            with self._database.read() as conn:
                for count in self._counts:
                    found += count(conn)
        except Unavailable as error:
            # Half of the figures would look like a fall of the other half.
            found.clear()
            _log.warning("metrics.unavailable", code=error.code, what=str(error.what))
            yield GaugeMetricFamily("distributor_database_up", "Whether the database answers.", value=0)
        else:
            yield GaugeMetricFamily("distributor_database_up", "Whether the database answers.", value=1)
        yield from found

    def describe(self) -> Iterator[Metric]:
        """Nothing: a registry that asks for names at the start must not read the database."""
        yield from ()


class ClockCollector(Collector):
    """How long ago the clock's duties were last done by this process; both times in UTC."""

    def __init__(self, last_tick: Callable[[], dt.datetime | None], now: Callable[[], dt.datetime]) -> None:
        self._last_tick = last_tick
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """The age of the last tick; no figure before the first one."""
        age = GaugeMetricFamily("distributor_last_tick_age_seconds", "Seconds since the clock's duties were last done.")
        last = self._last_tick()
        if last is not None:
            age.add_metric([], (self._now() - last).total_seconds())
        yield age


def registry_of(*collectors: Collector) -> CollectorRegistry:
    """A registry with these collectors, this process's memory and CPU time, and the version."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    for collector in (_Version(), *collectors):
        registry.register(collector)
    return registry


def metrics_routes(registry: CollectorRegistry) -> list[Route]:
    """`/metrics`, in the form that the asker prefers."""

    # Not a coroutine: Starlette runs it in a thread, since it reads the database.
    def metrics(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(registry), headers={"content-type": content_type})

    return [Route("/metrics", metrics)]


class _Version(Collector):
    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("distributor", "The running program.", value={"version": __version__})
