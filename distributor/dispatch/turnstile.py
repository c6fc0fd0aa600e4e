"""Lets claimed letters through one by one, so that no limit of an account or a domain is ever exceeded.

Every letter needs a grant from the durable windows before it sets out (`gates.py`). One that gets none from any
account goes back to the queue untried; when all accounts are full, nothing more is claimed until one has room.

Each account has a gate, where its worker gets letters. One gate at a time claims, for all of them: the first one
that still has room. When its account fails, the next one claims on.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Collection, Sequence

from distributor.dispatch.gates import Lane, Router, Way
from distributor.errors import Unavailable
from distributor.store.database import Database
from distributor.store.ledger import Ledger
from distributor.store.records import Claim

#: A worker may hold a letter for so long before it sets out; after that the row goes back by itself.
LEASE = dt.timedelta(minutes=15)

#: A gate that waits for others looks again after so many seconds, because room also comes with time alone.
LOOK = 1.0

#: How long letters wait for room while an account that is left alone may be well again any minute.
LONGEST_WAIT = dt.timedelta(minutes=1)

#: So many letters may wait at one gate for its worker, in claims of the gate that asks.
MOST_WAITING = 2


class Gate:
    """Where the worker of one account gets its letters from.

    `wait` is how long the account is full after the last `claim`, or None when it has room.
    """

    def __init__(self, turnstile: "Turnstile", lane: Lane) -> None:
        self._turnstile = turnstile
        self._lane = lane
        self.wait: dt.timedelta | None = None

    @property
    def account(self) -> str:
        """The account's name."""
        return self._lane.account

    @property
    def elsewhere(self) -> bool:
        """Whether another account takes part, so that what this one cannot carry need not wait."""
        return self._turnstile.others(self._lane)

    async def claim(self, limit: int) -> list[Claim]:
        """Up to `limit` leased letters that may leave by this account now; domains take turns.

        Waits while another gate may still bring some. Raises `Unavailable`.
        """
        claims = await self._turnstile.claim(self._lane, limit)
        self.wait = self._turnstile.wait_of(self._lane)
        return interleaved(claims)

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Returns letters that did not set out, and their grants. Raises `Unavailable`."""
        await self._turnstile.give_back(claims)

    async def leave(self, *, failed: bool) -> None:
        """This account takes no more letters. Those waiting go back; after a failure the next gate claims on."""
        await self._turnstile.leave(self._lane, failed=failed)


class Turnstile:
    """Claims due letters for some accounts, within their limits. The order of `ways` is that of preference.

    After `until` (UTC) nothing more is claimed: accounts that were left out may be well again. `accounts` is how many
    there are in all, those included that take no part now. `channel` is the one whose letters they carry.
    """

    def __init__(
        self,
        ledger: Ledger,
        database: Database,
        ways: Sequence[Way],
        *,
        owner: str,
        clock: Callable[[], dt.datetime],
        bulletin_ids: Collection[int] | None = None,
        delivery_ids: Collection[str] | None = None,
        until: dt.datetime | None = None,
        accounts: int = 1,
        channel: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._lanes = tuple(Lane(way) for way in ways)
        self._router = Router(database, clock)
        self._owner = owner
        self._clock = clock
        self._bulletin_ids = bulletin_ids
        self._delivery_ids = delivery_ids
        self._until = until
        self._accounts = accounts
        self._channel = channel
        self._changed = asyncio.Condition()
        self._is_over = False
        self.gates = tuple(Gate(self, lane) for lane in self._lanes)
        #: Whether letters may be due that were left because `until` had come.
        self.ran_out = False

    def others(self, lane: Lane) -> bool:
        """Whether an account besides this one takes part."""
        return any(other is not lane and not other.is_closed for other in self._lanes)

    def wait_of(self, lane: Lane) -> dt.timedelta | None:
        """How long an account is full; None when it has room, as far as is known."""
        return lane.wait(self._clock())

    async def stop(self) -> None:
        """Nothing more is claimed; whoever waits gets nothing."""
        async with self._changed:
            self._is_over = True
            self._changed.notify_all()

    async def claim(self, lane: Lane, limit: int) -> list[Claim]:
        """See `Gate.claim`."""
        async with self._changed:
            while not lane.queue and self._goes_on(lane):
                if not self._may_ask(lane, limit):
                    await self._pause()
                elif not await self._ask(limit):
                    break
            taken = [lane.queue.popleft() for _ in range(min(limit, len(lane.queue)))]
            self._changed.notify_all()
        return taken

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """See `Gate.give_back`."""
        await self._ledger.release(claims)
        await asyncio.to_thread(self._router.give_back, claims)

    async def leave(self, lane: Lane, *, failed: bool) -> None:
        """See `Gate.leave`. One that had room and found nothing more to do: all others may end, too."""
        async with self._changed:
            lane.is_closed = True
            self._is_over = self._is_over or not (failed or self.wait_of(lane))
            waiting = list(lane.queue)
            lane.queue.clear()
            self._changed.notify_all()
        if waiting:
            await self.give_back(waiting)

    def _takes_more(self, lane: Lane) -> bool:
        return not lane.is_closed and not (lane.is_probe and lane.is_used)

    def _has_room(self, lane: Lane) -> bool:
        return self._takes_more(lane) and self.wait_of(lane) is None

    def _goes_on(self, lane: Lane) -> bool:
        if self._until is not None and self._clock() >= self._until and not self._is_over:
            self._is_over = self.ran_out = True
        return not self._is_over and self._takes_more(lane) and any(map(self._has_room, self._lanes))

    def _may_ask(self, lane: Lane, limit: int) -> bool:
        first = next((other for other in self._lanes if self._has_room(other)), None)
        return first is lane and all(len(other.queue) < MOST_WAITING * limit for other in self._lanes)

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), LOOK)

    async def _ask(self, limit: int) -> bool:
        """Claims some letters and puts them at their gates. Returns whether there were any."""
        lanes = [lane for lane in self._lanes if self._takes_more(lane)]
        claims = await self._ledger.claim(
            owner=self._owner,
            limit=1 if all(lane.is_probe for lane in lanes) else limit,
            lease=LEASE,
            bulletin_ids=self._bulletin_ids,
            delivery_ids=self._delivery_ids,
            account=lanes[0].account,
            channel=self._channel,
        )
        for claim, lane in zip(claims, await self._routed(claims, lanes), strict=True):
            if lane is not None:
                lane.put(claim)
        self._changed.notify_all()
        return bool(claims)

    async def _routed(self, claims: Sequence[Claim], lanes: Sequence[Lane]) -> list[Lane | None]:
        if not claims or (len(lanes) == 1 and not lanes[0].is_counted):
            return [lanes[0]] * len(claims)
        # Room that another account may have soon is not waited for by the clock of a full one.
        longest = LONGEST_WAIT if sum(not lane.is_probe for lane in lanes) < self._accounts else None
        try:
            return await asyncio.to_thread(self._router.route, claims, lanes, longest=longest)
        except Unavailable:
            with contextlib.suppress(Unavailable):  # the ledger gives them back as soon as it can
                await self._ledger.release(claims)
            raise


def interleaved(claims: Sequence[Claim]) -> list[Claim]:
    """The same letters, the domains of their recipients taking turns, so that no receiver is hit in a row."""
    queues: dict[str, list[Claim]] = {}
    for claim in claims:
        queues.setdefault(claim.address.rpartition("@")[2], []).append(claim)
    turns = [(turn, place, claim) for place, queue in enumerate(queues.values()) for turn, claim in enumerate(queue)]
    return [claim for _, _, claim in sorted(turns, key=lambda entry: entry[:2])]
