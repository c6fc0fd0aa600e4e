"""Sees claimed deliveries through: N lines to the carrier, one ledger, nothing held open in between.

The worker decides nothing about states: a channel gives an outcome, `judge` turns it into a fact,
the ledger writes it. It only knows when to stop.
"""

import asyncio
import contextlib
import datetime as dt
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from distributor.channels.base import Channel, ClaimLost, Message, OpenFailed
from distributor.delivery.breaker import RULES
from distributor.delivery.judgement import OPENING, Judgement, judge
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.errors import BadInput, Refused, Unavailable
from distributor.store.ledger import Ledger
from distributor.store.records import Claim


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a run ended: nothing was due any more (`outcome` is None), or the carrier cannot be used now.

    `tried` is how many letters came to an outcome, `failures` how often in a row the carrier failed as it did last.
    """

    outcome: Outcome | None = None
    tried: int = 0
    failures: int = 1


class Source(Protocol):
    """Where a worker gets its letters from. `wait` is how long there is no room for more after the last claim.

    `elsewhere`: another account takes part, so that what this one could not even begin need not wait.
    """

    wait: dt.timedelta | None

    @property
    def elsewhere(self) -> bool: ...

    async def claim(self, limit: int) -> list[Claim]: ...

    async def give_back(self, claims: Sequence[Claim]) -> None: ...

    async def leave(self, *, failed: bool) -> None: ...


class Worker:
    """Sends what is due over a fixed set of lines, then stops.

    `compose` makes the message of a claim. `clock` gives UTC; `chance` a random number in [0, 1).
    `patience` is how long a worker waits by itself when a limit of the account is reached. `refusals` is how many
    copies of a letter may be refused for its content before the letter waits for a person.
    """

    def __init__(
        self,
        ledger: Ledger,
        source: Source,
        lines: Sequence[Channel],
        compose: Callable[[Claim], Message],
        *,
        clock: Callable[[], dt.datetime],
        chance: Callable[[], float],
        patience: dt.timedelta = dt.timedelta(),
        refusals: int = 1,
    ) -> None:
        self._ledger = ledger
        self._source = source
        self._lines = lines
        self._compose = compose
        self._clock = clock
        self._chance = chance
        self._patience = patience
        self._refusals = refusals
        self._batch = 4 * len(lines)
        self._waiting: deque[Claim] = deque()
        self._claiming = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._account_is_good = False
        self._open_lines = len(lines)
        self._held: set[int] = set()
        self._outcome: Outcome | None = None
        self._tried = 0
        self._throttled = 0
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Claims nothing more; letters in flight are finished."""
        self._stopping.set()

    async def run(self) -> Stopped:
        """Sends until nothing is due, or no line can be used. Claims left over go back untried.

        Raises `Unavailable` when the ledger cannot write; letters whose last byte had not gone are not sent.
        """
        try:
            lines = await asyncio.gather(*(self._work(line) for line in self._lines), return_exceptions=True)
            await self._give_back_waiting()
            for trouble in lines:
                if trouble is not None:
                    raise trouble
        finally:
            await self._source.leave(failed=self._outcome is not None)
        return Stopped(self._outcome, self._tried, max(self._throttled, 1))

    async def _give_back_waiting(self) -> None:
        waiting = tuple(self._waiting)
        self._waiting.clear()
        await self._source.give_back(waiting)

    async def _work(self, line: Channel) -> None:
        try:
            while not self._stopping.is_set() and (claim := await self._next()) is not None:
                if claim.dispatch_id in self._held:
                    await self._source.give_back((claim,))
                elif not await self._carry(line, claim):
                    return
        except BaseException:
            self.stop()  # the other lines finish what is in flight, so that trouble here makes nothing unknown there
            raise
        finally:
            await line.close()

    async def _next(self) -> Claim | None:
        async with self._claiming:
            while not self._waiting and not self._stopping.is_set() and await self._claim():
                pass
        return self._waiting.popleft() if self._waiting else None

    async def _claim(self) -> bool:
        """Takes up more letters. Returns whether asking again is of use: a limit was reached and has room by now."""
        claims = await self._source.claim(self._batch)
        self._waiting.extend(claims)
        wait = self._source.wait
        if claims or wait is None or wait > self._patience:
            return False
        with contextlib.suppress(TimeoutError):
            # A little longer: the business clock and the database's may differ by milliseconds.
            await asyncio.wait_for(self._stopping.wait(), wait.total_seconds() + 0.05)
        return True

    async def _carry(self, line: Channel, claim: Claim) -> bool:
        """Takes one delivery as far as it goes. Returns False when this line is of no more use."""

        async def checkpoint() -> bool:
            return await self._ledger.mark(claim)

        try:
            message = self._compose(claim)
            if not await self._open(line):
                await self._source.give_back((claim,))
                return False
            outcome = await line.send(message, checkpoint)
        except ClaimLost:
            return True
        except OpenFailed as failed:
            outcome = failed.outcome
            if self._is_surplus(outcome):
                await self._source.give_back((claim,))
                return False
        except Unavailable:
            # Whatever could not be read or noted, the dot was not written.
            await self._return(claim)
            raise
        except (BadInput, Refused) as error:
            outcome = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.MAIL, Reply(text=str(error)))
        await self._record(claim, outcome)
        useful = self._line_is_useful(outcome)
        if outcome.stops_the_account or self._is_throttled(outcome):
            self._outcome = outcome
        if self._outcome is not None:
            # At once, while other lines finish what is in flight: another account may have the rest.
            self.stop()
            await self._give_back_waiting()
            await self._source.leave(failed=True)
        return useful and self._outcome is None

    def _is_throttled(self, outcome: Outcome) -> bool:
        """Whether so many letters in a row were refused as too fast that it is the account and no single mailbox."""
        self._throttled = self._throttled + 1 if outcome.fault is Fault.THROTTLE else 0
        return self._throttled >= RULES[Fault.THROTTLE].tolerance

    async def _return(self, claim: Claim) -> None:
        """Back to the queue as soon as that can be written; the ledger sees to it."""
        with contextlib.suppress(Unavailable):
            await self._source.give_back((claim,))

    async def _open(self, line: Channel) -> bool:
        """Opens a line; False when the run is over. The first one goes alone: a wrong password is tried once."""
        async with self._opening:
            if self._outcome is not None:
                return False
            if not self._account_is_good:
                await self._prove_account(line)
        await line.open()
        return True

    async def _prove_account(self, line: Channel) -> None:
        try:
            await line.open()
        except OpenFailed as failed:
            self._outcome = failed.outcome
            raise
        self._account_is_good = True

    def _is_surplus(self, outcome: Outcome) -> bool:
        """Whether a line that cannot be opened is just one more than the server allows; nobody need wait for it."""
        surplus = self._account_is_good and self._open_lines > 1 and not outcome.stops_the_account
        if surplus:
            self._open_lines -= 1
        return surplus

    def _line_is_useful(self, outcome: Outcome) -> bool:
        """A line that cannot be opened retires; the last one takes the run with it."""
        if outcome.verdict is Verdict.DEFERRED and outcome.stage in OPENING:
            self._open_lines -= 1
            if self._open_lines == 0:
                self._outcome = outcome
            return False
        return True

    async def _record(self, claim: Claim, outcome: Outcome) -> None:
        self._tried += 1
        now = self._clock()
        judgement: Judgement = judge(
            outcome,
            attempts=claim.attempts,
            now=now,
            valid_until=claim.valid_until,
            chance=self._chance(),
            refusals=self._refusals,
            elsewhere=self._source.elsewhere,
        )
        # Handed in before the first wait, so it is written even when the run is being cancelled.
        await self._ledger.record(claim, judgement, outcome)
        if judgement.hold and await self._ledger.is_held(claim.dispatch_id):
            self._held.add(claim.dispatch_id)
