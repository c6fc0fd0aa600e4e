"""The service's pages over real sockets: health, readiness, metrics, with and without a database."""

import asyncio
import datetime as dt
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, closing
from typing import Any

import httpx2
import pytest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from distributor.delivery.outcome import Fault
from distributor.delivery.throttle import Limit, Scope, Want
from distributor.errors import Unavailable
from distributor.store.breakers import admit, record_failure
from distributor.store.bulletins import save_frozen
from distributor.store.claims import claim
from distributor.store.database import Connection, Database
from distributor.store.dispatches import dispatches_of, hold, release
from distributor.store.pauses import pause
from distributor.store.windows import grant
from distributor.web.app import build_app
from distributor.web.figures import Frugal, all_figures
from distributor.web.health import (
    Readiness,
    Reason,
    clock_probe,
    database_probe,
    health_routes,
    left_alone_probe,
    pause_probe,
)
from distributor.web.metrics import ClockCollector, RowsCollector, metrics_routes, registry_of
from distributor.web.server import serve
from distributor.words import words
from tests.integration.conftest import Clock
from tests.integration.frozen import LATER, NOW, frozen, letter

Get = Callable[[str], Awaitable[httpx2.Response]]


@asynccontextmanager
async def served(*routes: BaseRoute) -> AsyncIterator[Get]:
    """Serves routes on a free port and gives a way to ask for them."""
    web = await serve(build_app(routes), "127.0.0.1", 0)
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{web.port}", trust_env=False, timeout=20) as client:
            yield client.get
    finally:
        await web.stop()


def figures_of(response: httpx2.Response) -> dict[tuple[str, ...], float]:
    """Every sample of a metrics page by its name and label values, in the order of the labels' names."""
    families = text_string_to_metric_families(response.text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def codes(response: httpx2.Response) -> list[str]:
    return [reason["code"] for reason in response.json()["reasons"]]


async def test_the_process_lives_as_long_as_its_event_loop_answers() -> None:
    async with served(*health_routes(Readiness([]))) as get:
        response = await get("/healthz")
    assert (response.status_code, response.json()) == (200, {"alive": True})


async def test_answers_are_not_stored_and_say_nothing_of_the_server() -> None:
    async with served(*health_routes(Readiness([]))) as get:
        response = await get("/healthz")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "server" not in response.headers


async def test_it_is_ready_when_everything_it_depends_on_is_well(database: Database, clock: Clock) -> None:
    probes = [database_probe(database), pause_probe(database), clock_probe(lambda: NOW, clock, limit=dt.timedelta(60))]
    async with served(*health_routes(Readiness(probes))) as get:
        response = await get("/readyz")
    assert (response.status_code, response.json()) == (200, {"ready": True, "reasons": []})


async def test_before_the_first_tick_it_is_said_that_the_service_has_just_started(clock: Clock) -> None:
    readiness = Readiness([clock_probe(lambda: None, clock, limit=dt.timedelta(seconds=60))])
    [reason] = await readiness.reasons()
    assert (reason.code, "has just started" in str(reason.what), "?" in str(reason.what)) == ("clock", True, False)


@pytest.mark.parametrize(
    ("last", "well"),
    [(NOW, True), (NOW - dt.timedelta(seconds=60), True), (NOW - dt.timedelta(seconds=61), False), (None, False),
     (NOW + dt.timedelta(seconds=1), False)],
    ids=["now", "at the limit", "too long ago", "never", "in the future"],
)  # fmt: skip
async def test_a_clock_that_stands_still_is_a_reason(clock: Clock, last: dt.datetime | None, *, well: bool) -> None:
    readiness = Readiness([clock_probe(lambda: last, clock, limit=dt.timedelta(seconds=60))])
    async with served(*health_routes(readiness)) as get:
        response = await get("/readyz")
    assert (response.status_code, codes(response)) == ((200, []) if well else (503, ["clock"]))


@pytest.mark.parametrize(("scope", "ready"), [("all", False), ("account:main", True)])
async def test_a_pause_of_everything_is_a_reason_with_its_words(sqlite: Database, scope: str, *, ready: bool) -> None:
    with sqlite.write() as conn:
        pause(conn, scope, "the relay moves", "cli:chen", NOW)
    async with served(*health_routes(Readiness([pause_probe(sqlite)]))) as get:
        response = await get("/readyz")
    assert response.json()["ready"] is ready
    assert [reason["what"] for reason in response.json()["reasons"]] == (
        [] if ready else ["Everything is paused: the relay moves"]
    )


async def test_duties_that_fail_are_a_reason_at_once_with_what_they_fail_of(clock: Clock) -> None:
    limit = dt.timedelta(seconds=60)
    readiness = Readiness([clock_probe(lambda: NOW, clock, limit=limit, fails=lambda: "The disk is full.")])
    async with served(*health_routes(readiness)) as get:
        response = await get("/readyz")
    assert response.status_code == 503
    assert response.json()["reasons"] == [
        {"code": "clock", "what": "The clock's duties cannot be done: The disk is full."}
    ]


async def test_while_everything_is_paused_no_account_is_blamed(sqlite: Database) -> None:
    with sqlite.write() as conn:
        pause(conn, "all", "restored_backup", "service", NOW)
    readiness = Readiness([pause_probe(sqlite), left_alone_probe(sqlite, lambda: ["main"])])
    async with served(*health_routes(readiness)) as get:
        response = await get("/readyz")
    assert [reason["what"] for reason in response.json()["reasons"]] == [
        "Everything is paused: The database is older than what this service last wrote: a backup was restored."
    ]


async def test_37_a_locked_database_is_503_with_a_reason_and_200_again_afterwards(sqlite: Database) -> None:
    assert sqlite.path
    async with served(*health_routes(Readiness([database_probe(sqlite)]))) as get:
        with closing(sqlite3.connect(sqlite.path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            locked = await get("/readyz")
            other.execute("ROLLBACK")
        free = await get("/readyz")
    assert (locked.status_code, codes(locked)) == (503, ["database_busy"])
    assert free.status_code == 200


async def test_38_a_database_whose_file_is_gone_is_a_reason(sqlite: Database) -> None:
    assert sqlite.path
    sqlite.path.unlink()
    async with served(*health_routes(Readiness([database_probe(sqlite)]))) as get:
        response = await get("/readyz")
    assert (response.status_code, codes(response)) == (503, ["unavailable"])


async def test_tables_of_another_version_are_a_reason(sqlite: Database) -> None:
    assert sqlite.path
    with closing(sqlite3.connect(sqlite.path)) as other:
        other.execute("UPDATE alembic_version SET version_num = '9999'")
        other.commit()
    async with served(*health_routes(Readiness([database_probe(sqlite)]))) as get:
        response = await get("/readyz")
    assert (response.status_code, codes(response)) == (503, ["tables"])


async def test_39_a_postgresql_that_ended_every_connection_is_found_again(
    postgres: Database, postgres_server: Any
) -> None:
    async with served(*health_routes(Readiness([database_probe(postgres)]))) as get:
        before = await get("/readyz")
        postgres_server.disconnect_all(postgres.url)
        after = await get("/readyz")
    assert [before.status_code, after.status_code] == [200, 200]


async def test_a_standby_is_not_ready(postgres: Database, postgres_server: Any, postgres_url: str) -> None:
    name = postgres_url.split("@/")[1].split("?")[0]
    postgres_server.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres_server.disconnect_all(postgres_url)
    async with served(*health_routes(Readiness([database_probe(postgres)]))) as get:
        response = await get("/readyz")
    assert (response.status_code, codes(response)) == (503, ["unavailable"])


async def test_a_probe_that_hangs_is_asked_once_however_many_ask() -> None:
    import threading

    let_go, asked = threading.Event(), []

    def stuck() -> Reason | None:
        asked.append(1)
        let_go.wait(20)
        return None

    readiness = Readiness([stuck], patience=dt.timedelta(seconds=0.1))
    async with served(*health_routes(readiness)) as get:
        responses = await asyncio.gather(*(get("/readyz") for _ in range(5)))
        late = await get("/readyz")
        alive = await get("/healthz")
        let_go.set()
    assert {(r.status_code, *codes(r)) for r in (*responses, late)} == {(503, "database_slow")}
    assert alive.status_code == 200
    assert len(asked) == 1


async def test_metrics_count_the_rows(database: Database, clock: Clock) -> None:
    with database.write() as conn:
        _a_day_at_the_office(conn)
    clock.forward(minutes=2)
    minute = Limit(20, dt.timedelta(minutes=1))
    counts = all_figures(clock, lambda: [Scope("account:main", (minute,))])
    registry = registry_of(RowsCollector(database, counts), ClockCollector(lambda: NOW, clock))
    async with served(*metrics_routes(registry)) as get:
        response = await get("/metrics")
    found = figures_of(response)

    assert response.headers["content-type"].startswith("text/plain")
    expected = {
        ("distributor_database_up",): 1,
        ("distributor_deliveries", "queued"): 3,
        ("distributor_deliveries", "claimed"): 1,
        ("distributor_deliveries", "sending"): 0,
        ("distributor_deliveries", "deferred"): 0,
        ("distributor_oldest_due_seconds",): 120,
        ("distributor_held_dispatches",): 1,
        ("distributor_unknown_deliveries",): 0,
        ("distributor_window_used", "20/minute", "account:main"): 1,
        ("distributor_window_limit", "20/minute", "account:main"): 20,
        ("distributor_breaker", "main", "open"): 1,
        ("distributor_breaker", "main", "closed"): 0,
        ("distributor_paused", "bulletin:1"): 1,
        ("distributor_last_tick_age_seconds",): 120,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert ("process_resident_memory_bytes",) in found
    assert "example.gov.cn" not in response.text


def _a_day_at_the_office(conn: Connection) -> None:
    """Two letters released, of which one is held; one row claimed; a grant, an open breaker, a pause."""
    record, _ = save_frozen(
        conn,
        frozen(letter("a", "b"), letter("c", "d", group="区领导")),
        now=NOW,
        token_hashes=lambda d: (f"v{d}", f"l{d}"),
    )
    release(conn, record.id, at=NOW, valid_until=LATER)
    claim(conn, owner="w", limit=1, lease=dt.timedelta(minutes=5), now=NOW)
    hold(conn, dispatches_of(conn, record.id)[1].id, "content")
    grant(conn, [Want("a", (Scope("account:main", (Limit(20, dt.timedelta(minutes=1)),)),))])
    record_failure(conn, admit(conn, "main"), Fault.ACCOUNT, text="535 no")
    pause(conn, f"bulletin:{record.id}", "wait", "cli", NOW)


async def test_outcomes_are_counted_by_verdict_and_fault(sqlite: Database, clock: Clock) -> None:
    assert sqlite.path
    with sqlite.write() as conn:
        _a_day_at_the_office(conn)
    with closing(sqlite3.connect(sqlite.path)) as other:
        other.execute("UPDATE attempt SET ended_at = started_at, verdict = 'deferred', fault = 'throttle'")
        other.execute("UPDATE delivery SET state = 'unknown' WHERE state = 'claimed'")
        other.commit()
    async with served(*metrics_routes(registry_of(RowsCollector(sqlite, all_figures(clock, list))))) as get:
        found = figures_of(await get("/metrics"))
    assert found["distributor_attempts_total", "", "throttle", "deferred"] == 1
    assert found["distributor_unknown_deliveries",] == 1


async def test_metrics_still_come_when_the_database_does_not_answer(sqlite: Database, clock: Clock) -> None:
    def lost(conn: Connection) -> Iterable[Metric]:
        yield GaugeMetricFamily("half", "Half of the truth.", value=1)
        raise Unavailable(words("The database file is damaged."))

    registry = registry_of(RowsCollector(sqlite, [lost]), ClockCollector(lambda: None, clock))
    async with served(*metrics_routes(registry)) as get:
        response = await get("/metrics")
    found = figures_of(response)
    assert (response.status_code, found["distributor_database_up",]) == (200, 0)
    assert not any(name.startswith(("half", "distributor_last_tick")) for name, *_ in found)


async def test_metrics_speak_openmetrics_to_those_who_ask_for_it(sqlite: Database) -> None:
    web = await serve(build_app(metrics_routes(registry_of())), "127.0.0.1", 0)
    async with httpx2.AsyncClient(trust_env=False) as client:
        response = await client.get(
            f"http://127.0.0.1:{web.port}/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"}
        )
    await web.stop()
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")


def test_a_costly_count_takes_at_most_a_hundredth_of_the_time(sqlite: Database) -> None:
    asked: list[float] = []
    time = [0.0]

    def costly(conn: Connection) -> int:
        asked.append(time[0])
        time[0] += 0.5
        return len(asked)

    frugal = Frugal(costly, clock=lambda: time[0])
    with sqlite.read() as conn:
        answers = [frugal(conn)]
        time[0] = 50.4
        answers.append(frugal(conn))
        time[0] = 50.5
        answers.append(frugal(conn))
    assert answers == [1, 1, 2]


async def test_what_the_database_says_is_503_and_a_bug_is_500_without_its_inside() -> None:
    async def unavailable(request: Request) -> Response:
        raise Unavailable(words("The database is locked by another program."), do=words("Wait."))

    async def bug(request: Request) -> Response:
        raise RuntimeError("secret inside")

    async with served(Route("/unavailable", unavailable), Route("/bug", bug)) as get:
        trouble, crash, nothing = await get("/unavailable"), await get("/bug"), await get("/nothing")
    assert trouble.status_code == 503
    assert trouble.json()["error"]["what"] == "The database is locked by another program."
    assert crash.status_code == 500
    assert crash.json()["error"]["code"] == "crashed"
    assert "secret" not in crash.text
    assert (nothing.status_code, nothing.json()) == (404, {"error": {"code": "404"}})


async def test_a_port_in_use_is_an_error_with_advice() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable) as refusal:
            await serve(build_app([]), "127.0.0.1", port)
    assert str(port) in str(refusal.value.what)
    assert "[web] bind" in str(refusal.value)


async def test_the_service_keeps_its_signals() -> None:
    mine = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    async with served(*health_routes(Readiness([]))) as get:
        await get("/healthz")
        assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == mine


async def test_after_stop_the_port_is_free_and_stopping_again_changes_nothing() -> None:
    web = await serve(build_app([]), "127.0.0.1", 0)
    await web.stop()
    await web.stop()
    with socket.create_server(("127.0.0.1", web.port)):
        pass


async def test_an_answer_under_way_is_finished_when_the_service_stops() -> None:
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await let_go.wait()
        return Response("done")

    web = await serve(build_app([Route("/slow", slow)]), "127.0.0.1", 0)
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as client:
        asking = asyncio.create_task(client.get(f"http://127.0.0.1:{web.port}/slow"))
        await begun.wait()
        stopping = asyncio.create_task(web.stop())
        await asyncio.sleep(0)
        let_go.set()
        response = await asking
    await stopping
    assert response.text == "done"


async def test_hostile_requests_are_answered_or_dropped_and_the_others_go_on() -> None:
    async with served(*health_routes(Readiness([]))) as get:
        port = httpx2.URL(str((await get("/healthz")).url)).port
        assert port
        for octets in (
            b"\x00\xff" * 500,
            b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000,
            b"GET /" + b"a" * 100_000 + b" HTTP",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(octets)
            answer = await asyncio.wait_for(reader.read(15), 10)
            assert not answer or answer.startswith(b"HTTP/1.1 4")
            writer.transport.abort()
        assert (await get("/healthz")).status_code == 200
