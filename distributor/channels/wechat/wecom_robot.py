"""The robot channel: one message to one group chat. The recipient is the name of a robot in the settings.

A robot gives no id, no receipt and no recall, and knows no duplicate check: when no answer can be read, nobody
knows (developer.work.weixin.qq.com/document/path/91770). Files are uploaded before the words are said, and shown
after them; the words alone are the bulletin, so a file that is not taken takes nothing back. Robots share an account
in name only: no refusal of one stops the others (ADR 0027).
"""

import json
from collections.abc import Mapping

from distributor.channels.base import Checkpoint, File, Message
from distributor.channels.wechat.interface import Answer, Interface, Unanswered
from distributor.channels.wechat.meaning import refused_in_chat
from distributor.channels.wechat.wecom import take_step
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.discretion import keep_secret
from distributor.errors import BadInput
from distributor.settings.wecom import WeComRobot
from distributor.words import say

_SEND, _UPLOAD = "/cgi-bin/webhook/send", "/cgi-bin/webhook/upload_media"


class WeComRobotChannel:
    """A `Channel` to group chats, each through its own robot."""

    def __init__(self, robots: Mapping[str, WeComRobot], *, name: str = "wecom_robot") -> None:
        self.name = name
        self._robots = robots
        self._interfaces: dict[str, Interface] = {}

    async def open(self) -> None:
        """A webhook has no login."""

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Says one message in one chat. Raises only `ClaimLost`, or what the checkpoint raises."""
        name = message.envelope.recipient
        account = self._robots.get(name)
        if account is None:
            text = say("There is no robot {name} in the settings.", name=name)
            return Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.CONNECT, Reply(text=text))
        try:
            query = {"key": account.robot_key()}
        except BadInput as error:
            # This chat's trouble alone: the other robots have keys of their own.
            return Outcome(Verdict.DEFERRED, Fault.NONE, Stage.UPLOAD, Reply(text=str(error)))
        keep_secret(query["key"])
        interface = self._interfaces.get(name) or self._interfaces.setdefault(name, Interface(account))
        return await _Robot(interface, query).say(message, checkpoint)

    async def close(self) -> None:
        """Ends the connections; never raises."""
        interfaces, self._interfaces = self._interfaces, {}
        for interface in interfaces.values():
            await interface.close()


class _Robot:
    """One robot's webhook."""

    def __init__(self, interface: Interface, query: Mapping[str, str]) -> None:
        self._interface = interface
        self._query = query

    async def say(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Uploads the files, says the words, shows the files."""
        media = []
        for file in message.files:
            uploaded = await self._upload(file)
            if isinstance(uploaded, Outcome):
                return uploaded
            media.append(uploaded)
        await take_step(checkpoint)
        outcome = await self._words(message.body)
        if outcome.verdict is not Verdict.ACCEPTED:
            return outcome
        trouble = [found for media_id in media if (found := await self._show(media_id))]
        return Outcome(Verdict.ACCEPTED, stage=Stage.REQUEST, reply=Reply(0, text="; ".join(trouble) or "ok"))

    async def _upload(self, file: File) -> str | Outcome:
        query = {**self._query, "type": "file"}
        try:
            answer = await self._interface.upload(_UPLOAD, file.name, file.content, file.media_type, query)
        except Unanswered as trouble:
            return Outcome(Verdict.DEFERRED, Fault.NETWORK, Stage.UPLOAD, Reply(text=trouble.reason))
        return refused_in_chat(answer, Stage.UPLOAD) if answer.errcode else answer.text("media_id")

    async def _words(self, body: bytes) -> Outcome:
        try:
            answer = await self._interface.post(_SEND, body, self._query)
        except Unanswered as trouble:
            verdict = Verdict.UNKNOWN if trouble.sent else Verdict.DEFERRED
            return Outcome(verdict, Fault.NETWORK, Stage.REQUEST, Reply(text=trouble.reason))
        if answer.errcode:
            return refused_in_chat(answer, Stage.REQUEST)
        return Outcome(Verdict.ACCEPTED, stage=Stage.REQUEST)

    async def _show(self, media_id: str) -> str:
        """Shows an uploaded file; empty, or why the chat goes without it."""
        body = json.dumps({"msgtype": "file", "file": {"media_id": media_id}}).encode()
        try:
            answer: Answer = await self._interface.post(_SEND, body, self._query)
        except Unanswered as trouble:
            return say("The file may be missing: {reason}.", reason=trouble.reason)
        return (
            say("The file is missing: {reason}.", reason=f"{answer.errcode} {answer.errmsg}") if answer.errcode else ""
        )
