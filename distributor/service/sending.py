"""Keeps the letters moving: turns of the accounts that may be used, while something is due."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from distributor.channels.base import Channel
from distributor.delivery.breaker import Standing
from distributor.dispatch.alerts import news, tell_editors
from distributor.dispatch.failover import Crew, Turn, admitted
from distributor.dispatch.letters import Letters
from distributor.dispatch.lines import Lines, open_lines
from distributor.dispatch.reconcile import resend_unknown
from distributor.dispatch.shown_cards import grey_signed, recall_withdrawn
from distributor.dispatch.uploads import KeptUploads
from distributor.errors import BadInput, Unavailable
from distributor.log import log
from distributor.service.looking_back import has_looked
from distributor.service.office import Office
from distributor.service.telling import announce, report, tell_left_alone
from distributor.settings import Settings
from distributor.settings.channels import account_of
from distributor.store import breakers, leases
from distributor.store.breakers import Passage
from distributor.store.claims import due_channels
from distributor.store.deliveries import due_bulletins
from distributor.store.dispatches import recall_postponed
from distributor.store.ledger import Ledger
from distributor.store.pauses import paused

_log = log("sending")

#: The rows are looked at this often even when nobody wakes the service: other processes write to them.
LOOK_EVERY = 1.0

#: While nothing is sent, news for the editors is looked for so often.
TELL_EVERY = dt.timedelta(seconds=5)

#: After trouble with the database the next look waits for so long.
PAUSE = 5.0

#: Full accounts are looked at again after so long: meanwhile one that was left alone may be well.
LONGEST_WAIT = dt.timedelta(minutes=1)

#: Cards are looked after this often.
TEND = dt.timedelta(seconds=2)

#: One process at a time writes to the editors; a dead one is not waited for any longer.
TELLER = "teller"
TELLING = dt.timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class _Due:
    """What the next round sends, by which accounts, by the settings as they were when it was chosen."""

    bulletin_ids: Sequence[int]
    passages: Sequence[Passage]
    settings: Settings


@dataclass(frozen=True, slots=True)
class _Full:
    """No account has room until a time (UTC), by these settings."""

    settings: Settings
    until: dt.datetime


class Sending:
    """The sending part of one process. `run` ends when the office stops; letters in flight are finished."""

    def __init__(self, office: Office, ledger: Ledger) -> None:
        self._office = office
        self._ledger = ledger
        self._crew: Crew | None = None
        self._full: _Full | None = None
        self._settings: Settings | None = None
        self._told_at: dt.datetime | None = None
        self._lines = Lines(memory=KeptUploads(office.database, office.clock))
        self._tended_at: dt.datetime | None = None

    async def run(self) -> None:
        """Sends what is due, again and again. Trouble with the database ends a round, never the service."""
        stopper = asyncio.create_task(self._pass_on_the_stop())
        try:
            while not self._office.stopping.is_set():
                self._office.wake.clear()
                try:
                    rest = 0.0 if await self._round() else LOOK_EVERY
                    if self._office.stopping.is_set():  # what the editors do not know yet waits for the next start
                        break
                    if self._is_time_to_tell(worked=not rest):
                        await self._tell()
                    await self._tend_cards()
                except Unavailable as trouble:
                    _log.error("send.interrupted", what=str(trouble))
                    rest = PAUSE
                await self._rest(rest)
        finally:
            stopper.cancel()
            await self._lines.close()

    def _is_time_to_tell(self, *, worked: bool) -> bool:
        now = self._office.clock()
        if not worked and self._told_at and self._told_at <= now < self._told_at + TELL_EVERY:
            return False
        self._told_at = now
        return True

    async def _pass_on_the_stop(self) -> None:
        await self._office.stopping.wait()
        if self._crew:
            await self._crew.stop()

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
        due = await asyncio.to_thread(self._next)
        if due is None:
            return False
        await asyncio.to_thread(announce, office, due.bulletin_ids, account=due.passages[0].account)
        turn = await self._send(due)
        await asyncio.to_thread(self._settle, due)
        return turn.again or (turn.stopped is None and turn.tried > 0 and self._full is None)

    def _is_full(self) -> bool:
        if self._full and (
            self._full.settings is not self._office.settings or self._office.clock() >= self._full.until
        ):
            self._full = None
        return self._full is not None

    def _next(self) -> _Due | None:
        settings = self._office.settings
        if settings is not self._settings:  # limits may have been raised
            with self._office.database.write() as conn:
                recall_postponed(conn, now=self._office.clock())
            self._settings = settings
        now = self._office.clock()
        with self._office.database.read() as conn:
            bulletin_ids = due_bulletins(conn, now=now)
            channels = due_channels(conn, now=now, bulletin_ids=bulletin_ids) if bulletin_ids else ()
        passages = admitted(self._office.database, settings, channels)
        return _Due(bulletin_ids, passages, settings) if passages else None

    async def _send(self, due: _Due) -> Turn:
        office, settings = self._office, due.settings
        self._lines.rules = office.rules
        crew = Crew(
            self._ledger,
            office.database,
            settings,
            Letters(office.database, settings, office.key),
            due.passages,
            owner=office.owner,
            clock=office.clock,
            lines=self._lines,
            bulletin_ids=due.bulletin_ids,
            told=partial(tell_left_alone, office),
        )
        self._crew = crew
        if office.stopping.is_set():  # said while this turn was being chosen
            await crew.stop()
        try:
            turn = await crew.run()
        finally:
            self._crew = None
        # What another channel may have to carry by then does not wait.
        alone = {account_of(passage.account)[0] for passage in due.passages} >= set(settings.channels)
        wait = min(turn.wait, LONGEST_WAIT) if turn.wait and alone else None
        self._full = _Full(settings, office.clock() + wait) if wait else None
        return turn

    def _settle(self, due: _Due) -> None:
        """Queues again what its group sends twice, and tells the editor what needs a person."""
        with self._office.database.write() as conn:
            resend_unknown(conn, due.bulletin_ids, now=self._office.clock())
        for bulletin_id in due.bulletin_ids:
            report(self._office, bulletin_id)

    async def _tend_cards(self) -> None:
        """Lets cards say what happened elsewhere: signed for on the page, or withdrawn."""
        office, now = self._office, self._office.clock()
        rested = self._tended_at is None or not self._tended_at <= now < self._tended_at + TEND
        if not office.settings.wecom or not rested:
            return
        self._tended_at = now
        changed = await grey_signed(office.database, office.settings, self._lines, clock=office.clock)
        recalled = await recall_withdrawn(office.database, office.settings, self._lines, clock=office.clock)
        for what, ended in (("card.changed", changed), ("card.recalled", recalled)):
            for one in ended:
                _log.info(what, delivery=one.card.delivery_id, result=one.result, reply=one.reply)

    async def _tell(self) -> None:
        """Mails what the editors do not know yet, through the first account that takes it."""
        office, settings = self._office, self._office.settings
        names = await asyncio.to_thread(self._teller_accounts, settings)
        if not names:
            return
        lease = await asyncio.to_thread(self._take_telling)
        if lease is None:
            return
        try:
            lines = [line for name in names for line in self._teller_line(settings, name)]
            await tell_editors(office.database, settings, lines, now=office.clock())
        finally:
            await asyncio.to_thread(self._end_telling, lease)

    def _teller_line(self, settings: Settings, name: str) -> Sequence[Channel]:
        """A line of an account; none when its password cannot be read."""
        try:
            return open_lines(settings, 1, name=name, rules=self._office.rules)
        except BadInput as error:
            _log.error("alert.untold", account=name, what=str(error))
            return ()

    def _teller_accounts(self, settings: Settings) -> tuple[str, ...]:
        """The accounts to tell through, in their order; empty when there is nothing to tell, or no way to."""
        if not settings.office.editors:
            return ()
        with self._office.database.read() as conn:
            if not news(conn, now=self._office.clock()):
                return ()
            rests = [rest.scope for rest in paused(conn)]
            shut = {one.account for one in breakers.breakers(conn) if one.standing is not Standing.CLOSED}
        # A pause of everything does not stop this: it may be the news.
        return tuple(name for name in settings.smtp if name not in shut and f"account:{name}" not in rests)

    def _take_telling(self) -> leases.Lease | None:
        with self._office.database.write() as conn:
            return leases.take(conn, TELLER, self._office.owner, TELLING)

    def _end_telling(self, lease: leases.Lease) -> None:
        with self._office.database.write() as conn:
            leases.give_up(conn, lease)
