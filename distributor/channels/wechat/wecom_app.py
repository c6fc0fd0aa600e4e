"""The WeCom app channel: one message to one member, carried as the JSON that the platform shows.

Errcode 0 does not mean that the member got it: whom the platform does not know, or must not serve, stands in
`invaliduser` and `unlicenseduser` beside it, in lower case (developer.work.weixin.qq.com/document/path/90236).
"""

import json
from collections.abc import Iterator

from distributor.channels.base import Checkpoint, Message, OpenFailed
from distributor.channels.wechat.interface import Answer, Unanswered
from distributor.channels.wechat.meaning import WECOM, refused
from distributor.channels.wechat.token import NoToken
from distributor.channels.wechat.wecom import AGAIN, App, take_step, without_token
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict

_SEND = "/cgi-bin/message/send"


class WeComAppChannel:
    """A `Channel` to the members of an enterprise. Lines share the `App`, which its owner closes."""

    def __init__(self, app: App, *, name: str = "wecom") -> None:
        self.name = name
        self._app = app

    async def open(self) -> None:
        """Gets a token. Raises `OpenFailed` with the outcome that every message shares."""
        try:
            await self._app.token.get()
        except (NoToken, Unanswered) as trouble:
            raise OpenFailed(without_token(trouble)) from trouble

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Carries one message. Raises only `ClaimLost`, or what the checkpoint raises."""
        try:
            await self._app.token.get()
        except (NoToken, Unanswered) as trouble:
            return without_token(trouble)
        await take_step(checkpoint)
        return await self._hand_over(message.body, message.envelope.recipient)

    async def close(self) -> None:
        """Nothing of its own to close."""

    async def _hand_over(self, body: bytes, member: str) -> Outcome:
        """The request, made again with the same bytes when nobody knows whether it arrived."""
        doubt = ""
        for wait in self._waits():
            try:
                answer = await self._app.ask(_SEND, body)
            except NoToken as trouble:
                return _unknown(doubt) if doubt else without_token(trouble)
            except Unanswered as trouble:
                if not trouble.sent and not doubt:
                    return without_token(trouble)
                doubt = doubt or trouble.reason
            else:
                # A refusal of the second request says nothing of the first.
                return _unknown(doubt) if doubt and answer.errcode else _judged(answer, member)
            if wait:
                await self._app.pause(wait)
        return _unknown(doubt)

    @staticmethod
    def _waits() -> Iterator[float]:
        yield from AGAIN
        yield 0.0


def _judged(answer: Answer, member: str) -> Outcome:
    if answer.errcode:
        return refused(answer, Stage.REQUEST, WECOM)
    for name in ("invaliduser", "unlicenseduser"):
        if member.lower() in answer.text(name).lower().split("|"):
            reply = Reply(60111, text=f"{name}: {member}")
            return Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.REQUEST, reply)
    names = ("msgid", "response_code")
    reference = json.dumps({name: answer.text(name) for name in names if answer.text(name)})
    return Outcome(Verdict.ACCEPTED, stage=Stage.REQUEST, reply=Reply(0, text="ok"), reference=reference)


def _unknown(reason: str) -> Outcome:
    return Outcome(Verdict.UNKNOWN, Fault.NETWORK, Stage.REQUEST, Reply(text=reason))
