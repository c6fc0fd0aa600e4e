"""The channel to chats by Apprise: one message to one group chat. The recipient is the chat's name in the settings.

Such a chat gives no id, no receipt and no recall. Apprise blocks and sets no end to it, so each message has a thread
and a time limit; when the time is over nothing more leaves, and whether anything had left is known (`wire.py`).
The words are the bulletin: they go alone and are judged; files are shown after them, where the platform takes any.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from distributor.channels.apprise.exchange import Exchange, Route
from distributor.channels.apprise.meaning import judged
from distributor.channels.apprise.service import speaker_for
from distributor.channels.apprise.spoken import spoken
from distributor.channels.base import Checkpoint, ClaimLost, Message
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.discretion import discreet_text
from distributor.errors import BadInput
from distributor.settings.apprise import AppriseChat
from distributor.words import say

if TYPE_CHECKING:
    from distributor.channels.apprise.plugin import Speaker
    from distributor.channels.apprise.wire import Wire


class AppriseChannel:
    """A `Channel` to group chats, each by its own URL."""

    def __init__(self, chats: Mapping[str, AppriseChat], *, name: str = "apprise") -> None:
        self.name = name
        self._chats = chats

    async def open(self) -> None:
        """A chat's URL has no login."""

    async def send(self, message: Message, checkpoint: Checkpoint) -> Outcome:
        """Says one message in one chat. Raises only `ClaimLost`, or what the checkpoint raises."""
        name = message.envelope.recipient
        account = self._chats.get(name)
        if account is None:
            return _refused(say("There is no chat {name} in the settings.", name=name))
        try:
            speaker = await asyncio.to_thread(speaker_for, account)
        except BadInput as error:
            # This chat's trouble alone: the others have URLs of their own.
            return Outcome(Verdict.DEFERRED, Fault.RECIPIENT, Stage.UPLOAD, Reply(text=discreet_text(str(error))))
        said = spoken(message.body)
        title, body = said.title, said.markdown if speaker.speaks_markdown else said.text
        if (room := speaker.room(title, body)) is not None:
            return _refused(say("The chat takes {limit} characters; the message has more.", limit=room))
        if not await checkpoint():
            raise ClaimLost
        route = Route(account.base_url, account.ca_file, account.proxy, account.timeout.total_seconds())
        outcome = judged(*await _spoken(lambda wire: speaker.say(title, body, wire), route), speaker.platform)
        if outcome.verdict is not Verdict.ACCEPTED or not message.files:
            return outcome
        missing = await _file_trouble(message, speaker, route)
        return Outcome(Verdict.ACCEPTED, stage=Stage.REQUEST, reply=Reply(outcome.reply.code, text=missing or "ok"))

    async def close(self) -> None:
        """Every message ends its own connections."""


def _refused(text: str) -> Outcome:
    return Outcome(Verdict.REJECTED, Fault.RECIPIENT, Stage.CONNECT, Reply(text=text))


async def _file_trouble(message: Message, speaker: "Speaker", route: Route) -> str:
    """Shows the files; empty, or why the chat goes without them."""
    if not speaker.takes_files:
        return say("The file is missing: {reason}.", reason=say("the platform takes none by this way"))
    shown = judged(*await _spoken(lambda wire: speaker.show(message.files, wire), route), speaker.platform)
    if shown.verdict is Verdict.ACCEPTED:
        return ""
    if shown.verdict is Verdict.UNKNOWN:
        return say("The file may be missing: {reason}.", reason=shown.reply)
    return say("The file is missing: {reason}.", reason=shown.reply)


async def _spoken(speak: Callable[["Wire"], bool], route: Route) -> tuple[bool | None, tuple[Exchange, ...]]:
    """Lets Apprise work in a thread of its own: what it says, or None, and what went over the wire by the end."""
    from distributor.channels.apprise.wire import Wire

    wire = Wire(route)
    said: bool | None = None
    try:
        said = await asyncio.wait_for(asyncio.wrap_future(_started(lambda: speak(wire))), route.seconds)
    except Exception:  # a plugin may raise anything, also that its time is over
        said = None
    finally:
        wire.cut()
    # As it stands now: what comes later changes no verdict.
    return said, tuple(map(replace, wire.exchanges))


def _started(work: Callable[[], bool]) -> "Future[bool]":
    """Runs it in a thread that does not keep the program from ending: nobody can end a request from outside."""
    future: Future[bool] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(work())
        except Exception as error:
            future.set_exception(error)

    threading.Thread(target=run, name="apprise", daemon=True).start()
    return future
