"""Lets claimed letters through one by one, so that no limit of an account or a domain is ever exceeded.

Every letter needs a grant from the durable windows before it sets out. One that gets none goes back
to the queue untried; when the account itself is full, nothing more is claimed until there is room.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence

from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact
from distributor.delivery.throttle import Limit, Scope, Want
from distributor.errors import Unavailable
from distributor.store import windows
from distributor.store.attempts import drop_attempts
from distributor.store.database import Connection, Database
from distributor.store.ledger import Ledger
from distributor.store.moves import Move, apply_moves
from distributor.store.records import Claim
from distributor.store.windows import Grant, Refusal

#: A worker may hold a letter for so long before it sets out; after that the row goes back by itself.
LEASE = dt.timedelta(minutes=15)


class Turnstile:
    """Claims due letters for one account, within its limits.

    `wait` is how long the account is full after the last `claim`, or None when it has room.
    """

    def __init__(
        self,
        ledger: Ledger,
        database: Database,
        *,
        account: str,
        limits: Sequence[Limit],
        domain_limits: Mapping[str, Sequence[Limit]],
        owner: str,
        clock: Callable[[], dt.datetime],
        bulletin_ids: Collection[int] | None = None,
        delivery_ids: Collection[str] | None = None,
    ) -> None:
        self._ledger = ledger
        self._database = database
        self._scope = Scope(f"account:{account}", tuple(limits))
        self._domains = {
            domain: Scope(f"domain:{account}:{domain}", tuple(limit)) for domain, limit in domain_limits.items()
        }
        self._owner = owner
        self._clock = clock
        self._bulletin_ids = bulletin_ids
        self._delivery_ids = delivery_ids
        self._grants: dict[str, Grant] = {}
        self._opens_at: dt.datetime | None = None
        self.wait: dt.timedelta | None = None

    @property
    def _is_open(self) -> bool:
        """Without any limit nothing is counted and nothing is written."""
        return not self._scope.limits and not self._domains

    async def claim(self, limit: int) -> list[Claim]:
        """Leases up to `limit` due letters that may leave now; domains take turns. Raises `Unavailable`."""
        self.wait = None
        while claims := await self._take(limit):
            if not self._is_open:
                claims = await self._granted(claims)
            # Letters of a domain that is full are out of the way now; those behind them are asked for.
            if claims or self.wait is not None:
                break
        if not claims and self._opens_at is not None:
            # Whom an earlier claim turned away is not due before the account has room.
            wait = self._opens_at - self._clock()
            self.wait = wait if wait > dt.timedelta() else None
        return interleaved(claims)

    async def _granted(self, claims: list[Claim]) -> list[Claim]:
        try:
            return await asyncio.to_thread(self._let_through, claims)
        except Unavailable:
            with contextlib.suppress(Unavailable):  # the ledger gives them back as soon as it can
                await self._ledger.release(claims)
            raise

    async def _take(self, limit: int) -> list[Claim]:
        return await self._ledger.claim(
            owner=self._owner,
            limit=limit,
            lease=LEASE,
            bulletin_ids=self._bulletin_ids,
            delivery_ids=self._delivery_ids,
        )

    async def give_back(self, claims: Sequence[Claim]) -> None:
        """Returns letters that did not set out, and their grants. Raises `Unavailable`."""
        await self._ledger.release(claims)
        grants = [self._grants.pop(claim.delivery_id) for claim in claims if claim.delivery_id in self._grants]
        if grants:
            await asyncio.to_thread(self._return, grants)

    def _return(self, grants: Sequence[Grant]) -> None:
        with self._database.write() as conn:
            windows.give_back(conn, grants)

    def _let_through(self, claims: Sequence[Claim]) -> list[Claim]:
        now = self._clock()
        with self._database.write() as conn:
            grants = windows.grant(conn, [self._want(claim) for claim in claims])
            refused = {refusal.key: refusal for refusal in grants.refused}
            self._postpone(conn, [claim for claim in claims if claim.delivery_id in refused], refused, now)
        full = [refusal.wait for refusal in grants.refused if refusal.scope == self._scope.name]
        self.wait = min(full, default=None)
        self._opens_at = None if self.wait is None else now + self.wait
        # Letters of earlier claims may still be in hand, so their grants are kept.
        self._grants.update({grant.key: grant for grant in grants.granted})
        return [claim for claim in claims if claim.delivery_id not in refused]

    def _postpone(
        self, conn: Connection, claims: Sequence[Claim], refused: Mapping[str, Refusal], now: dt.datetime
    ) -> None:
        """Back to the queue, uncharged, until their scope has room."""
        moves = [
            Move(
                claim.delivery_id,
                Fact.RELEASE,
                claim.epoch,
                reason=Reason.LIMIT,
                next_attempt_at=now + refused[claim.delivery_id].wait,
            )
            for claim in claims
        ]
        apply_moves(conn, moves, now=now)
        drop_attempts(conn, claims)

    def _want(self, claim: Claim) -> Want:
        domain = self._domains.get(claim.address.rpartition("@")[2])
        return Want(claim.delivery_id, (self._scope, domain) if domain else (self._scope,))


def interleaved(claims: Sequence[Claim]) -> list[Claim]:
    """The same letters, the domains of their recipients taking turns, so that no receiver is hit in a row."""
    queues: dict[str, list[Claim]] = {}
    for claim in claims:
        queues.setdefault(claim.address.rpartition("@")[2], []).append(claim)
    turns = [(turn, place, claim) for place, queue in enumerate(queues.values()) for turn, claim in enumerate(queue)]
    return [claim for _, _, claim in sorted(turns, key=lambda entry: entry[:2])]
