"""Reminds by itself: on the days that groups name, in office hours of working days, one process at a time."""

import asyncio
import contextlib
import datetime as dt

from distributor.delivery.breaker import Standing
from distributor.dispatch.intake import templates_of
from distributor.dispatch.lines import open_lines
from distributor.dispatch.remind import Carrier, Debt, due_today, owed_for, plan, send_reminders
from distributor.errors import DistributorError, Unavailable
from distributor.log import log
from distributor.service.looking_back import has_looked
from distributor.service.office import Office
from distributor.store import breakers, leases
from distributor.store.bulletins import get_bulletin, list_bulletins
from distributor.store.pauses import ALL, account_rests, paused
from distributor.store.reminders import Reminder, due_reminders
from distributor.workdays.calendar import Workdays
from distributor.workdays.file import load_calendar

_log = log("reminding")

REMINDER = "reminder"

#: Seconds between two looks; a reminder is in no hurry.
EVERY = 60.0

#: A process that reminds and is not heard of for so long has lost its place.
_LEASE = dt.timedelta(minutes=15)


class Reminding:
    """The reminding part of one process. `run` ends when the office stops; no trouble ends it before."""

    def __init__(self, office: Office) -> None:
        self._office = office

    async def run(self) -> None:
        """Looks once a minute whether somebody is to be reminded."""
        while not self._office.stopping.is_set():
            try:
                await self.once()
            except DistributorError as error:
                _log.error("remind.failed", code=error.code, what=str(error))
            except Exception as error:  # a fault in here must not stop the sending beside it
                _log.error("remind.broken", what=str(error), kind=type(error).__name__, exc_info=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._office.stopping.wait(), EVERY)

    async def once(self) -> dict[str, int]:
        """Reminds those whose day it is; returns how many reminders came to which end. Raises `Unavailable`."""
        office = self._office
        if not has_looked(office, office.clock()) or not await asyncio.to_thread(self._is_open):
            return {}
        lease = await asyncio.to_thread(self._take)
        if lease is None:
            return {}
        try:
            waiting, owed = await asyncio.to_thread(self._plan)
            name = await asyncio.to_thread(self._account) if waiting else None
            if name is None:
                return {}
            (line,) = open_lines(office.settings, 1, name=name)
            templates = templates_of(office.settings)
            carrier = Carrier(office.database, office.settings, office.key, templates, name, line, office.clock)
            ends = await send_reminders(carrier, waiting, owed)
            _log.info("remind.ended", account=name, **ends)
            return ends
        finally:
            await asyncio.to_thread(self._give_up, lease)

    def _is_open(self) -> bool:
        """Whether it is an office hour of a working day; a year that nobody has announced has none."""
        settings = self._office.settings
        here = self._office.clock().astimezone(settings.zone)
        return settings.remind.open_at(here.hour * 60 + here.minute) and self._calendar().works(here.date())

    def _calendar(self) -> Workdays:
        return load_calendar(self._office.settings.path(self._office.settings.folders.calendar)).workdays

    def _plan(self) -> tuple[tuple[Reminder, ...], tuple[Debt, ...]]:
        """Books today's reminders, and gives all that wait with those who owe."""
        office, now, calendar = self._office, self._office.clock(), self._calendar()
        zone = office.settings.zone
        today = now.astimezone(zone).date()
        owed: list[Debt] = []
        with office.database.write() as conn:
            numbers = {record.id for record in list_bulletins(conn)} | {one.bulletin_id for one in due_reminders(conn)}
            for number in sorted(numbers):
                found = owed_for(conn, get_bulletin(conn, number), calendar=calendar, zone=zone, now=now)
                plan(conn, due_today(found, today), f"{today}", actor="service", now=now)
                owed += found
            return due_reminders(conn), tuple(owed)

    def _account(self) -> str | None:
        """The first account that is not in trouble and that nobody lets rest."""
        with self._office.database.read() as conn:
            rests = paused(conn)
            shut = {one.account for one in breakers.breakers(conn) if one.standing is not Standing.CLOSED}
        if any(rest.scope == ALL for rest in rests):
            return None
        return next(
            (name for name in self._office.settings.smtp if name not in shut and not account_rests(rests, name)), None
        )

    def _take(self) -> leases.Lease | None:
        with self._office.database.write() as conn:
            return leases.take(conn, REMINDER, self._office.owner, _LEASE)

    def _give_up(self, lease: leases.Lease) -> None:
        with contextlib.suppress(Unavailable), self._office.database.write() as conn:
            leases.give_up(conn, lease)
