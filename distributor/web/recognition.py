"""Who reads the page inside WeCom: its browser is sent to the platform once, and comes back with a code that tells.

Only WeCom's own browser can go that way (snsapi_base asks the reader nothing), so everybody else gets the plain page,
and so does whoever comes back unrecognised or while the platform is silent: nobody is sent there twice for one
visit. The state is bound to the copy, lives for ten minutes and serves once. Source: developer.work.weixin.qq.com/
document/path/91022 and 91023.
"""

import asyncio
import datetime as dt
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from distributor.channels.wechat.interface import Unanswered
from distributor.channels.wechat.token import NoToken
from distributor.channels.wechat.wecom import App
from distributor.errors import BadInput
from distributor.log import log
from distributor.receipts.tokens import Purpose, TokenKey
from distributor.settings import Settings, WeComApp
from distributor.store.visits import Visit

_log = log("web")

#: The platform takes letters and digits only, and 128 of them at most.
_STATE = re.compile(r"([0-9a-f]{1,12})x([0-9a-f]{16})x([a-z2-7]{32})")
_MEMBER = re.compile(r"[\w.@-]{1,64}", re.ASCII)

LIFE = dt.timedelta(minutes=10)

#: A reader waits for the platform no longer than this, in seconds; then the page comes without a name.
PATIENCE = 3.0

#: So many used states are remembered; the platform's code serves only once all the same.
_MOST = 10_000


class Recognition:
    """Recognises readers by the first app of the settings that may send them to the platform."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        key: TokenKey,
        clock: Callable[[], dt.datetime],
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._settings = settings
        self._key = key
        self._clock = clock
        self._patience = patience
        self._used: OrderedDict[str, None] = OrderedDict()
        self._apps: dict[WeComApp, App] = {}

    def detour(self, request: Request, visit: Visit) -> Response | None:
        """The way to the platform and back; None for whoever need not, cannot or did already go."""
        app = self._account()
        known = {"code", "state"} & set(request.query_params)
        inside = "wxwork" in request.headers.get("user-agent", "").lower()
        if app is None or known or not inside or visit.channel != "wecom" or request.method != "GET":
            return None
        page = f"{self._settings().office.base_url.rstrip('/')}/b/{request.path_params['token']}"
        query = (
            f"appid={quote(app.corp_id, safe='')}&redirect_uri={quote(page, safe='')}&response_type=code"
            f"&scope=snsapi_base&state={self._issue(visit)}&agentid={app.agent_id}"
        )
        return RedirectResponse(f"{app.oauth_url.rstrip('/')}/connect/oauth2/authorize?{query}#wechat_redirect", 302)

    async def member(self, request: Request, visit: Visit) -> str:
        """The account of the member who came back from the platform; empty when nobody can tell."""
        code, app = request.query_params.get("code", ""), self._account()
        if not code or len(code.encode()) > 512 or app is None:
            return ""
        if not self._take(request.query_params.get("state", ""), visit):
            _log.warning("reader.foreign_state", delivery=visit.delivery_id)
            return ""
        try:
            return await asyncio.wait_for(self._ask(app, code), self._patience)
        except (BadInput, NoToken, Unanswered, TimeoutError) as trouble:
            _log.warning("reader.unrecognised", delivery=visit.delivery_id, kind=type(trouble).__name__)
            return ""

    def proof(self, visit: Visit, nonce: str, member: str) -> str:
        """What makes a form's word for who is reading ours: good for this copy and this issue of the button."""
        return self._key.token(Purpose.PRESS, f"member|{visit.delivery_id}|{nonce}|{member.lower()}")

    def proven(self, visit: Visit, nonce: str, member: str, proof: str) -> bool:
        """Whether a form's word for who is reading is ours."""
        expected = self.proof(visit, nonce, member)
        return bool(member) and hmac.compare_digest(expected.encode(), proof.encode("utf-8", "replace"))

    async def stop(self) -> None:
        """Ends the connections."""
        for app in self._apps.values():
            await app.close()
        self._apps.clear()

    async def _ask(self, account: WeComApp, code: str) -> str:
        app = self._apps.get(account)
        if app is None:
            secret = await asyncio.to_thread(account.app_secret)
            app = self._apps.setdefault(account, App(account, secret))
        answer = await app.look("/cgi-bin/auth/getuserinfo", {"code": code})
        member = answer.text("userid")
        if answer.errcode or not _MEMBER.fullmatch(member):
            _log.info("reader.no_member", errcode=answer.errcode)
            return ""
        return member

    def _account(self) -> WeComApp | None:
        settings = self._settings()
        found = next((app for app in settings.wecom.values() if app.oauth_url), None)
        return found.found_from(settings.home) if found and settings.office.base_url else None

    def _issue(self, visit: Visit) -> str:
        issued = f"{round(self._clock().timestamp()):x}x{secrets.token_hex(8)}"
        return f"{issued}x{self._signature(visit, issued)}"

    def _take(self, state: str, visit: Visit) -> bool:
        """Whether a state is ours, for this copy, in time and new; it is used up then."""
        match = _STATE.fullmatch(state)
        if match is None or state in self._used:
            return False
        signature = self._signature(visit, f"{match[1]}x{match[2]}")
        age = self._clock() - dt.datetime.fromtimestamp(int(match[1], 16), dt.UTC)
        if not hmac.compare_digest(signature, match[3]) or not -LIFE < age < LIFE:
            return False
        self._used[state] = None
        while len(self._used) > _MOST:
            self._used.popitem(last=False)
        return True

    def _signature(self, visit: Visit, issued: str) -> str:
        return self._key.token(Purpose.PRESS, f"state|{visit.delivery_id}|{issued}")
