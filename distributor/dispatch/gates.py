"""Accounts as letters see them: what each may carry, what waits for it, and which one a letter goes by.

A letter asks the accounts in their order and goes by the first that has room for it, in the account's own limits
and in those for the recipient's domain. One that was told to come again (greylisting) asks the account it came by
first: to the receiver another machine would be a stranger.
"""

import datetime as dt
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from distributor.delivery.reason import Reason
from distributor.delivery.state import Fact
from distributor.delivery.throttle import Limit, Scope, Want
from distributor.store import windows
from distributor.store.attempts import accounts_known, drop_attempts, note_account
from distributor.store.database import Connection, Database
from distributor.store.moves import Move, apply_moves
from distributor.store.records import Claim
from distributor.store.windows import Grant


@dataclass(frozen=True, slots=True)
class Way:
    """An account that letters may go by. `each` limits what one address gets; a `probe` is for exactly one letter."""

    account: str
    limits: tuple[Limit, ...] = ()
    domain_limits: Mapping[str, tuple[Limit, ...]] = field(default_factory=dict)
    each: tuple[Limit, ...] = ()
    probe: bool = False


class Lane:
    """One account's letters: those that wait for its worker, and how long it is full."""

    def __init__(self, way: Way) -> None:
        self.account = way.account
        self.scope = Scope(f"account:{way.account}", tuple(way.limits))
        self.is_probe = way.probe
        self.queue: deque[Claim] = deque()
        self.is_closed = False
        self.is_used = False
        self.opens_at: dt.datetime | None = None
        self._each = tuple(way.each)
        self._domains = {
            domain: Scope(f"domain:{way.account}:{domain}", tuple(limits))
            for domain, limits in way.domain_limits.items()
        }

    @property
    def is_counted(self) -> bool:
        """Whether there is any limit to keep; without one nothing is counted and nothing is written."""
        return bool(self.scope.limits or self._domains or self._each)

    def put(self, claim: Claim) -> None:
        """Lets a letter wait for this account's worker."""
        self.queue.append(claim)
        self.is_used = True

    def want(self, claim: Claim) -> Want:
        """What a letter asks for when it goes by this account."""
        return self.want_for(claim.delivery_id, claim.address)

    def want_for(self, key: str, address: str) -> Want:
        """The same for anything else that goes to an address; `key` names it."""
        scopes = [self.scope]
        if domain := self._domains.get(address.rpartition("@")[2]):
            scopes.append(domain)
        if self._each:
            scopes.append(Scope(f"address:{self.account}:{address.lower()}", self._each))
        return Want(key, tuple(scopes))

    def wait(self, now: dt.datetime) -> dt.timedelta | None:
        """How long the account is full; None when it has room, as far as is known."""
        wait = self.opens_at - now if self.opens_at is not None else dt.timedelta()
        return wait if wait > dt.timedelta() else None


class Router:
    """Finds the lane of each claimed letter, with a grant where anything is counted."""

    def __init__(self, database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._database = database
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def route(
        self, claims: Sequence[Claim], lanes: Sequence[Lane], *, longest: dt.timedelta | None = None
    ) -> list[Lane | None]:
        """The lane of each letter; None for those that went back to the queue because all are full.

        Those wait until one has room, but not more than `longest`: an account that is not here may be well by then.

        The claims' attempts were opened for the first lane; those that go by another are noted. Blocks.
        """
        orders = self._orders(claims, lanes)
        if all(order[0] is lanes[0] and not order[0].is_counted for order in orders):
            return [lanes[0]] * len(claims)
        now = self._clock()
        with self._database.write() as conn:
            counted = [(claim, order) for claim, order in zip(claims, orders, strict=True) if order[0].is_counted]
            grants = windows.grant_first(conn, [[lane.want(claim) for lane in order] for claim, order in counted])
            ways = {grant.key: grant.way for grant in grants.granted}
            refused = {refusal.key: refusal for refusal in grants.refused}
            routed = [
                None if claim.delivery_id in refused else order[ways.get(claim.delivery_id, 0)]
                for claim, order in zip(claims, orders, strict=True)
            ]
            waits = {
                key: refusal.wait if longest is None else min(refusal.wait, longest) for key, refusal in refused.items()
            }
            _postpone(conn, [claim for claim in claims if claim.delivery_id in refused], waits, now)
            for other in lanes[1:]:
                note_account(conn, [c for c, lane in zip(claims, routed, strict=True) if lane is other], other.account)
        for lane in lanes:
            wait = grants.full.get(lane.scope.name)
            lane.opens_at = None if wait is None else now + wait
        # Letters of earlier claims may still be in hand, so their grants are kept.
        self._grants.update({grant.key: grant for grant in grants.granted})
        return routed

    def give_back(self, claims: Sequence[Claim]) -> None:
        """Returns the grants of letters that did not set out. Blocks; raises `Unavailable`."""
        grants = [self._grants.pop(claim.delivery_id) for claim in claims if claim.delivery_id in self._grants]
        if grants:
            with self._database.write() as conn:
                windows.give_back(conn, grants)

    def _orders(self, claims: Sequence[Claim], lanes: Sequence[Lane]) -> list[list[Lane]]:
        """Which lanes each letter asks, in order. Only the first letter may go as a probe."""
        again = [claim for claim in claims if claim.epoch > 1] if len(lanes) > 1 else []
        known: Mapping[str, str] = {}
        if again:
            with self._database.read() as conn:
                known = accounts_known(conn, again)
        open_lanes = [lane for lane in lanes if not lane.is_probe]
        orders: list[list[Lane]] = []
        for claim in claims:
            before = known.get(claim.delivery_id)
            choice = open_lanes if orders else lanes
            orders.append(sorted(choice, key=lambda lane: lane.account != before) if before else list(choice))
        return orders


def _postpone(conn: Connection, claims: Sequence[Claim], waits: Mapping[str, dt.timedelta], now: dt.datetime) -> None:
    """Back to the queue, uncharged, until their scope has room."""
    moves = [
        Move(
            claim.delivery_id,
            Fact.RELEASE,
            claim.epoch,
            reason=Reason.LIMIT,
            next_attempt_at=now + waits[claim.delivery_id],
        )
        for claim in claims
    ]
    apply_moves(conn, moves, now=now)
    drop_attempts(conn, claims)
