"""What the platform tells our callback address: the proof of the address, pressed buttons.

Each is signed and encrypted; an answer that does not come within five seconds is asked for again, three times in
all. Source: developer.work.weixin.qq.com/document/path/90930, 90240 and 90241.
"""

import secrets
from dataclasses import dataclass
from xml.sax.saxutils import escape

import defusedxml.ElementTree
import httpx2

from distributor.channels.wechat.seal import Seal
from distributor.simulators.wecom.company import Company, Shown
from distributor.simulators.wecom.messages import Messages

TRIES = 3
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """One signed request, ready to be made, to be made twice, or to be spoilt by a test first."""

    query: dict[str, str]
    body: str = ""


class Callbacks:
    """Calls our address as the platform would."""

    def __init__(self, company: Company, messages: Messages, seal: Seal) -> None:
        self._company = company
        self._messages = messages
        self._seal = seal

    def sealed(self, message: str) -> Call:
        """An event under signature and encryption."""
        encrypted = self._seal.close(message.encode())
        corp = self._company.corp_id
        body = f"<xml><ToUserName><![CDATA[{corp}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
        return Call(self._signed(encrypted, "msg_signature"), body)

    def proof(self, echo: str) -> Call:
        """The question that proves an address: it must answer with `echo`, and nothing else."""
        encrypted = self._seal.close(echo.encode())
        return Call({**self._signed(encrypted, "msg_signature"), "echostr": encrypted})

    def _signed(self, encrypted: str, name: str) -> dict[str, str]:
        timestamp, nonce = str(int(self._company.clock().timestamp())), secrets.token_hex(8)
        return {name: self._seal.signature(timestamp, nonce, encrypted), "timestamp": timestamp, "nonce": nonce}

    def press(self, shown: Shown, key: str) -> Call:
        """A member presses a card's button."""
        return self.sealed(self.event(shown, key))

    def event(self, shown: Shown, key: str) -> str:
        """The event of a pressed button, as XML."""
        code = self._messages.new_code(shown.msgid)
        fields = {
            "ToUserName": self._company.corp_id,
            "FromUserName": shown.reader,
            "CreateTime": str(int(self._company.clock().timestamp())),
            "MsgType": "event",
            "Event": "template_card_event",
            "EventKey": key,
            "TaskId": str(shown.content.get("task_id", "")),
            "CardType": str(shown.content.get("card_type", "")),
            "ResponseCode": code,
            "AgentID": str(shown.agent_id),
        }
        return f"<xml>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in fields.items())}</xml>"

    async def deliver(self, client: httpx2.AsyncClient, url: str, call: Call) -> httpx2.Response:
        """Makes a call, again when nothing answers. Raises the last error when nobody ever does."""
        for left in range(TRIES - 1, -1, -1):
            try:
                return await client.post(url, params=call.query, content=call.body, timeout=PATIENCE)
            except httpx2.TransportError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    def read_answer(self, answer: httpx2.Response) -> str:
        """The passive answer inside a reply: a change of the card, or empty."""
        if not answer.text.strip():
            return ""
        tree = defusedxml.ElementTree.fromstring(answer.text)
        parts = {name: tree.findtext(name) or "" for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")}
        opened = self._seal.open(
            parts["Encrypt"], signature=parts["MsgSignature"], timestamp=parts["TimeStamp"], nonce=parts["Nonce"]
        )
        return opened.decode()
