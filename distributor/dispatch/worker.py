"""Sees claimed deliveries through: N lines to the carrier, one ledger, nothing held open in between.

The worker decides nothing about states: a channel gives an outcome, `judge` turns it into a fact,
the ledger writes it. It only knows when to stop.
"""

import asyncio
import datetime as dt
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from distributor.channels.base import Channel, ClaimLost, Message, OpenFailed
from distributor.delivery.judgement import Judgement, judge
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.errors import BadInput
from distributor.store.ledger import Ledger
from distributor.store.records import Claim

#: A claim returns to the queue by itself when its worker has not come this far by then.
LEASE = dt.timedelta(minutes=15)

_OPENING = frozenset({Stage.CONNECT, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why a run ended: nothing was due any more (`outcome` is None), or the carrier cannot be used now."""

    outcome: Outcome | None = None


class Worker:
    """Sends what is due over a fixed set of lines, then stops.

    `compose` makes the message of a claim. `clock` gives UTC; `chance` a random number in [0, 1).
    `bulletin_ids` and `delivery_ids` narrow what is sent; None means no limit.
    """

    def __init__(
        self,
        ledger: Ledger,
        lines: Sequence[Channel],
        compose: Callable[[Claim], Message],
        *,
        owner: str,
        clock: Callable[[], dt.datetime],
        chance: Callable[[], float],
        bulletin_ids: Collection[int] | None = None,
        delivery_ids: Collection[str] | None = None,
    ) -> None:
        self._ledger = ledger
        self._lines = lines
        self._compose = compose
        self._owner = owner
        self._clock = clock
        self._chance = chance
        self._bulletin_ids = bulletin_ids
        self._delivery_ids = delivery_ids
        self._batch = 4 * len(lines)
        self._waiting: deque[Claim] = deque()
        self._claiming = asyncio.Lock()
        self._opening = asyncio.Lock()
        self._account_is_good = False
        self._held: set[int] = set()
        self._outcome: Outcome | None = None
        self._stopping = False

    def stop(self) -> None:
        """Claims nothing more; letters in flight are finished."""
        self._stopping = True

    async def run(self) -> Stopped:
        """Sends until nothing is due, or no line can be used. Claims left over go back untried.

        Raises `Unavailable` when the ledger cannot write; letters whose last byte had not gone are not sent.
        """
        lines = await asyncio.gather(*(self._work(line) for line in self._lines), return_exceptions=True)
        await self._ledger.release(tuple(self._waiting))
        self._waiting.clear()
        for trouble in lines:
            if trouble is not None:
                raise trouble
        return Stopped(self._outcome)

    async def _work(self, line: Channel) -> None:
        try:
            while not self._stopping and (claim := await self._next()) is not None:
                if claim.dispatch_id in self._held:
                    await self._ledger.release((claim,))
                elif not await self._carry(line, claim):
                    return
        except BaseException:
            self.stop()  # the other lines finish what is in flight, so that trouble here makes nothing unknown there
            raise
        finally:
            await line.close()

    async def _next(self) -> Claim | None:
        async with self._claiming:
            if not self._waiting:
                claims = await self._ledger.claim(
                    owner=self._owner,
                    limit=self._batch,
                    lease=LEASE,
                    bulletin_ids=self._bulletin_ids,
                    delivery_ids=self._delivery_ids,
                )
                self._waiting.extend(claims)
        return self._waiting.popleft() if self._waiting else None

    async def _carry(self, line: Channel, claim: Claim) -> bool:
        """Takes one delivery as far as it goes. Returns False when this line is of no more use."""

        async def checkpoint() -> bool:
            return await self._ledger.mark(claim)

        try:
            message = self._compose(claim)
            if not await self._open(line):
                await self._ledger.release((claim,))
                return False
            outcome = await line.send(message, checkpoint)
        except ClaimLost:
            return True
        except OpenFailed as failed:
            outcome = failed.outcome
        except BadInput as error:
            outcome = Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.MAIL, Reply(text=str(error)))
        await self._record(claim, outcome)
        if outcome.stops_the_account:
            self._outcome = outcome
            self.stop()
            return False
        return self._line_is_useful(outcome)

    async def _open(self, line: Channel) -> bool:
        """Opens a line; False when the run is over. The first one goes alone: a wrong password is tried once."""
        if self._account_is_good:
            await line.open()
            return True
        async with self._opening:
            if self._outcome is not None:
                return False
            try:
                await line.open()
            except OpenFailed as failed:
                self._outcome = failed.outcome
                raise
            self._account_is_good = True
        return True

    def _line_is_useful(self, outcome: Outcome) -> bool:
        """A line that cannot be opened retires; the run ends when all have."""
        if outcome.verdict is Verdict.DEFERRED and outcome.stage in _OPENING:
            self._outcome = outcome
            return False
        return True

    async def _record(self, claim: Claim, outcome: Outcome) -> None:
        now = self._clock()
        judgement: Judgement = judge(
            outcome, attempts=claim.attempts, now=now, valid_until=claim.valid_until, chance=self._chance()
        )
        if judgement.hold:
            self._held.add(claim.dispatch_id)
        # Handed in before the first wait, so it is written even when the run is being cancelled.
        await self._ledger.record(claim, judgement, outcome)
