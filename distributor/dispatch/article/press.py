"""One process at work with one Official Account: its place, its connections, its way to the database.

One process at a time works with an account (a lease by the database's clock). Whoever was frozen past the lease
writes nothing any more before a request; what the platform answered to a request is always written.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.official_account import OfficialAccount
from distributor.errors import BadInput, Refused
from distributor.settings import OfficialAccountSettings, Settings
from distributor.store import leases
from distributor.store.articles import Overtaken
from distributor.store.database import Connection, Database, retrying
from distributor.store.turns import FREEZE, take_turn
from distributor.words import words

T = TypeVar("T")
Clock = Callable[[], dt.datetime]

#: A step asks for a token and makes its request, each of them twice at most.
_REQUESTS = 4
_SHORTEST = dt.timedelta(minutes=5)
_PAUSE = 0.5


class AccountBusy(Refused):
    """Another process is at work with the account."""

    code = "account_busy"


class PlaceLost(Refused):
    """This process was away for so long that another one may be at work."""

    code = "place_lost"


class NotNow(Refused):
    """The article does not stand where this step begins."""

    code = "not_now"


@dataclass
class Press:
    """An account to work with. `name` is that of its table in the settings."""

    database: Database
    name: str
    settings: OfficialAccountSettings
    platform: OfficialAccount
    clock: Clock
    owner: str
    lease: leases.Lease

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction before a request.

        Raises `PlaceLost` when the place is another's, `NotNow` when somebody else has moved the article.
        """
        try:
            return await asyncio.to_thread(self._write, work)
        except Overtaken:
            what = words("The article was moved by somebody else meanwhile.")
            raise NotNow(what, do=words("Look where it stands with `distributor article`, and try again.")) from None

    async def book(self, work: Callable[[Connection], T]) -> T:
        """One transaction after a request: what was said is true whoever has the place."""
        return await asyncio.to_thread(retrying, self.database, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """One look."""
        return await asyncio.to_thread(self._read, work)

    async def ask(self, request: Awaitable[T]) -> T:
        """A request that ends, one way or the other, well before the place is another's. Raises `Unanswered` too."""
        try:
            async with asyncio.timeout(_bound(self.settings).total_seconds()):
                return await request
        except TimeoutError:
            raise Unanswered("timeout", sent=True) from None

    def _write(self, work: Callable[[Connection], T]) -> T:
        with self.database.write() as conn:
            take_turn(conn, FREEZE)  # the text must not be exchanged between the look at it and the mark
            held = leases.renew(conn, self.lease, _length(self.settings))
            if held is None:
                what = words("Another process may be at work with the Official Account {name}.", name=self.name)
                raise PlaceLost(what, do=words("Look where it stands with `distributor article`, and try again."))
            return work(conn)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.database.read() as conn:
            return work(conn)


def account_of(settings: Settings, name: str | None) -> tuple[str, OfficialAccountSettings]:
    """The account that is meant, its files found; the only one when no name is given. Raises `BadInput`."""
    accounts = settings.official_account
    if not accounts:
        what = words("No Official Account is set.")
        raise BadInput(what, do=words("Add a table [official_account.main] to distributor.toml."))
    if name is None and len(accounts) > 1:
        what = words("There are several Official Accounts: {names}.", names=", ".join(accounts))
        raise BadInput(what, do=words("Name one with --account."))
    chosen = name or next(iter(accounts))
    if chosen not in accounts:
        what = words("There is no Official Account {name} in the settings.", name=chosen)
        raise BadInput(what, do=words("The settings have: {names}.", names=", ".join(accounts)))
    return chosen, accounts[chosen].found_from(settings.home)


@contextlib.asynccontextmanager
async def at_work(
    database: Database,
    settings: Settings,
    name: str,
    *,
    owner: str,
    clock: Clock,
    patience: dt.timedelta = dt.timedelta(),
) -> AsyncIterator[Press]:
    """Takes the place at an account, waiting for it for `patience`.

    Raises `AccountBusy` when another has it, `BadInput` when the account or its secret is missing.
    """
    chosen, account = account_of(settings, name)
    platform = OfficialAccount(account, account.app_secret())
    try:
        lease = await _place(database, chosen, account, owner, patience)
        try:
            yield Press(database, chosen, account, platform, clock, owner, lease)
        finally:
            await asyncio.to_thread(_give_up, database, lease)
    finally:
        await platform.close()


def place_of(name: str) -> str:
    """The name of the lease of an account."""
    return f"article:{name}"


async def _place(
    database: Database, name: str, account: OfficialAccountSettings, owner: str, patience: dt.timedelta
) -> leases.Lease:
    def take() -> leases.Lease | None:
        with database.write() as conn:
            return leases.take(conn, place_of(name), owner, _length(account))

    for left in range(int(patience.total_seconds() / _PAUSE), -1, -1):
        if (lease := await asyncio.to_thread(take)) is not None:
            return lease
        if left:
            await asyncio.sleep(_PAUSE)
    what = words("Another process is at work with the Official Account {name}.", name=name)
    raise AccountBusy(what, do=words("Try again in a minute; after a crash its place is free within minutes."))


def _give_up(database: Database, lease: leases.Lease) -> None:
    with database.write() as conn:
        leases.give_up(conn, lease)


def _bound(account: OfficialAccountSettings) -> dt.timedelta:
    return account.timeout * _REQUESTS


def _length(account: OfficialAccountSettings) -> dt.timedelta:
    return max(_bound(account) * 2, _SHORTEST)
