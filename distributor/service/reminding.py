"""Reminds by itself: on the days that groups name, in office hours of working days, one process at a time."""

import asyncio
import contextlib
import datetime as dt

from distributor.delivery.outcome import Outcome
from distributor.dispatch.intake import templates_of
from distributor.dispatch.lines import Lines
from distributor.dispatch.remind import Debt, due_today, owed_for, plan
from distributor.dispatch.reminder_letter import Stationery
from distributor.dispatch.reminder_round import Carrier, send_reminders
from distributor.errors import DistributorError, Unavailable
from distributor.log import log
from distributor.service.looking_back import has_looked
from distributor.service.office import Office
from distributor.service.telling import tell_left_alone
from distributor.store import leases
from distributor.store.bulletins import list_bulletins
from distributor.store.database import Connection
from distributor.store.pauses import ALL, paused
from distributor.store.records import BulletinRecord
from distributor.store.reminders import due_reminders
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
        self._lines = Lines()

    async def run(self) -> None:
        """Looks once a minute whether somebody is to be reminded."""
        try:
            while not self._office.stopping.is_set():
                try:
                    await self.once()
                except DistributorError as error:
                    _log.error("remind.failed", code=error.code, what=str(error))
                except Exception as error:  # a fault in here must not stop the sending beside it
                    _log.error("remind.broken", what=str(error), kind=type(error).__name__, exc_info=True)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._office.stopping.wait(), EVERY)
        finally:
            await self._lines.close()

    async def once(self) -> dict[str, int]:
        """Reminds those whose day it is; returns how many reminders came to which end. Raises `Unavailable`."""
        office = self._office
        if not has_looked(office, office.clock()) or not await asyncio.to_thread(self._is_open):
            return {}
        lease = await asyncio.to_thread(self._take)
        if lease is None:
            return {}
        try:
            if not await asyncio.to_thread(self._plan):
                return {}
            self._lines.rules = office.rules
            ends = await send_reminders(self._carrier())
            if ends:
                _log.info("remind.ended", **ends)
            return ends
        finally:
            await asyncio.to_thread(self._give_up, lease)

    def _carrier(self) -> Carrier:
        office = self._office
        stationery = Stationery(office.settings, office.key, templates_of(office.settings))
        return Carrier(office.database, stationery, self._calendar(), self._lines, office.clock, told=self._tell)

    def _tell(self, account: str, outcome: Outcome) -> None:
        tell_left_alone(self._office, account, outcome)

    def _is_open(self) -> bool:
        """Whether it is an office hour of a working day; a year that nobody has announced has none."""
        settings = self._office.settings
        here = self._office.clock().astimezone(settings.zone)
        return settings.remind.open_at(here.hour * 60 + here.minute) and self._calendar().works(here.date())

    def _calendar(self) -> Workdays:
        return load_calendar(self._office.settings.path(self._office.settings.folders.calendar)).workdays

    def _plan(self) -> bool:
        """Books today's reminders, but for what rests. Returns whether anything waits to be sent."""
        office, now, calendar = self._office, self._office.clock(), self._calendar()
        today = now.astimezone(office.settings.zone).date()

        def due(conn: Connection, record: BulletinRecord) -> list[Debt]:
            owed = owed_for(conn, record, settings=office.settings, calendar=calendar, now=now)
            return [debt for debt in due_today(owed, today) if debt.reminder_of(today) is None]

        with office.database.read() as conn:  # most looks find nothing, and need no writer's turn
            resting = {rest.scope for rest in paused(conn)}
            if ALL in resting:
                return False
            records = [one for one in list_bulletins(conn) if f"bulletin:{one.id}" not in resting and due(conn, one)]
        for record in records:
            with office.database.write() as conn:
                planned = plan(conn, record, due(conn, record), today, actor="service", now=now)
            _log.info("remind.planned", bulletin=record.id, reminders=planned.count, calls=len(planned.calls))
        with office.database.read() as conn:
            return bool(due_reminders(conn))

    def _take(self) -> leases.Lease | None:
        with self._office.database.write() as conn:
            return leases.take(conn, REMINDER, self._office.owner, _LEASE)

    def _give_up(self, lease: leases.Lease) -> None:
        with contextlib.suppress(Unavailable), self._office.database.write() as conn:
            leases.give_up(conn, lease)
