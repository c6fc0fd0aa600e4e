"""An account's access token: fetched once for all its lines, and again before it ends or when the platform drops it.

Source: developer.work.weixin.qq.com/document/path/91039; developers.weixin.qq.com, stable_token.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from distributor.channels.wechat.interface import Answer
from distributor.discretion import keep_secret

#: A token is not used in its last minutes: a request may be on its way for long.
_MARGIN = 300.0

Fetch = Callable[[], Awaitable[Answer]]


class NoToken(Exception):
    """The platform gave no token; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.errcode)
        self.answer = answer


class AccessToken:
    """One account's token, shared by its lines. `clock` counts seconds, monotonic."""

    def __init__(self, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token = ""
        self._until = 0.0
        self._fetching = asyncio.Lock()

    async def get(self) -> str:
        """The token. However many lines ask at once, it is fetched once. Raises `NoToken`, `Unanswered`."""
        async with self._fetching:
            if not self._token or self._clock() >= self._until:
                answer = await self._fetch()
                token, life = answer.text("access_token"), answer.fields.get("expires_in", 0)
                if answer.errcode or not token or not isinstance(life, int):
                    raise NoToken(answer)
                keep_secret(token)
                self._token, self._until = token, self._clock() + max(life - _MARGIN, life / 2)
            return self._token

    def drop(self, token: str) -> None:
        """The platform does not accept `token` any more. A newer one, fetched by another line, stays."""
        if self._token == token:
            self._token = ""
