"""Logging in on the office's pages by an identity provider: people go there, come back with a code, and are looked up.

Nobody gets a login by coming: an admin has made it and linked it. A journey serves once, for ten minutes, in the
browser that began it (RFC 9700 4.7.1); tries are counted as those with passwords are. Only this needs the extra
`oidc`, and loads it when the first person asks.
"""

import asyncio
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.requests import Request

from distributor.log import log
from distributor.oidc.installed import is_installed
from distributor.oidc.journey import Journey, is_secret, journey, new_secret, way_back
from distributor.oidc.trouble import OidcTrouble
from distributor.settings import Oidc, Settings
from distributor.store.database import Database
from distributor.store.identities import NotLinked, recognise
from distributor.store.journeys import begin_journey, end_journey
from distributor.store.sessions import Via, begin_try, forget_tries
from distributor.web.office_here import Guard, Here
from distributor.web.office_login import MOST_TRIES, WITHIN, Answer, Entered, Entrance
from distributor.web.office_oidc_words import NoEntry, ended, not_linked, refused, too_many, troubled
from distributor.words import Words, words

if TYPE_CHECKING:
    from distributor.oidc.provider import Person, Provider

_log = log("office")

#: Logins that wait for the provider at once, in one process.
_MOST_WAITING = 8

#: A code that is longer is none.
_LONGEST_CODE = 4096


@dataclass(frozen=True, slots=True)
class Away:
    """Where the browser goes, and the secret that it keeps until it comes back."""

    to: str
    secret: str


class SignOn:
    """Sends people to the provider of the settings in force, and recognises those who come back."""

    def __init__(
        self,
        database: Database,
        settings: Callable[[], Settings],
        guard: Guard,
        entrance: Entrance,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._guard = guard
        self._entrance = entrance
        self._clock = clock
        self._turn = asyncio.Lock()
        self._open: tuple[Oidc, Provider] | None = None
        self._waiting = 0

    @property
    def offered(self) -> bool:
        """Whether people can log in this way."""
        settings = self._settings()
        return bool(settings.oidc.issuer and settings.office.base_url) and is_installed()

    @property
    def passwords(self) -> bool:
        """Whether passwords count as well."""
        return self._settings().oidc.passwords

    @property
    def label(self) -> Words | str:
        """What people call the provider."""
        return self._settings().oidc.label or words("the identity provider")

    @property
    def cookie(self) -> str:
        """The name of the cookie with a browser's secret."""
        return self._guard.cookie_named("office-oidc")

    async def begin(self, request: Request) -> Away | NoEntry:
        """Begins a login."""
        if self._entrance.crowds(request):
            return too_many(Answer.TOO_MANY)
        if self._waiting >= _MOST_WAITING:
            return too_many(Answer.BUSY)
        kept = request.cookies.get(self.cookie, "")
        secret, state = kept if is_secret(kept) else new_secret(), new_secret()
        self._waiting += 1
        try:
            to = await (await self._provider()).way_there(self._journey(secret, state))
        except OidcTrouble as trouble:
            return self._troubled(trouble)
        finally:
            self._waiting -= 1
        await asyncio.to_thread(self._note, state, secret)
        await asyncio.to_thread(self._guard.end, request)
        return Away(to, secret)

    async def finish(self, request: Request) -> Entered | NoEntry:
        """Lets somebody in who came back, if there is a login for them."""
        secret, state = request.cookies.get(self.cookie, ""), request.query_params.get("state", "")
        if self._waiting >= _MOST_WAITING:
            return too_many(Answer.BUSY)
        if not await asyncio.to_thread(self._take, state, secret):
            _log.warning("office.oidc_foreign_state")
            return too_many(Answer.TOO_MANY) if self._entrance.crowds(request) else ended()
        self._waiting += 1
        try:
            return await self._redeemed(request, self._journey(secret, state))
        except OidcTrouble as trouble:
            return self._troubled(trouble)
        finally:
            self._waiting -= 1

    async def way_out(self, here: Here) -> str:
        """Where somebody who came in this way can log out of the provider too; empty when there is no such page."""
        if here.via is not Via.OIDC or not self.offered:
            return ""
        try:
            return await (await self._provider()).way_out(f"{self._settings().office.base_url}/office/login")
        except OidcTrouble as trouble:
            _log.warning("office.oidc_trouble", fault=trouble.fault.value, why=str(trouble.reason))
            return ""

    async def close(self) -> None:
        """Ends the connections."""
        if self._open:
            await self._open[1].close()
            self._open = None

    async def _redeemed(self, request: Request, begun: Journey) -> Entered | NoEntry:
        query, provider = request.query_params, await self._provider()
        await provider.require_issuer(query.get("iss"))
        code, error = query.get("code", ""), query.get("error", "")
        if error or not code or len(code) > _LONGEST_CODE:
            _log.warning("office.oidc_refused", said=error[:40])
            return refused(self._settings(), self.label, error)
        person = await provider.redeem(code, begun)
        return await asyncio.to_thread(self._recognise, person)

    def _recognise(self, person: "Person") -> Entered | NoEntry:
        now, tried = self._clock(), f"oidc|{person.issuer}|{person.subject}"
        with self._database.write() as conn:
            if not begin_try(conn, tried, now=now, most=MOST_TRIES, within=WITHIN):
                _log.warning("office.too_many", of="a name")
                return too_many(Answer.TOO_MANY)
        with self._database.write() as conn:
            found = recognise(
                conn,
                issuer=person.issuer,
                subject=person.subject,
                email=person.email,
                verified=person.email_verified,
                now=now,
            )
            if isinstance(found, NotLinked):
                _log.warning("office.not_linked", why=found.value, subject=person.subject)
                return not_linked(self._settings(), self.label, found, person.subject, person.email)
            forget_tries(conn, tried)
            token = self._guard.admit(conn, found.key, Via.OIDC)
        _log.info("office.entered", login=found.name, role=found.role, via=Via.OIDC)
        return Entered(token)

    def _journey(self, secret: str, state: str) -> Journey:
        return journey(secret, state, way_back(self._settings().office.base_url))

    def _note(self, state: str, secret: str) -> None:
        with self._database.write() as conn:
            begin_journey(conn, state, secret, now=self._clock())

    def _take(self, state: str, secret: str) -> bool:
        if not self.offered or not is_secret(state) or not is_secret(secret):
            return False
        with self._database.write() as conn:
            return end_journey(conn, state, secret, now=self._clock())

    def _troubled(self, trouble: OidcTrouble) -> NoEntry:
        _log.warning("office.oidc_trouble", fault=trouble.fault.value, why=str(trouble.reason))
        return troubled(self._settings(), self.label, trouble)

    async def _provider(self) -> "Provider":
        """The provider of the settings in force. Raises `OidcTrouble` when no connection can be set up."""
        settings = self._settings().oidc
        async with self._turn:
            if self._open is None or self._open[0] != settings:
                await self.close()
                self._open = (settings, await asyncio.to_thread(_opened, settings, self._clock))
            return self._open[1]


def _opened(settings: Oidc, clock: Callable[[], dt.datetime]) -> "Provider":
    # Only an office that logs in this way needs the library, and only now.
    from distributor.oidc.provider import Provider

    return Provider(settings, clock)
