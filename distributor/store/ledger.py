"""The one writer of delivery state while sending: durability for many letters with one fsync.

Callers hand in what they want written and wait. A thread commits whatever is waiting as one transaction and then
wakes them; while it commits, the next ones gather. It commits at once, but for one case: while more letters are
between their mark and their outcome than callers wait, it gives those at most `GATHERING` to come too. A caller
that is cancelled while it waits changes nothing: what it handed in is still written.

When the database cannot commit, marks and claims fail at once, so no dot is sent; outcomes are never given up:
they go to the journal and are tried again until they are in. What was to be given back is tried again, too, and so
is the undoing of a claim whose commit may have been lost: nobody else would look after those rows.
"""

import asyncio
import datetime as dt
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection

from distributor.delivery.judgement import Judgement
from distributor.delivery.outcome import Outcome
from distributor.delivery.state import Fact, State
from distributor.errors import DistributorError, Unavailable
from distributor.store import claims
from distributor.store.attempts import drop_attempts
from distributor.store.database import Database
from distributor.store.dispatches import is_held
from distributor.store.journal import OutcomeJournal, journal_path, replay_journal
from distributor.store.moves import Move, apply_moves
from distributor.store.outcomes import Recorded, move_of, write_consequences
from distributor.store.records import Claim
from distributor.store.troubles import Busy
from distributor.words import words

T = TypeVar("T")

#: Seconds between tries to write outcomes that the database does not take; the last one repeats.
PAUSES: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0)

#: Seconds that a commit may wait for letters that are under way, so that one fsync serves more of them. A letter
#: that is alone never waits, and against the answer of a server in a network it is nothing.
GATHERING = 0.001

#: How often a lost connection or a deadlock is tried again before marks and claims fail.
TRIES = 3


@dataclass(frozen=True, slots=True)
class _Mark:
    claim: Claim


@dataclass(frozen=True, slots=True)
class _Release:
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Take:
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Undo:
    """Claims of one owner whose commits failed and may be in all the same, by the times they were made at."""

    owner: str
    at: tuple[dt.datetime, ...]


@dataclass(eq=False, slots=True)
class _Request:
    """Something a caller waits for. `tried`: when commits that may have held it were tried before."""

    wish: _Mark | _Release | _Take | _Undo | Recorded
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    tried: tuple[dt.datetime, ...] = ()
    journalled: bool = False


class Ledger:
    """Writes claims, marks and outcomes for the workers of one process. All times are UTC."""

    def __init__(
        self, database: Database, *, clock: Callable[[], dt.datetime], pauses: Sequence[float] = PAUSES
    ) -> None:
        self._database = database
        self._clock = clock
        self._pauses = pauses
        self._journal = OutcomeJournal(journal_path(database.path)) if database.path else None
        self._waiting: list[_Request] = []
        self._under_way: set[str] = set()  # deliveries that were marked and have no outcome yet
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._end: float | None = None  # monotonic time at which closing gives up on the database

    def start(self) -> None:
        """Writes what an earlier sender left in the journal and begins. Needs the sender lock on SQLite."""
        if self._journal:
            replay_journal(self._database, now=self._clock())
            self._journal.open()
        self._end = None
        self._thread = threading.Thread(target=self._run, name="ledger", daemon=True)
        self._thread.start()

    def close(self, *, patience: dt.timedelta = dt.timedelta(seconds=30)) -> None:
        """Writes everything that waits and ends. After `patience`, outcomes that cannot be written stay journalled."""
        if self._thread is None:
            return
        with self._changed:
            self._end = time.monotonic() + patience.total_seconds()
            self._changed.notify()
        self._thread.join()
        self._thread = None
        if self._journal:
            self._journal.close()

    async def claim(
        self,
        *,
        owner: str,
        limit: int,
        lease: dt.timedelta,
        bulletin_ids: Collection[int] | None = None,
        delivery_ids: Collection[str] | None = None,
        account: str = "",
        channel: str | None = None,
    ) -> list[Claim]:
        """Leases due rows; see `claims.claim`. Raises `Unavailable`."""
        arguments = {"owner": owner, "limit": limit, "lease": lease, "account": account, "channel": channel}
        found: list[Claim] = await self._ask(
            _Take({**arguments, "bulletin_ids": bulletin_ids, "delivery_ids": delivery_ids})
        )
        return found

    async def mark(self, claim: Claim) -> bool:
        """Durably notes that the irrevocable step comes next; False: the claim is lost, do not take it.

        Raises `Unavailable` when it cannot be noted: then, too, the step must not be taken.
        """
        state: State | None = await self._ask(_Mark(claim))
        return state is State.SENDING

    async def record(self, claim: Claim, judgement: Judgement, outcome: Outcome) -> State | None:
        """Writes what an attempt came to; returns the row's new state, or None when the claim was lost.

        Waits as long as it takes; only a ledger that closes over a dead database raises `Unavailable`.
        """
        recorded = Recorded(
            claim.delivery_id,
            claim.epoch,
            claim.dispatch_id,
            claim.channel,
            claim.address,
            judgement,
            outcome,
            self._clock(),
        )
        state: State | None = await self._ask(recorded)
        return state

    async def is_held(self, dispatch_id: int) -> bool:
        """Whether a letter waits for a person by now. Raises `Unavailable`."""

        def look() -> bool:
            with self._database.read() as conn:
                return is_held(conn, dispatch_id)

        return await asyncio.to_thread(look)

    async def release(self, claims: Sequence[Claim]) -> None:
        """Gives rows back untried; no attempt is charged or remembered.

        Raises `Unavailable`: then they go back as soon as the database can be written, or when their leases run out.
        """
        if claims:
            await self._ask(_Release(tuple(claims)))

    async def _ask(self, wish: _Mark | _Release | _Take | Recorded) -> Any:
        loop = asyncio.get_running_loop()
        request = _Request(wish, loop, loop.create_future())
        with self._changed:
            if self._thread is None or self._end is not None:
                raise Unavailable(words("The ledger is closed."))
            self._waiting.append(request)
            if len(self._waiting) == 1 or self._is_enough():  # waking the thread for less costs more than it brings
                self._changed.notify()
        return await request.future

    def _run(self) -> None:
        batch: list[_Request] = []
        try:
            failed = 0
            while batch := batch + self._gather(self._pauses[min(failed, len(self._pauses)) - 1] if batch else None):
                trouble, batch = self._commit(batch)
                failed = failed + 1 if batch else 0
                if self._journal and not batch:
                    self._journal.clear()
                if batch and trouble and self._is_over(batch):
                    _wake([(request, trouble) for request in batch])
                    return
        except Exception as error:  # a fault of the program must not leave callers waiting for ever
            with self._changed:
                self._end = time.monotonic()
                batch, self._waiting = batch + self._waiting, []
            _wake([(request, error) for request in batch])
            raise

    def _gather(self, pause: float | None) -> list[_Request]:
        """Takes all that waits. Without debts it waits for something; with debts not longer than the pause."""
        with self._changed:
            if pause is None:
                self._changed.wait_for(lambda: self._waiting or self._end is not None)
                self._changed.wait_for(self._is_enough, GATHERING)
            elif not self._waiting:
                self._changed.wait(pause)
            taken, self._waiting = self._waiting, []
            return taken

    def _is_over(self, owed: list[_Request]) -> bool:
        """Whether a closing ledger gives up what it owes. For rows that are only to go back, leases will do."""
        with self._changed:
            if self._end is None:
                return False
            in_time = time.monotonic() < self._end
        return not (in_time and any(isinstance(request.wish, Recorded) for request in owed))

    def _is_enough(self) -> bool:
        """Whether what waits is to be committed without waiting for more; a claim has every idle line behind it."""
        return (
            len(self._waiting) >= len(self._under_way)
            or self._end is not None
            or any(isinstance(request.wish, _Take) for request in self._waiting)
        )

    def _commit(self, batch: list[_Request]) -> tuple[DistributorError | None, list[_Request]]:
        """Writes a batch and wakes its callers; returns the trouble and the outcomes that are still owed."""
        try:
            results = self._write(batch)
        except Unavailable as trouble:
            return trouble, self._refuse(batch, trouble)
        except Exception as error:
            # One request that can never be written must not stop the others.
            if len(batch) > 1:
                parts = [self._commit([request]) for request in batch]
                return next((trouble for trouble, _ in parts if trouble), None), [r for _, owed in parts for r in owed]
            _wake([(batch[0], error)])
            return None, []
        self._follow(batch, results)
        _wake(list(zip(batch, results, strict=True)))
        return None, []

    def _follow(self, batch: list[_Request], results: list[Any]) -> None:
        with self._changed:
            for request, result in zip(batch, results, strict=True):
                if isinstance(request.wish, Recorded):
                    self._under_way.discard(request.wish.delivery_id)
                elif isinstance(request.wish, _Mark) and result is State.SENDING:
                    self._under_way.add(request.wish.claim.delivery_id)

    def _write(self, batch: list[_Request]) -> list[Any]:
        tries = 1 if self._database.path else TRIES  # SQLite has waited for its lock already
        for tried in range(1, tries + 1):
            now = self._clock()
            try:
                with self._database.write() as conn:
                    return self._apply(conn, batch, now)
            except Busy:
                for request in batch:
                    request.tried += (now,)
                if tried == tries:
                    raise
                time.sleep(0.1 * tried)
        raise AssertionError("unreachable")

    def _apply(self, conn: Connection, batch: list[_Request], now: dt.datetime) -> list[Any]:
        """Outcomes and releases first, so that a claim of the same batch can have the rows they free."""
        results: dict[_Request, Any] = {}
        outcomes = [request for request in batch if isinstance(request.wish, Recorded)]
        marks = [request for request in batch if isinstance(request.wish, _Mark)]
        given_back = [claim for request in batch if isinstance(request.wish, _Release) for claim in request.wish.claims]
        moves = [
            *(move_of(_wish(request, Recorded), again=bool(request.tried)) for request in outcomes),
            *(Move(claim.delivery_id, Fact.RELEASE, claim.epoch) for claim in given_back),
            *(_mark(_wish(request, _Mark).claim, bool(request.tried)) for request in marks),
        ]
        states = apply_moves(conn, moves, now=now)
        results.update(zip(outcomes, states[: len(outcomes)], strict=True))
        results.update(zip(marks, states[len(moves) - len(marks) :], strict=True))
        recorded = [_wish(request, Recorded) for request in outcomes]
        write_consequences(conn, recorded, states[: len(outcomes)], now=now)
        drop_attempts(conn, given_back)
        for request in batch:
            if isinstance(request.wish, _Undo):
                claims.undo(conn, request.wish.owner, request.wish.at, now=now)
        for request in batch:
            if isinstance(request.wish, _Take):
                if request.tried:
                    claims.undo(conn, request.wish.arguments["owner"], request.tried, now=now)
                results[request] = claims.claim(conn, now=now, **request.wish.arguments)
        return [results.get(request) for request in batch]

    def _refuse(self, batch: list[_Request], trouble: Unavailable) -> list[_Request]:
        """Tells marks, claims and releases that nothing was written; keeps what must be written all the same."""
        outcomes = [request for request in batch if isinstance(request.wish, Recorded)]
        fresh = [request for request in outcomes if not request.journalled]
        if self._journal and fresh and self._journal.append([_wish(request, Recorded) for request in fresh]):
            for request in fresh:
                request.journalled = True
        for request in outcomes:
            request.tried = request.tried or (self._clock(),)
        _wake([(request, trouble) for request in batch if not isinstance(request.wish, Recorded)])
        given_back = [request for request in batch if isinstance(request.wish, _Release | _Undo)]
        lost = [request for request in batch if isinstance(request.wish, _Take) and request.tried]
        undone = [
            _Request(_Undo(_wish(request, _Take).arguments["owner"], request.tried), request.loop, request.future)
            for request in lost
        ]
        return [*outcomes, *given_back, *undone]


def _wish(request: _Request, kind: type[T]) -> T:
    assert isinstance(request.wish, kind)
    return request.wish


def _mark(claim: Claim, again: bool) -> Move:
    return Move(claim.delivery_id, Fact.MARK, claim.epoch, again=again)


def _wake(settled: Sequence[tuple[_Request, Any]]) -> None:
    """Gives results to their callers, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Request, Any]]] = {}
    for request, result in settled:
        by_loop.setdefault(request.loop, []).append((request, result))
    for loop, results in by_loop.items():
        try:
            loop.call_soon_threadsafe(_deliver, results)
        except RuntimeError:
            continue  # the loop was closed: nobody waits any more


def _deliver(results: Sequence[tuple[_Request, Any]]) -> None:
    for request, result in results:
        if request.future.done():
            continue
        if isinstance(result, Exception):
            request.future.set_exception(result)
        else:
            request.future.set_result(result)
