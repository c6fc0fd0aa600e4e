"""Keeps the letters moving: rounds of the worker over the first account that may be used, while something is due."""

import asyncio
import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.delivery.breaker import Standing
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.dispatch.alerts import news, tell_editors
from distributor.dispatch.letters import Letters
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.send import open_lines, turnstile_of
from distributor.dispatch.worker import Stopped, Worker
from distributor.errors import BadInput, Unavailable
from distributor.log import log
from distributor.service.looking_back import has_looked
from distributor.service.office import Office
from distributor.service.telling import announce, report
from distributor.settings import Settings
from distributor.store import breakers, leases
from distributor.store.breakers import Passage
from distributor.store.deliveries import due_bulletins
from distributor.store.dispatches import recall_postponed
from distributor.store.ledger import Ledger
from distributor.store.pauses import account_rests, paused
from distributor.words import words

_log = log("sending")

#: The rows are looked at this often even when nobody wakes the service: other processes write to them.
LOOK_EVERY = 1.0

#: After trouble with the database the next look waits for so long.
PAUSE = 5.0

#: One process at a time writes to the editors; a dead one is not waited for any longer.
TELLER = "teller"
TELLING = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the next round sends, through which account, by the settings as they were when it was chosen."""

    bulletin_ids: Sequence[int]
    passage: Passage
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Full:
    """An account whose limits leave no room until a time (UTC), by these settings."""

    settings: Settings
    until: dt.datetime


class Sending:
    """The sending part of one process. `run` ends when the office stops; letters in flight are finished."""

    def __init__(self, office: Office, ledger: Ledger) -> None:
        self._office = office
        self._ledger = ledger
        self._worker: Worker | None = None
        self._full: _Full | None = None
        self._settings: Settings | None = None

    async def run(self) -> None:
        """Sends what is due, again and again. Trouble with the database ends a round, never the service."""
        stopper = asyncio.create_task(self._pass_on_the_stop())
        try:
            while not self._office.stopping.is_set():
                self._office.wake.clear()
                try:
                    rest = 0.0 if await self._round() else LOOK_EVERY
                    await self._tell()
                except Unavailable as trouble:
                    _log.error("send.interrupted", what=str(trouble))
                    rest = PAUSE
                await self._rest(rest)
        finally:
            stopper.cancel()

    async def _pass_on_the_stop(self) -> None:
        await self._office.stopping.wait()
        if self._worker:
            self._worker.stop()

    async def _rest(self, seconds: float) -> None:
        if seconds and not self._office.stopping.is_set():
            try:
                await asyncio.wait_for(self._office.wake.wait(), seconds)
            except TimeoutError:
                return

    async def _round(self) -> bool:
        """One run over everything due. Returns whether it is worth looking again at once."""
        office = self._office
        if not has_looked(office, office.clock()) or self._is_full():
            return False
        turn = await asyncio.to_thread(self._next_turn)
        if turn is None:
            return False
        await asyncio.to_thread(announce, office, turn.bulletin_ids, account=turn.passage.account)
        stopped = await self._send(turn)
        await asyncio.to_thread(self._book, turn, stopped)
        return stopped.outcome is None and stopped.tried > 0 and self._full is None

    def _is_full(self) -> bool:
        if self._full and (
            self._full.settings is not self._office.settings or self._office.clock() >= self._full.until
        ):
            self._full = None
        return self._full is not None

    def _next_turn(self) -> _Turn | None:
        settings = self._office.settings
        if settings is not self._settings:  # limits may have been raised
            with self._office.database.write() as conn:
                recall_postponed(conn, now=self._office.clock())
            self._settings = settings
        with self._office.database.read() as conn:
            bulletin_ids = due_bulletins(conn, now=self._office.clock())
            rests = paused(conn)
        if not bulletin_ids:
            return None
        for name in settings.smtp:
            if account_rests(rests, name):
                continue
            with self._office.database.write() as conn:
                passage = breakers.admit(conn, name)
            if passage.admitted:
                return _Turn(bulletin_ids, passage, settings)
        return None

    async def _send(self, turn: _Turn) -> Stopped:
        office, settings, name = self._office, turn.settings, turn.passage.account
        most = 1 if turn.passage.probe else None
        source = turnstile_of(
            self._ledger,
            office.database,
            settings,
            name,
            owner=office.owner,
            clock=office.clock,
            bulletin_ids=turn.bulletin_ids,
        )
        try:
            lines = open_lines(settings, most or settings.smtp[name].connections, name=name)
        except BadInput as error:  # its password cannot be read
            return Stopped(Outcome(Verdict.DEFERRED, Fault.CONFIGURATION, Stage.AUTH, Reply(text=str(error))))
        letters = Letters(office.database, settings, office.key, account=name)
        worker = Worker(
            self._ledger,
            source,
            lines,
            letters.message,
            clock=office.clock,
            chance=random.random,
            most=most,
            refusals=settings.send.content_refusals,
        )
        self._worker = worker
        if office.stopping.is_set():  # said while this turn was being chosen
            worker.stop()
        try:
            stopped = await worker.run()
        finally:
            self._worker = None
        self._full = _Full(settings, office.clock() + source.wait) if source.wait else None
        return stopped

    def _book(self, turn: _Turn, stopped: Stopped) -> None:
        """Tells the breaker how the account did, and the editor what needs a person."""
        office, name, outcome = self._office, turn.passage.account, stopped.outcome
        opened = None
        with office.database.write() as conn:
            if outcome:
                opened = breakers.record_failure(
                    conn, turn.passage, outcome.fault, text=str(outcome.reply), wait=outcome.wait
                )
            elif stopped.tried:
                breakers.record_success(conn, turn.passage)
            elif turn.passage.probe:
                breakers.give_back_probe(conn, turn.passage)
        with office.database.write() as conn:
            resend_unknown(conn, turn.bulletin_ids, now=office.clock())
        if opened and outcome:
            office.tell(
                f"account:{name}",
                words(
                    "The mail account {account} is left alone for a while: {reply}", account=name, reply=outcome.reply
                ),
            )
        for bulletin_id in turn.bulletin_ids:
            report(office, bulletin_id)

    async def _tell(self) -> None:
        """Mails what the editors do not know yet, through the first account that is not in trouble itself."""
        office, settings = self._office, self._office.settings
        name = await asyncio.to_thread(self._teller_account, settings)
        if name is None:
            return
        lease = await asyncio.to_thread(self._take_telling)
        if lease is None:
            return
        try:
            (line,) = open_lines(settings, 1, name=name)
            await tell_editors(office.database, settings, line, now=office.clock())
        except BadInput as error:
            _log.error("alert.untold", account=name, what=str(error))
        finally:
            await asyncio.to_thread(self._end_telling, lease)

    def _teller_account(self, settings: Settings) -> str | None:
        """The account to tell through; None when there is nothing to tell, or no way to."""
        if not settings.office.editors:
            return None
        with self._office.database.read() as conn:
            if not news(conn, now=self._office.clock()):
                return None
            rests = [rest.scope for rest in paused(conn)]
            shut = {one.account for one in breakers.breakers(conn) if one.standing is not Standing.CLOSED}
        # A pause of everything does not stop this: it may be the news.
        return next((name for name in settings.smtp if name not in shut and f"account:{name}" not in rests), None)

    def _take_telling(self) -> leases.Lease | None:
        with self._office.database.write() as conn:
            return leases.take(conn, TELLER, self._office.owner, TELLING)

    def _end_telling(self, lease: leases.Lease) -> None:
        with self._office.database.write() as conn:
            leases.give_up(conn, lease)
