"""WeCom as both its channels see it: the token, where one is needed, and a request that may be made again.

The irrevocable step is the request. A message under the platform's duplicate check is shown once for the same
bytes within four hours (developer.work.weixin.qq.com/document/path/90236), so when no answer can be read, the very
same bytes are handed over once more before the message counts as unknown.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence

from distributor.channels.base import Checkpoint, ClaimLost, File
from distributor.channels.wechat.interface import Answer, Interface, Unanswered
from distributor.channels.wechat.meaning import STALE_TOKEN, WECOM, refused
from distributor.channels.wechat.seal import Seal
from distributor.channels.wechat.seal_files import read_seal
from distributor.channels.wechat.token import AccessToken, NoToken
from distributor.channels.wechat.uploads import Forgetful, Memory, Uploads
from distributor.delivery.outcome import Fault, Outcome, Reply, Stage, Verdict
from distributor.discretion import keep_secret
from distributor.settings.wecom import WeComApp

#: Waits, in seconds, before the same bytes are handed over again.
AGAIN: Sequence[float] = (1.0, 5.0)

#: The platform shows the same bytes once within its longest span, four hours.
ONCE: Mapping[str, int] = {"enable_duplicate_check": 1, "duplicate_check_interval": 14400}

Pause = Callable[[float], Awaitable[None]]


class App:
    """One app of an enterprise: its interface, its token and its uploads, shared by all lines to it.

    `memory` keeps the names of uploads; without one they are forgotten with the app.
    """

    def __init__(
        self, account: WeComApp, secret: str, *, pause: Pause = asyncio.sleep, memory: Memory | None = None
    ) -> None:
        keep_secret(secret)
        self.agent_id = account.agent_id
        self.pause = pause
        self.interface = Interface(account)
        self._query = {"corpid": account.corp_id, "corpsecret": secret}
        self.token = AccessToken(self._fetch)
        self.uploads = Uploads(self._hand_over, account.corp_id, memory or Forgetful())

    async def _fetch(self) -> Answer:
        return await self.interface.get("/cgi-bin/gettoken", self._query)

    async def ask(self, path: str, body: bytes) -> Answer:
        """One request with the app's token, made once more with a new one when it is stale.

        Raises `Unanswered` and `NoToken`.
        """
        return await self._with_token(lambda query: self.interface.post(path, body, query))

    async def look(self, path: str, query: Mapping[str, str]) -> Answer:
        """The same for a question. Raises `Unanswered` and `NoToken`."""
        return await self._with_token(lambda token: self.interface.get(path, {**query, **token}))

    async def _hand_over(self, path: str, file: File, query: Mapping[str, str]) -> Answer:
        """A file, with the app's token. Raises `Unanswered` and `NoToken`."""
        return await self._with_token(
            lambda token: self.interface.upload(path, file.name, file.content, file.media_type, {**query, **token})
        )

    async def _with_token(self, request: Callable[[Mapping[str, str]], Awaitable[Answer]]) -> Answer:
        for is_last in (False, True):
            token = await self.token.get()
            answer = await request({"access_token": token})
            if answer.errcode not in STALE_TOKEN or is_last:
                return answer
            self.token.drop(token)
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Ends the connections."""
        with contextlib.suppress(Exception):
            await self.interface.close()


def seal_of(account: WeComApp) -> Seal | None:
    """The seal of an app's callback address; None when the settings name none. Raises as `read_seal`."""
    return read_seal(account.callback_token_file, account.aes_key_file, receive_id=account.corp_id)


def without_token(trouble: NoToken | Unanswered) -> Outcome:
    """The outcome that every message shares while there is no token."""
    if isinstance(trouble, NoToken):
        return refused(trouble.answer, Stage.AUTH, WECOM)
    return Outcome(Verdict.DEFERRED, Fault.NETWORK, Stage.CONNECT, Reply(text=trouble.reason))


async def take_step(checkpoint: Checkpoint) -> None:
    """The irrevocable step comes next. Raises `ClaimLost` when it must not."""
    if not await checkpoint():
        raise ClaimLost
