"""Access tokens, the stable kind and the old kind of which only the newest is good; and how often they may be used.

Source: developers.weixin.qq.com, getStableAccessToken, getAccessToken and openapi/quota/get.
"""

import datetime as dt
import secrets
from collections import Counter
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from distributor.simulators.answers import Refused, document, ok, peer_of
from distributor.simulators.official_account.account import Account

LIFE = dt.timedelta(seconds=7200)
_CHINA = ZoneInfo("Asia/Shanghai")
_DAILY_CALLS = 1000


class Tokens:
    """Gives tokens out and tells whether one is good."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._stable: tuple[str, dt.datetime] = ("", account.clock())
        self._old: tuple[str, dt.datetime] = ("", account.clock())
        self._calls: Counter[tuple[str, dt.date]] = Counter()
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
        """Refuses a request without a good token, and one more call than the day allows; counts the others."""
        token, now = request.query_params.get("access_token", ""), self._account.clock()
        if not token:
            raise Refused(41001)
        for good, until in (self._stable, self._old):
            if token == good:
                if until <= now:
                    raise Refused(42001)
                self._count(request.url.path, now)
                return
        raise Refused(40001)

    def _count(self, path: str, now: dt.datetime) -> None:
        day = now.astimezone(_CHINA).date()
        if self._calls[path, day] >= self._allowed(path):
            raise Refused(45009)
        self._calls[path, day] += 1

    def _allowed(self, path: str) -> int:
        return self._account.daily_calls.get(path, _DAILY_CALLS)

    async def quota(self, request: Request) -> Response:
        """`POST /cgi-bin/openapi/quota/get`: how often one interface was called today, and may be."""
        self.need(request)
        path = (await document(request)).get("cgi_path")
        if not isinstance(path, str) or not path.startswith("/cgi-bin/"):
            raise Refused(76021, "cgi_path not found, please check")
        used, allowed = self._calls[path, self._account.clock().astimezone(_CHINA).date()], self._allowed(path)
        return ok(quota={"daily_limit": allowed, "used": used, "remain": max(allowed - used, 0)})

    def expire_early(self) -> None:
        """All tokens die now, whatever was promised."""
        now = self._account.clock()
        self._stable, self._old = (self._stable[0], now), (self._old[0], now)
