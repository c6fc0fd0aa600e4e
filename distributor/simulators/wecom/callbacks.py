"""The event of a pressed button. Source: developer.work.weixin.qq.com/document/path/90240."""

from xml.sax.saxutils import escape

from distributor.channels.wechat.seal import Seal
from distributor.simulators.callbacks import Call, sealed_call
from distributor.simulators.wecom.company import Company, Shown
from distributor.simulators.wecom.messages import Messages


class Callbacks:
    """What WeCom tells our callback address."""

    def __init__(self, company: Company, messages: Messages, seal: Seal) -> None:
        self._company = company
        self._messages = messages
        self.seal = seal

    def press(self, shown: Shown, key: str) -> Call:
        """A member presses a card's button."""
        return self.sealed(self.event(shown, key))

    def sealed(self, message: str) -> Call:
        """Any event, under signature and encryption."""
        return sealed_call(self.seal, message, receiver=self._company.corp_id, at=self._company.clock())

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
