"""The WeCom app channel: one message to one member, carried as the JSON that the platform shows.

Errcode 0 does not mean that the member got it: whom the platform does not know, or must not serve, stands in
`invaliduser` and `unlicenseduser` beside it, in lower case (developer.work.weixin.qq.com/document/path/90236). What a
message shows is uploaded before its step; a file beside a card is shown after it and takes nothing back (ADR 0032).
"""

import dataclasses
import html
import json
from collections.abc import Iterator, Sequence

from distributor.channels.base import Checkpoint, Message, OpenFailed
from distributor.channels.wechat.interface import Answer, Unanswered
from distributor.channels.wechat.meaning import WECOM, refused
from distributor.channels.wechat.token import NoToken
from distributor.channels.wechat.uploads import Uploaded, UploadFailed
from distributor.channels.wechat.wecom import AGAIN, ONCE, App, take_step, without_token
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.words import say

_SEND = "/cgi-bin/message/send"

#: A media id that the platform does not know, or not any more.
_NO_MEDIA = 40007


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
        """Carries one message. Raises only `ClaimLost`, or what the checkpoint or the memory of uploads raises."""
        try:
            await self._app.token.get()
            uploaded = [await self._app.uploads.take(file) for file in message.files]
        except (NoToken, Unanswered) as trouble:
            return without_token(trouble)
        except UploadFailed as failed:
            return failed.outcome
        body, member = _named(message.body, uploaded), message.envelope.recipient
        await take_step(checkpoint)
        outcome = await self._hand_over(body, member)
        if outcome.verdict is Verdict.ACCEPTED:
            return await self._show_beside(outcome, uploaded, member)
        return self._without_media(outcome, uploaded) if outcome.reply.code == _NO_MEDIA else outcome

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

    def _without_media(self, refusal: Outcome, uploaded: Sequence[Uploaded]) -> Outcome:
        """A name that has come to its end is no fault of the bulletin, unless the platform gave it just now."""
        old = [one for one in uploaded if not one.fresh and not one.file.printed]
        for one in old:
            self._app.uploads.end(one.name)
        return dataclasses.replace(refusal, verdict=Verdict.DEFERRED, fault=Fault.NETWORK) if old else refusal

    async def _show_beside(self, accepted: Outcome, uploaded: Sequence[Uploaded], member: str) -> Outcome:
        """Shows the files that no mark stands for. The message is out: what becomes of them is only told."""
        reference, told = json.loads(accepted.reference), []
        for one in uploaded:
            if one.file.mark:
                continue
            shown = {"touser": member, "msgtype": "file", "agentid": self._app.agent_id}
            document = {**shown, "file": {"media_id": one.name}, **ONCE}
            outcome = await self._hand_over(json.dumps(document, ensure_ascii=False).encode(), member)
            if outcome.verdict is Verdict.ACCEPTED:
                reference["file_msgid"] = json.loads(outcome.reference).get("msgid", "")
            elif outcome.verdict is Verdict.UNKNOWN:
                told.append(say("The file may be missing: {reason}.", reason=outcome.reply))
            else:
                told.append(say("The file is missing: {reason}.", reason=outcome.reply))
        reply = Reply(0, text="; ".join(told)) if told else accepted.reply
        return dataclasses.replace(accepted, reply=reply, reference=json.dumps(reference))


def _named(body: bytes, uploaded: Sequence[Uploaded]) -> bytes:
    """The message with what the platform calls its files. An address stands in HTML, and all of it in JSON."""
    for one in uploaded:
        if one.file.mark:
            name = html.escape(one.name) if one.file.printed else one.name
            body = body.replace(one.file.mark.encode(), json.dumps(name, ensure_ascii=False)[1:-1].encode())
    return body


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
