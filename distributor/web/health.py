"""Two questions of whoever watches the service: does the process live, and can it do its work?

`/healthz` asks only the event loop: when it fails, a restart helps. `/readyz` asks what the work depends on and
answers 503 with reasons; a restart would not help then, a person does. Its probes run in threads and have an end,
however long the database is locked.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from distributor.delivery.breaker import Standing
from distributor.errors import Unavailable
from distributor.reports.resting import reason_words
from distributor.store.breakers import breakers
from distributor.store.database import Database
from distributor.store.inspection import require_writable, tables_are_current
from distributor.store.pauses import ALL, account_rests, paused
from distributor.words import Words, words

#: A page that watches is asked every few seconds; it must not wait for a lock as long as a writer does.
PATIENCE = dt.timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the service cannot do its work: a stable code, and a sentence."""

    code: str
    what: Words


NO_ACCOUNT = words("No mail account is set up: nothing can be sent.")

#: Looks at one thing the work depends on; None when it is well. May block.
Probe = Callable[[], Reason | None]


def database_probe(database: Database) -> Probe:
    """The database takes writes, and its tables are those of this program."""

    def look() -> Reason | None:
        try:
            require_writable(database)
            with database.read() as conn:
                current = tables_are_current(conn)
        except Unavailable as error:
            return Reason(error.code, error.what)
        return None if current else Reason("tables", words("The tables are not those of this version."))

    return look


def clock_probe(
    last_tick: Callable[[], dt.datetime | None],
    now: Callable[[], dt.datetime],
    *,
    limit: dt.timedelta,
    fails: Callable[[], str | None] = lambda: None,
) -> Probe:
    """The clock's duties were done within `limit`; both times in UTC. A last tick in the future does not count.

    `fails` says why they cannot be done, when that is known before the limit is over.
    """

    def look() -> Reason | None:
        if error := fails():
            return Reason("clock", words("The clock's duties cannot be done: {error}", error=error))
        last, moment = last_tick(), now()
        if last is None:
            return Reason("clock", words("The service has just started: the clock's duties were not done yet."))
        if dt.timedelta() <= moment - last <= limit:
            return None
        seconds = round((moment - last).total_seconds())
        return Reason("clock", words("The clock's duties were last done {seconds} s ago.", seconds=seconds))

    return look


def pause_probe(database: Database) -> Probe:
    """Nobody has paused everything."""

    def look() -> Reason | None:
        try:
            with database.read() as conn:
                rests = [pause for pause in paused(conn) if pause.scope == ALL]
        except Unavailable:
            return None  # the database's own probe says so
        if not rests:
            return None
        return Reason("paused", words("Everything is paused: {reason}", reason=reason_words(rests[0].reason)))

    return look


def account_probe(has_account: Callable[[], bool]) -> Probe:
    """There is a mail account to send through."""

    def look() -> Reason | None:
        return None if has_account() else Reason("no_account", NO_ACCOUNT)

    return look


def left_alone_probe(database: Database, names: Callable[[], Collection[str]]) -> Probe:
    """At least one of the mail accounts may be used: no trouble has closed it, and nobody has paused it.

    While everything is paused that is the reason, and no account is.
    """

    def look() -> Reason | None:
        try:
            with database.read() as conn:
                rests = paused(conn)
                shut = {one.account: one.text for one in breakers(conn) if one.standing is Standing.OPEN}
        except Unavailable:
            return None  # the database's own probe says so
        known = names()
        if any(pause.scope == ALL for pause in rests):
            return None
        if not known or any(name not in shut and not account_rests(rests, name) for name in known):
            return None
        troubles = "; ".join(f"{name}: {shut[name]}" if name in shut else name for name in known)
        return Reason("accounts", words("No mail account can be used now: {accounts}", accounts=troubles))

    return look


class Readiness:
    """Asks all probes at once. While they are being asked, others who want to know wait for the same answer."""

    def __init__(self, probes: Sequence[Probe], *, patience: dt.timedelta = PATIENCE) -> None:
        self._probes = tuple(probes)
        self._patience = patience.total_seconds()
        self._asking: asyncio.Task[list[Reason | None]] | None = None

    async def reasons(self) -> tuple[Reason, ...]:
        """Why the service is not ready; none when it is."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            # A probe that is stuck goes on alone, so that there is never more than one of it.
            found = await asyncio.wait_for(asyncio.shield(self._asking), self._patience)
        except TimeoutError:
            what = words("The database did not answer within {limit:g} seconds.", limit=self._patience)
            return (Reason("database_slow", what),)
        return tuple(reason for reason in found if reason is not None)

    async def _ask(self) -> list[Reason | None]:
        return await asyncio.gather(*(asyncio.to_thread(probe) for probe in self._probes))


def health_routes(readiness: Readiness) -> list[Route]:
    """`/healthz` and `/readyz`, both GET and HEAD."""

    async def healthz(request: Request) -> JSONResponse:
        return JSONResponse({"alive": True})

    async def readyz(request: Request) -> JSONResponse:
        reasons = await readiness.reasons()
        shown = [{"code": reason.code, "what": str(reason.what)} for reason in reasons]
        return JSONResponse({"ready": not reasons, "reasons": shown}, 503 if reasons else 200)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
