"""Access tokens: the stable kind, and the old kind of which only the newest is good.

Source: developers.weixin.qq.com, getStableAccessToken and getAccessToken.
"""

import datetime as dt
import secrets

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from distributor.simulators.answers import Refused, document, peer_of
from distributor.simulators.official_account.account import Account

LIFE = dt.timedelta(seconds=7200)


class Tokens:
    """Gives tokens out and tells whether one is good."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._stable: tuple[str, dt.datetime] = ("", account.clock())
        self._old: tuple[str, dt.datetime] = ("", account.clock())
        self.given = 0

    async def stable(self, request: Request) -> Response:
        """`POST /cgi-bin/stable_token`: the same token while it lives."""
        form = await document(request)
        self._check(request, form.get("appid"), form.get("secret"))
        if form.get("grant_type") != "client_credential":
            raise Refused(40002, "invalid grant_type")
        if self._stable[1] <= self._account.clock() or form.get("force_refresh"):
            self._stable = self._new()
        return self._answer(self._stable)

    async def old(self, request: Request) -> Response:
        """`GET /cgi-bin/token`: each call ends the token before."""
        query = request.query_params
        self._check(request, query.get("appid"), query.get("secret"))
        self._old = self._new()
        return self._answer(self._old)

    def _check(self, request: Request, app_id: object, secret: object) -> None:
        if peer_of(request) not in self._account.trusted:
            raise Refused(40164)
        if app_id != self._account.app_id:
            raise Refused(40013, "invalid appid")
        if secret != self._account.secret:
            raise Refused(40001)

    def _new(self) -> tuple[str, dt.datetime]:
        self.given += 1
        return secrets.token_urlsafe(96), self._account.clock() + LIFE

    def _answer(self, token: tuple[str, dt.datetime]) -> Response:
        left = int((token[1] - self._account.clock()).total_seconds())
        return JSONResponse({"access_token": token[0], "expires_in": left})

    def need(self, request: Request) -> None:
        """Refuses a request without a good token."""
        token, now = request.query_params.get("access_token", ""), self._account.clock()
        if not token:
            raise Refused(41001)
        for good, until in (self._stable, self._old):
            if token == good:
                if until <= now:
                    raise Refused(42001)
                return
        raise Refused(40001)

    def expire_early(self) -> None:
        """All tokens die now, whatever was promised."""
        now = self._account.clock()
        self._stable, self._old = (self._stable[0], now), (self._old[0], now)
