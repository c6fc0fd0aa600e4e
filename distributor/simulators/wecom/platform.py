"""The whole platform as one application: `/cgi-bin/…` as the vendor has it, with scripted faults in front."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from distributor.channels.wechat.seal import Seal
from distributor.simulators.answers import Refused, ok, wecom_refusal
from distributor.simulators.faults import Faults
from distributor.simulators.routes import Routes
from distributor.simulators.wecom.callbacks import Callbacks
from distributor.simulators.wecom.company import Company
from distributor.simulators.wecom.contacts import Contacts
from distributor.simulators.wecom.media import Shelf
from distributor.simulators.wecom.messages import Messages
from distributor.simulators.wecom.robot import Robots
from distributor.simulators.wecom.tokens import Tokens


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
        routes = Routes(self.faults, wecom_refusal)
        self.app = Starlette(
            routes=[
                routes.get("/cgi-bin/gettoken", self.tokens.get),
                routes.post("/cgi-bin/message/send", self.messages.send),
                routes.post("/cgi-bin/message/recall", self.messages.recall),
                routes.post("/cgi-bin/message/update_template_card", self.messages.update_card),
                routes.post("/cgi-bin/message/get_statistics", self.messages.statistics),
                routes.post("/cgi-bin/media/upload", self._upload),
                routes.post("/cgi-bin/media/uploadimg", self._picture),
                routes.post("/cgi-bin/user/getuserid", self.contacts.by_mobile),
                routes.post("/cgi-bin/user/get_userid_by_email", self.contacts.by_email),
                routes.get("/cgi-bin/auth/getuserinfo", self.contacts.who),
                routes.get("/cgi-bin/agent/get", self._agent),
                routes.post("/cgi-bin/webhook/send", self.robots.send),
                routes.post("/cgi-bin/webhook/upload_media", self.robots.upload),
            ]
        )

    async def _upload(self, request: Request) -> Response:
        self.tokens.app_of(request)
        return await self.shelf.put(request, request.query_params.get("type", ""))

    async def _picture(self, request: Request) -> Response:
        self.tokens.app_of(request)
        return await self.shelf.put_picture(request)

    async def _agent(self, request: Request) -> Response:
        """`GET /cgi-bin/agent/get`: who sees the app (developer.work.weixin.qq.com/document/path/90227)."""
        app = self.tokens.app_of(request)
        if request.query_params.get("agentid") != str(app.agent_id):
            raise Refused(40056)
        seen = sorted(self.company.members if app.visible is None else app.visible)
        users = [{"userid": name} for name in seen]
        return ok(agentid=app.agent_id, name="简报", close=int(app.disabled), allow_userinfos={"user": users})
