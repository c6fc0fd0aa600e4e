"""Access tokens: one per app, two hours long, and gone earlier when the platform feels like it.

Source: developer.work.weixin.qq.com/document/path/91039.
"""

import datetime as dt
import secrets

from starlette.requests import Request
from starlette.responses import Response

from distributor.simulators.answers import Refused, ok, peer_of
from distributor.simulators.wecom.company import App, Company

LIFE = dt.timedelta(seconds=7200)


class Tokens:
    """Gives tokens out and tells whose they are."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._tokens: dict[str, tuple[int, dt.datetime]] = {}
        self.given = 0

    async def get(self, request: Request) -> Response:
        """`GET /cgi-bin/gettoken`: the same token while it lives."""
        query = request.query_params
        if query.get("corpid") != self._company.corp_id:
            raise Refused(40013)
        app = next((app for app in self._company.apps.values() if app.secret == query.get("corpsecret")), None)
        if app is None:
            raise Refused(40001)
        if app.disabled:
            raise Refused(50003)
        now = self._company.clock()
        for token, (agent_id, until) in self._tokens.items():
            if agent_id == app.agent_id and until > now:
                return ok(access_token=token, expires_in=int((until - now).total_seconds()))
        token = secrets.token_urlsafe(64)
        self._tokens[token] = (app.agent_id, now + LIFE)
        self.given += 1
        return ok(access_token=token, expires_in=int(LIFE.total_seconds()))

    def app_of(self, request: Request) -> App:
        """The app whose token a request carries, called from an address that may."""
        token = request.query_params.get("access_token", "")
        if not token:
            raise Refused(41001)
        if token not in self._tokens:
            raise Refused(40014)
        agent_id, until = self._tokens[token]
        if until <= self._company.clock():
            raise Refused(42001)
        app = self._company.apps[agent_id]
        if peer_of(request) not in app.trusted:
            raise Refused(60020)
        return app

    def expire_early(self) -> None:
        """All tokens die now, whatever was promised."""
        now = self._company.clock()
        self._tokens = {token: (agent_id, now) for token, (agent_id, _) in self._tokens.items()}
