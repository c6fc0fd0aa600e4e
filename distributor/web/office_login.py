"""Logging in on the office's pages: slow on purpose, counted before it is tried, and silent about which names exist.

An address may try ten times a minute, a name ten times in a quarter of an hour, whoever tries. Each comparison takes
64 MB, so one is made at a time and few wait for it.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request

from distributor.log import log
from distributor.passwords import prepare, verify
from distributor.settings import Settings
from distributor.store.database import Database
from distributor.store.logins import find_login, login_key, password_of, renew_password
from distributor.store.sessions import Via, begin_try, forget_tries
from distributor.web.callers import Guesses, caller
from distributor.web.forms import one_line
from distributor.web.office_here import Guard

_log = log("office")

#: Tries in vain for one name, and within which time they count.
MOST_TRIES, WITHIN = 10, dt.timedelta(minutes=15)

#: Tries a minute from one address, and from one network.
PER_ADDRESS, PER_NETWORK = 10, 60

#: Comparisons that wait for the one that is being made.
_MOST_WAITING = 8


class Answer(Enum):
    """Why somebody did not get in."""

    WRONG = "wrong"
    TOO_MANY = "too_many"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody got in: the token of the new session."""

    token: str


class Entrance:
    """Compares passwords and begins sessions."""

    def __init__(
        self, database: Database, settings: Callable[[], Settings], guard: Guard, clock: Callable[[], dt.datetime]
    ) -> None:
        self._database = database
        self._settings = settings
        self._guard = guard
        self._clock = clock
        self._guesses = Guesses(PER_ADDRESS, PER_NETWORK)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="login")
        self._waiting = 0

    def stop(self) -> None:
        """Gives the thread back."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def crowds(self, request: Request) -> bool:
        """Counts a try from where a request comes. Whether there were too many."""
        if self._guesses.miss(caller(request, self._settings().web.proxies)):
            _log.warning("office.too_many", of="an address")
            return True
        return False

    async def enter(self, request: Request, fields: Mapping[str, str]) -> Entered | Answer:
        """Logs somebody in by the fields of the form. A session that the browser had already is ended."""
        if self.crowds(request):
            return Answer.TOO_MANY
        if self._waiting >= _MOST_WAITING:
            return Answer.BUSY
        self._waiting += 1
        try:
            name, password = one_line(fields.get("name", ""), 80), fields.get("password", "")
            loop = asyncio.get_running_loop()
            answer = await loop.run_in_executor(self._thread, self._compare, name, password)
        finally:
            self._waiting -= 1
        if isinstance(answer, Entered):
            await asyncio.to_thread(self._guard.end, request)
        return answer

    def _compare(self, name: str, password: str) -> Entered | Answer:
        prepare()
        now, key = self._clock(), login_key(name)
        with self._database.write() as conn:
            if not begin_try(conn, key, now=now, most=MOST_TRIES, within=WITHIN):
                _log.warning("office.too_many", of="a name")
                return Answer.TOO_MANY
            kept = password_of(conn, key)
        verdict = verify(password, kept)
        if not verdict.right:
            _log.warning("office.refused")  # not what was typed: people type passwords into the wrong field
            return Answer.WRONG
        with self._database.write() as conn:
            login = find_login(conn, name)
            if login is None or password_of(conn, key) != kept:
                return Answer.WRONG  # removed, or given another password, in this very moment
            if verdict.renewed and kept:
                renew_password(conn, key, kept, verdict.renewed)
            forget_tries(conn, key)
            token = self._guard.admit(conn, key, Via.PASSWORD)
        _log.info("office.entered", login=login.name, role=login.role)
        return Entered(token)
