"""The whole platform as one application, and the events it sends to our callback address."""

from xml.sax.saxutils import escape

from starlette.applications import Starlette

from distributor.channels.wechat.seal import Seal
from distributor.simulators.answers import official_refusal
from distributor.simulators.callbacks import Call, sealed_call
from distributor.simulators.faults import Faults
from distributor.simulators.official_account.account import Account, MassSend, Publication
from distributor.simulators.official_account.drafts import Drafts
from distributor.simulators.official_account.outgoing import Outgoing
from distributor.simulators.official_account.tokens import Tokens
from distributor.simulators.routes import Routes


class OfficialAccount:
    """A simulated platform with one account."""

    def __init__(self, account: Account, seal: Seal) -> None:
        self.account = account
        self.faults = Faults()
        self.tokens = Tokens(account)
        self.drafts = Drafts(account, self.tokens)
        self.outgoing = Outgoing(account, self.tokens, self.drafts)
        self._seal = seal
        routes = Routes(self.faults, official_refusal)
        self.app = Starlette(
            routes=[
                routes.post("/cgi-bin/stable_token", self.tokens.stable),
                routes.get("/cgi-bin/token", self.tokens.old),
                routes.post("/cgi-bin/openapi/quota/get", self.tokens.quota),
                routes.post("/cgi-bin/media/uploadimg", self.drafts.picture),
                routes.post("/cgi-bin/material/add_material", self.drafts.material),
                routes.post("/cgi-bin/draft/add", self.drafts.add),
                routes.post("/cgi-bin/draft/get", self.drafts.get),
                routes.post("/cgi-bin/draft/update", self.drafts.update),
                routes.post("/cgi-bin/draft/batchget", self.drafts.batchget),
                routes.post("/cgi-bin/draft/delete", self.drafts.delete),
                routes.get("/cgi-bin/draft/count", self.drafts.count),
                routes.post("/cgi-bin/freepublish/submit", self.outgoing.submit),
                routes.post("/cgi-bin/freepublish/get", self.outgoing.publication),
                routes.post("/cgi-bin/freepublish/batchget", self.outgoing.publications),
                routes.post("/cgi-bin/message/mass/preview", self.outgoing.preview),
                routes.post("/cgi-bin/message/mass/sendall", self.outgoing.send_all),
                routes.post("/cgi-bin/message/mass/get", self.outgoing.mass_send),
                routes.post("/datacube/getarticleread", self.outgoing.readers),
            ]
        )

    def published_event(self, publication: Publication) -> Call:
        """`PUBLISHJOBFINISH`: one publishing task has come to an end."""
        info = f"<publish_id>{publication.publish_id}</publish_id><publish_status>{publication.status}</publish_status>"
        return self._event("PUBLISHJOBFINISH", f"<PublishEventInfo>{info}</PublishEventInfo>")

    def mass_sent_event(self, sent: MassSend, status: str = "send success") -> Call:
        """`MASSSENDJOBFINISH`: one mass send has come to an end."""
        total = self.account.followers
        counts = f"<TotalCount>{total}</TotalCount><FilterCount>{total}</FilterCount><SentCount>{total}</SentCount>"
        return self._event(
            "MASSSENDJOBFINISH",
            f"<MsgID>{sent.msg_id}</MsgID><Status>{escape(status)}</Status>{counts}<ErrorCount>0</ErrorCount>",
        )

    def _event(self, name: str, inner: str) -> Call:
        at = self.account.clock()
        head = (
            f"<ToUserName>gh_bulletin</ToUserName><FromUserName>oPlatform</FromUserName>"
            f"<CreateTime>{int(at.timestamp())}</CreateTime><MsgType>event</MsgType><Event>{name}</Event>"
        )
        return sealed_call(self._seal, f"<xml>{head}{inner}</xml>", receiver="gh_bulletin", at=at)
