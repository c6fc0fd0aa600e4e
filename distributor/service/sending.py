"""Keeps the letters moving: rounds of the worker over the first account that may be used, while something is due."""

import asyncio
import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass

from distributor.delivery.outcome import Outcome
from distributor.dispatch.alerts import tell_editors
from distributor.dispatch.letters import Letters
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.send import open_lines, turnstile_of
from distributor.dispatch.worker import Worker
from distributor.errors import Unavailable
from distributor.log import log
from distributor.service.office import Office
from distributor.store import breakers
from distributor.store.breakers import Passage
from distributor.store.bulletins import get_bulletin
from distributor.store.deliveries import books, due_bulletins
from distributor.store.dispatches import dispatches_of
from distributor.store.ledger import Ledger
from distributor.store.pauses import account_rests, paused
from distributor.store.records import Books
from distributor.words import words

_log = log("sending")

#: The rows are looked at this often even when nobody wakes the service: other processes write to them.
LOOK_EVERY = 1.0

#: After trouble with the database the next look waits for so long.
PAUSE = 5.0


@dataclass(frozen=True, slots=True)
class _Turn:
    """What the next round sends, and through which account."""

    bulletin_ids: Sequence[int]
    passage: Passage


class Sending:
    """The sending part of one process. `run` ends when the office stops; letters in flight are finished."""

    def __init__(self, office: Office, ledger: Ledger) -> None:
        self._office = office
        self._ledger = ledger
        self._worker: Worker | None = None
        self._full_until: dt.datetime | None = None

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
        if self._full_until and self._office.clock() < self._full_until:
            return False
        turn = await asyncio.to_thread(self._next_turn)
        if turn is None:
            return False
        _log.info("send.begun", account=turn.passage.account, bulletins=list(turn.bulletin_ids))
        outcome = await self._send(turn)
        await asyncio.to_thread(self._book, turn, outcome)
        return outcome is None and self._full_until is None

    def _next_turn(self) -> _Turn | None:
        with self._office.database.read() as conn:
            bulletin_ids = due_bulletins(conn, now=self._office.clock())
            rests = paused(conn)
        if not bulletin_ids:
            return None
        for name in self._office.settings.smtp:
            if account_rests(rests, name):
                continue
            with self._office.database.write() as conn:
                passage = breakers.admit(conn, name)
            if passage.admitted:
                return _Turn(bulletin_ids, passage)
        return None

    async def _send(self, turn: _Turn) -> Outcome | None:
        office, name = self._office, turn.passage.account
        most = 1 if turn.passage.probe else None
        source = turnstile_of(
            self._ledger,
            office.database,
            office.settings,
            name,
            owner=office.owner,
            clock=office.clock,
            bulletin_ids=turn.bulletin_ids,
        )
        lines = open_lines(office.settings, most or office.settings.smtp[name].connections, name=name)
        letters = Letters(office.database, office.settings, office.key, account=name)
        self._worker = Worker(
            self._ledger, source, lines, letters.message, clock=office.clock, chance=random.random, most=most
        )
        try:
            stopped = await self._worker.run()
        finally:
            self._worker = None
        self._full_until = office.clock() + source.wait if source.wait else None
        return stopped.outcome

    def _book(self, turn: _Turn, outcome: Outcome | None) -> None:
        """Tells the breaker how the account did, and the editor what needs a person."""
        office, name = self._office, turn.passage.account
        opened = None
        with office.database.write() as conn:
            if outcome is None:
                breakers.record_success(conn, turn.passage)
            else:
                opened = breakers.record_failure(
                    conn, turn.passage, outcome.fault, text=str(outcome.reply), wait=outcome.wait
                )
            resend_unknown(conn, turn.bulletin_ids, now=office.clock())
        if opened and outcome:
            office.tell(
                f"account:{name}",
                words(
                    "The mail account {account} is left alone for a while: {reply}", account=name, reply=outcome.reply
                ),
            )
        for bulletin_id in turn.bulletin_ids:
            self._report(bulletin_id)

    def _report(self, bulletin_id: int) -> None:
        with self._office.database.read() as conn:
            title = get_bulletin(conn, bulletin_id).title
            count = books(conn, bulletin_id)
            holds = [(one.group, one.hold) for one in dispatches_of(conn, bulletin_id) if one.hold]
        states = {state.value: number for state, number in count.by_state.items()}
        _log.info("send.ended", bulletin=bulletin_id, planned=count.planned, finished=count.finished, **states)
        for group, reason in holds:
            self._office.tell(
                f"hold:{bulletin_id}:{group}",
                words("{label}: the letter to {group} is on hold ({reason}).", label=title, group=group, reason=reason),
            )
        self._tell_of_losses(bulletin_id, title, count)

    def _tell_of_losses(self, bulletin_id: int, title: str, count: Books) -> None:
        if count.unknown:
            what = words(
                "{label}: {count} in doubt. `distributor resolve` settles them.", label=title, count=count.unknown
            )
            self._office.tell(f"unknown:{bulletin_id}:{count.unknown}", what)
        if count.missed:
            what = words(
                "{label}: {count} not reached. `distributor status` shows them.", label=title, count=count.missed
            )
            self._office.tell(f"missed:{bulletin_id}:{count.missed}", what)

    async def _tell(self) -> None:
        """Mails what the editors do not know yet, through the first account."""
        office = self._office
        if office.settings.smtp and office.settings.office.editors:
            (line,) = open_lines(office.settings, 1)
            await tell_editors(office.database, office.settings, line, now=office.clock())
