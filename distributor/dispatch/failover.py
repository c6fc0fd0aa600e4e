"""Sends what is due by the accounts of the settings: the first one of a channel, and the next where that cannot.

An account is passed over while its breaker is open or a person lets it rest, for letters that its limits have no
room for, and for the rest of a turn when it fails. Which account a letter goes by is open until its dot: what was
refused or broken off before goes to the next one, what may have been taken never does.
"""

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.dispatch.letters import Letters
from distributor.dispatch.lines import Lines, way_of
from distributor.dispatch.turnstile import Gate, Turnstile
from distributor.dispatch.uploads import KeptUploads
from distributor.dispatch.worker import Stopped, Worker
from distributor.errors import BadInput
from distributor.settings import Settings
from distributor.settings.channels import EMAIL, account_of, accounts_of
from distributor.store import breakers
from distributor.store.breakers import Passage
from distributor.store.database import Database
from distributor.store.ledger import Ledger
from distributor.store.pauses import account_rests, paused

#: With several accounts they are chosen anew so often: one that was left alone may be well again.
TURN = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Used:
    """What one account did in a turn. `left_alone`: its breaker opened because of it. `wait`: how long it is full."""

    account: str
    stopped: Stopped
    left_alone: bool = False
    wait: dt.timedelta | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn came to, by account in the order of the file, channels side by side.

    `again`: more may be due, for other accounts too.
    """

    used: tuple[Used, ...]
    again: bool = False

    @property
    def tried(self) -> int:
        """How many letters came to an outcome."""
        return sum(one.stopped.tried for one in self.used)

    @property
    def stopped(self) -> Outcome | None:
        """What stopped a channel, when it stopped every account that was used of it: the first one's trouble."""
        by_channel: dict[str, list[Outcome | None]] = {}
        for one in self.used:
            by_channel.setdefault(account_of(one.account)[0], []).append(one.stopped.outcome)
        return next((outcomes[0] for outcomes in by_channel.values() if all(outcomes)), None)

    @property
    def wait(self) -> dt.timedelta | None:
        """How long every account that is well is full; None when one has room, or none is well."""
        waits = [one.wait for one in self.used if one.stopped.outcome is None]
        known = [wait for wait in waits if wait is not None]
        return min(known) if known and len(known) == len(waits) else None


def admitted(database: Database, settings: Settings, channels: Iterable[str] = (EMAIL,)) -> tuple[Passage, ...]:
    """Leave to use accounts of some channels, in order: those that nobody lets rest and that are not left alone.

    Each passage must go through a turn, or a probe stays taken until its time is over.
    """
    with database.read() as conn:
        rests = paused(conn)
    passages = []
    for name in (account for channel in channels for account in accounts_of(settings, channel)):
        if not account_rests(rests, name):
            with database.write() as conn:
                passages.append(breakers.admit(conn, name))
    return tuple(passage for passage in passages if passage.admitted)


class Crew:
    """The workers of one turn, one for each account that may be used. `stop` lets them finish what is in flight.

    `told` hears of each account that is left alone after trouble, at once; it is called from a thread.
    """

    def __init__(
        self,
        ledger: Ledger,
        database: Database,
        settings: Settings,
        letters: Letters,
        passages: Sequence[Passage],
        *,
        owner: str,
        clock: Callable[[], dt.datetime],
        lines: Lines | None = None,
        patience: dt.timedelta = dt.timedelta(),
        bulletin_ids: Collection[int] | None = None,
        delivery_ids: Collection[str] | None = None,
        told: Callable[[str, Outcome], None] | None = None,
    ) -> None:
        self._ledger = ledger
        self._database = database
        self._settings = settings
        self._letters = letters
        self._clock = clock
        self._patience = patience
        self._passages = tuple(passages)
        self._told = told
        self._lines = lines or Lines(memory=KeptUploads(database, clock))
        self._turnstiles: list[Turnstile] = []
        self._gates: dict[str, Gate] = {}
        build = partial(
            Turnstile,
            ledger,
            database,
            owner=owner,
            clock=clock,
            bulletin_ids=bulletin_ids,
            delivery_ids=delivery_ids,
        )
        for channel in dict.fromkeys(account_of(passage.account)[0] for passage in self._passages):
            self._set_up(channel, build)
        self._workers: list[Worker] = []
        self._stopping = False

    def _set_up(self, channel: str, build: "partial[Turnstile]") -> None:
        """The turnstile of one channel, with a gate for each of its accounts that may be used."""
        accounts = len(accounts_of(self._settings, channel))
        ways = [
            way_of(self._settings, passage.account, probe=passage.probe)
            for passage in self._passages
            if account_of(passage.account)[0] == channel
        ]
        until = self._clock() + TURN if accounts > 1 else None
        turnstile = build(ways, until=until, accounts=accounts, channel=channel)
        self._turnstiles.append(turnstile)
        self._gates.update({gate.account: gate for gate in turnstile.gates})

    async def run(self) -> Turn:
        """Sends until nothing is due, or nothing can be sent now. Raises `Unavailable` when the rows cannot be read
        or written; letters whose last byte had not gone are not sent then.
        """
        uses = [self._use(passage, self._gates[passage.account]) for passage in self._passages]
        used = await asyncio.gather(*uses, return_exceptions=True)
        for trouble in used:
            if isinstance(trouble, BaseException):
                raise trouble
        done = tuple(one for one in used if isinstance(one, Used))
        proven = any(map(_was_proven, self._passages, done))
        return Turn(done, again=proven or any(one.ran_out for one in self._turnstiles))

    async def stop(self) -> None:
        """Nothing more is claimed; letters in flight are finished."""
        self._stopping = True
        for worker in self._workers:
            worker.stop()
        for turnstile in self._turnstiles:
            await turnstile.stop()

    async def _use(self, passage: Passage, gate: Gate) -> Used:
        try:
            stopped = await self._send(passage, gate)
            opened = await asyncio.to_thread(self._book, passage, stopped)
            return Used(passage.account, stopped, opened, None if stopped.outcome else gate.wait)
        except BaseException:
            await self.stop()  # the other accounts finish what is in flight
            raise

    async def _send(self, passage: Passage, gate: Gate) -> Stopped:
        try:
            lines = self._lines.open(self._settings, passage.account, probe=passage.probe)
        except BadInput as error:  # its password cannot be read
            await gate.leave(failed=True)
            return Stopped(Outcome(Verdict.DEFERRED, Fault.CONFIGURATION, Stage.AUTH, Reply(text=str(error))))
        worker = Worker(
            self._ledger,
            gate,
            lines,
            self._letters.by(gate.account).message,
            clock=self._clock,
            chance=random.random,
            patience=self._patience,
            refusals=self._settings.send.content_refusals,
        )
        self._workers.append(worker)
        if self._stopping:  # said while this account was being prepared
            worker.stop()
        return await worker.run()

    def _book(self, passage: Passage, stopped: Stopped) -> bool:
        """Tells the breaker how the account did. Returns whether it is left alone from now on."""
        outcome, opened = stopped.outcome, None
        with self._database.write() as conn:
            if outcome:
                opened = breakers.record_failure(
                    conn,
                    passage,
                    outcome.fault,
                    text=str(outcome.reply),
                    wait=outcome.wait,
                    times=stopped.failures,
                )
            elif stopped.tried:
                breakers.record_success(conn, passage)
            elif passage.probe:
                breakers.give_back_probe(conn, passage)
        if opened and outcome and self._told:
            self._told(passage.account, outcome)
        return opened is not None


def _was_proven(passage: Passage, used: Used) -> bool:
    """Whether a probe went well: the account may carry more than this one letter."""
    return passage.probe and used.stopped.outcome is None and used.stopped.tried > 0
