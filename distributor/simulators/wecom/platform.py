"""The whole platform as one application: `/cgi-bin/…` as the vendor has it, with scripted faults in front."""

import json
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from distributor.channels.wechat.seal import Seal
from distributor.simulators.faults import Faults, meet
from distributor.simulators.wecom.answers import Refused, ok, peer_of, refusal
from distributor.simulators.wecom.callbacks import Callbacks
from distributor.simulators.wecom.company import Company
from distributor.simulators.wecom.contacts import Contacts
from distributor.simulators.wecom.media import Shelf
from distributor.simulators.wecom.messages import Messages
from distributor.simulators.wecom.robot import Robots
from distributor.simulators.wecom.tokens import Tokens

Endpoint = Callable[[Request], Awaitable[Response]]


class WeCom:
    """A simulated WeCom with one company."""

    def __init__(self, company: Company, seal: Seal) -> None:
        self.company = company
        self.faults = Faults()
        self.tokens = Tokens(company)
        self.shelf = Shelf(company)
        self.messages = Messages(company, self.tokens, self.shelf)
        self.robots = Robots(company, self.shelf)
        self.contacts = Contacts(company, self.tokens)
        self.callbacks = Callbacks(company, self.messages, seal)
        self.app = Starlette(
            routes=[
                self._route("GET", "/cgi-bin/gettoken", self.tokens.get),
                self._route("POST", "/cgi-bin/message/send", self.messages.send),
                self._route("POST", "/cgi-bin/message/recall", self.messages.recall),
                self._route("POST", "/cgi-bin/message/update_template_card", self.messages.update_card),
                self._route("POST", "/cgi-bin/media/upload", self._upload),
                self._route("POST", "/cgi-bin/user/getuserid", self.contacts.by_mobile),
                self._route("POST", "/cgi-bin/user/get_userid_by_email", self.contacts.by_email),
                self._route("GET", "/cgi-bin/auth/getuserinfo", self.contacts.who),
                self._route("GET", "/cgi-bin/agent/get", self._agent),
                self._route("POST", "/cgi-bin/webhook/send", self.robots.send),
                self._route("POST", "/cgi-bin/webhook/upload_media", self.robots.upload),
            ]
        )

    def _route(self, method: str, path: str, work: Endpoint) -> Route:
        async def guarded(request: Request) -> Response:
            try:
                return await work(request)
            except Refused as refused:
                return refusal(refused.errcode, refused.detail, peer=peer_of(request))

        async def endpoint(request: Request) -> Response:
            return await meet(self.faults.next(path, await _reader(request)), request, guarded, refusal)

        return Route(path, endpoint, methods=[method])

    async def _upload(self, request: Request) -> Response:
        self.tokens.app_of(request)
        return await self.shelf.put(request, request.query_params.get("type", ""))

    async def _agent(self, request: Request) -> Response:
        """`GET /cgi-bin/agent/get`: who sees the app (developer.work.weixin.qq.com/document/path/90227)."""
        app = self.tokens.app_of(request)
        if request.query_params.get("agentid") != str(app.agent_id):
            raise Refused(40056)
        seen = sorted(self.company.members if app.visible is None else app.visible)
        users = [{"userid": name} for name in seen]
        return ok(agentid=app.agent_id, name="简报", close=int(app.disabled), allow_userinfos={"user": users})


async def _reader(request: Request) -> str:
    """Who a request is for, if it says so: the robot's key, or the members of a message."""
    if key := request.query_params.get("key"):
        return key
    try:
        return str(json.loads(await request.body()).get("touser", ""))
    except (ValueError, AttributeError):
        return ""
