"""Starts the service, keeps its parts together, and ends it so that nothing is lost: SIGTERM drains."""

import asyncio
import contextlib
import datetime as dt
import signal
from collections.abc import Awaitable, Callable, Collection, Iterator
from enum import StrEnum

from distributor.delivery.throttle import Scope
from distributor.dispatch.hours import next_hour
from distributor.dispatch.send import sender
from distributor.errors import Refused
from distributor.log import log
from distributor.notify import Supervisor
from distributor.rendering.pdf.press import stand_apart
from distributor.schedule.alarm import AlarmClock
from distributor.service.articles import Articles
from distributor.service.duties import LEADER, Duties
from distributor.service.listening import account_callbacks
from distributor.service.looking_back import look_back
from distributor.service.memory import keep_small
from distributor.service.office import Office
from distributor.service.reading import callbacks_of, office_pages_of, reader_of
from distributor.service.receiving import READER, Receiving
from distributor.service.reminding import REMINDER, Reminding
from distributor.service.sending import TELLER, Sending
from distributor.service.telling import miss_account, tell_of_stumble
from distributor.service.watching import watch_inbox
from distributor.settings.channels import every_account, limited_scopes
from distributor.store import leases
from distributor.store.ledger import Ledger
from distributor.web.figures import all_figures
from distributor.web.health import (
    Readiness,
    account_probe,
    clock_probe,
    database_probe,
    health_routes,
    left_alone_probe,
    pause_probe,
)
from distributor.web.metrics import ClockCollector, RowsCollector, metrics_routes, registry_of
from distributor.web.pages import Pages, open_pages
from distributor.words import words

_log = log("service")

#: Without a tick for so long the service is not ready.
TICK_LIMIT = dt.timedelta(seconds=30)


class Role(StrEnum):
    """A part of the service that one process does."""

    SCHEDULE = "schedule"  # the drop folder, the hours, leases that are over
    SEND = "send"  # hands letters over
    RECEIVE = "receive"  # reads the mailbox for reports and answers
    WEB = "web"  # the reader's page; health, readiness, metrics


async def run(office: Office, roles: Collection[Role]) -> None:
    """Runs the roles until SIGTERM or SIGINT, then finishes what is in flight.

    On SQLite one process does everything and holds the sender's place; raises `SenderBusy` when another
    does, and `Refused` when roles are given.
    """
    if office.database.dialect == "sqlite" and set(roles) != set(Role):
        raise Refused(
            words("Roles need PostgreSQL: on SQLite one process does everything."),
            do=words("Start `distributor serve` without --role, or name a PostgreSQL database."),
        )
    keep_small()
    stand_apart()  # a service that has set one paper would keep its 40 MB for months
    with _the_place(office), _signals(office):
        await _run(office, roles)


@contextlib.contextmanager
def _the_place(office: Office) -> Iterator[None]:
    with sender(office.database, (), owner=office.owner, clock=office.clock):
        if office.database.dialect == "sqlite":  # the lock says that every other service is dead
            for name in (LEADER, TELLER, READER, REMINDER):
                with office.database.write() as conn:
                    leases.end(conn, name)
        yield


async def _run(office: Office, roles: Collection[Role]) -> None:
    supervisor = Supervisor()
    pages = await _pages(office) if Role.WEB in roles else None
    duties = _duties(office) if Role.SCHEDULE in roles else None
    clock = AlarmClock(
        _ring(office, duties), zone=office.settings.zone, clock=office.clock, trouble=office.stumbling.failed
    )
    clock.start()
    pulse = asyncio.create_task(_stay_alive(supervisor))
    watch = asyncio.create_task(watch_inbox(office, clock.wake)) if duties else None
    reading = asyncio.create_task(Receiving(office).run()) if Role.RECEIVE in roles else None
    articles = asyncio.create_task(Articles(office).run(), name="articles") if Role.SCHEDULE in roles else None
    supervisor.ready()
    _log.info("service.started", owner=office.owner, roles=sorted(roles), page=pages.port if pages else None)
    try:
        if Role.SEND in roles:
            await _send(office)
        await office.stopping.wait()
    finally:
        office.stop()
        supervisor.stopping()
        if watch:
            await watch
        if reading:
            await reading
        if articles:
            await articles
        await clock.stop()
        pulse.cancel()
        if duties:
            await asyncio.to_thread(duties.give_up)
        if pages:
            await pages.stop()
        _log.info("service.stopped", owner=office.owner)


def _duties(office: Office) -> Duties:
    return Duties(office, lambda after, own: next_hour(office.settings, after, own))


async def _stay_alive(supervisor: Supervisor) -> None:
    """Answers the watchdog from the event loop: a database that is down is no reason to be killed in mid-letter."""
    while interval := supervisor.watchdog_interval:
        supervisor.alive()
        await asyncio.sleep(interval.total_seconds())


async def _send(office: Office) -> None:
    ledger = Ledger(office.database, clock=office.clock)
    ledger.start()
    reminding = asyncio.create_task(Reminding(office).run(), name="reminding")
    try:
        await Sending(office, ledger).run()
        await reminding
    finally:
        reminding.cancel()
        await asyncio.to_thread(ledger.close)


def _ring(office: Office, duties: Duties | None) -> Callable[[], Awaitable[None]]:
    async def ring() -> None:
        # Waking a thread costs more than most of what it does once a second, so each does several things.
        if await asyncio.to_thread(_look_around, office):
            office.wake.set()
        if await asyncio.to_thread(_do_duties, office, duties):
            office.wake.set()
        office.last_tick = office.clock()

    return ring


def _look_around(office: Office) -> bool:
    """What comes before any duty. Returns whether the service has just looked back after a stop."""
    looked = look_back(office)
    office.reload()
    miss_account(office)
    return looked


def _do_duties(office: Office, duties: Duties | None) -> bool:
    """The clock's work, where this process has a part in it. Returns whether there may be something new to send."""
    found = duties is not None and duties.tick()
    tell_of_stumble(office)
    return found


async def _pages(office: Office) -> Pages | None:
    listens = office.settings.web.listens
    if listens is None:
        return None
    readiness = Readiness(
        [
            database_probe(office.database),
            clock_probe(lambda: office.last_tick, office.clock, limit=TICK_LIMIT, fails=office.stumbling.what),
            pause_probe(office.database),
            account_probe(lambda: bool(every_account(office.settings))),
            left_alone_probe(office.database, lambda: every_account(office.settings)),
        ]
    )
    rows = RowsCollector(office.database, all_figures(office.clock, lambda: _scopes(office)))
    registry = registry_of(rows, ClockCollector(lambda: office.last_tick, office.clock))
    reader = await asyncio.to_thread(reader_of, office)
    own = await asyncio.to_thread(office_pages_of, office)
    callbacks = await asyncio.to_thread(callbacks_of, office)
    accounts = await asyncio.to_thread(account_callbacks, office)
    routes = [*health_routes(readiness), *metrics_routes(registry), *accounts.routes()]
    return await open_pages(routes, reader, *listens, office=own, callbacks=callbacks)


def _scopes(office: Office) -> list[Scope]:
    settings = office.settings
    return [scope for account in every_account(settings) for scope in limited_scopes(settings, account)]


@contextlib.contextmanager
def _signals(office: Office) -> Iterator[None]:
    """SIGTERM and SIGINT end the service; SIGHUP reads the settings again."""
    loop = asyncio.get_running_loop()

    def stop() -> None:
        _log.info("service.stopping", owner=office.owner)
        office.stop()

    actions = {
        signal.SIGTERM: stop,
        signal.SIGINT: stop,
        signal.SIGHUP: lambda: office.reload(always=True),
    }
    for number, action in actions.items():
        loop.add_signal_handler(number, action)
    try:
        yield
    finally:
        for number in actions:
            loop.remove_signal_handler(number)
