"""The figures behind `/metrics`, each from the rows of one room of the store.

No label ever holds an address or a person's name; the labels of limits and breakers are accounts and mail domains.
"""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from distributor.delivery.breaker import Standing
from distributor.delivery.throttle import Scope
from distributor.store.breakers import breakers
from distributor.store.counts import held_dispatches, oldest_due, outcome_counts, queue_depth, unknown_count
from distributor.store.database import Connection
from distributor.store.pauses import paused
from distributor.store.windows import usage
from distributor.web.metrics import Count

T = TypeVar("T")

#: A question that reads a whole table is asked again after this many times the time it took.
_REST = 100


class Frugal(Generic[T]):
    """Asks a costly question at most one hundredth of the time, and gives the last answer in between."""

    def __init__(self, question: Callable[[Connection], T], clock: Callable[[], float] = time.monotonic) -> None:
        self._question = question
        self._clock = clock
        self._lock = threading.Lock()
        self._known: tuple[T, float] | None = None

    def __call__(self, conn: Connection) -> T:
        """The answer, at most as old as one hundred times the time it takes to find."""
        with self._lock:
            if self._known is None or self._clock() >= self._known[1]:
                begun = self._clock()
                answer = self._question(conn)
                ended = self._clock()
                self._known = (answer, ended + _REST * (ended - begun))
            return self._known[0]


def queue_figures(now: Callable[[], dt.datetime]) -> Count:
    """What waits, and for how long; `now` is the business time in UTC."""

    def count(conn: Connection) -> Iterator[Metric]:
        depth = GaugeMetricFamily("distributor_deliveries", "Deliveries that still move, by state.", labels=["state"])
        for state, number in queue_depth(conn).items():
            depth.add_metric([state], number)
        yield depth
        moment = now()
        oldest = oldest_due(conn, now=moment)
        waited = (moment - oldest).total_seconds() if oldest else 0.0
        about = "How long the longest waiting delivery has been due."
        yield GaugeMetricFamily("distributor_oldest_due_seconds", about, value=waited)
        about = "Letters of groups that wait for a person."
        yield GaugeMetricFamily("distributor_held_dispatches", about, value=held_dispatches(conn))

    return count


def outcome_figures() -> Count:
    """What came of the attempts, by verdict and fault, and how many deliveries are in doubt."""
    ended, doubtful = Frugal(outcome_counts), Frugal(unknown_count)

    def count(conn: Connection) -> Iterator[Metric]:
        attempts = CounterMetricFamily(
            "distributor_attempts",
            "Attempts that have ended, by account, verdict and fault.",
            labels=["account", "verdict", "fault"],
        )
        for each in ended(conn):
            attempts.add_metric([each.account, each.verdict, each.fault], each.count)
        yield attempts
        about = "Deliveries of which nobody knows whether they arrived."
        yield GaugeMetricFamily("distributor_unknown_deliveries", about, value=doubtful(conn))

    return count


def window_figures(scopes: Callable[[], Iterable[Scope]]) -> Count:
    """How full the limits are; `scopes` are those of the settings at the moment of asking."""

    def count(conn: Connection) -> Iterator[Metric]:
        labels = ["scope", "limit"]
        used = GaugeMetricFamily("distributor_window_used", "Grants inside the window that ends now.", labels=labels)
        most = GaugeMetricFamily("distributor_window_limit", "Grants that the window may hold.", labels=labels)
        for each in usage(conn, scopes()):
            used.add_metric([each.scope, each.limit], each.used)
            most.add_metric([each.scope, each.limit], each.count)
        yield from (used, most)

    return count


def breaker_figures(conn: Connection) -> Iterator[Metric]:
    """Where the breakers stand: for each account one figure per standing, 1 for the one it has."""
    family = GaugeMetricFamily("distributor_breaker", "The standing of an account.", labels=["account", "standing"])
    for breaker in breakers(conn):
        for standing in Standing:
            family.add_metric([breaker.account, standing], float(breaker.standing is standing))
    yield family


def pause_figures(conn: Connection) -> Iterator[Metric]:
    """What a person lets rest."""
    family = GaugeMetricFamily("distributor_paused", "What rests until a person resumes it.", labels=["scope"])
    for pause in paused(conn):
        family.add_metric([pause.scope], 1)
    yield family


def all_figures(now: Callable[[], dt.datetime], scopes: Callable[[], Iterable[Scope]]) -> list[Count]:
    """Everything there is to count."""
    return [queue_figures(now), outcome_figures(), window_figures(scopes), breaker_figures, pause_figures]
