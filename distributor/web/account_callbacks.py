"""What an Official Account (公众号) tells us: that a publication or a mass send has come to an end.

Either event only wakes the look at the platform, and that look decides: both events have been seen for publications,
and events can be lost (developers.weixin.qq.com, PUBLISHJOBFINISH and MASSSENDJOBFINISH).
"""

import asyncio
import datetime as dt
import hmac
from collections.abc import Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from distributor.channels.wechat.seal import Seal, signature
from distributor.errors import Unavailable
from distributor.log import log
from distributor.store.articles import wake
from distributor.store.database import Database
from distributor.web.sealed_calls import bad_call, is_fresh, read_event, text_of

_log = log("callbacks")

_ENDS = frozenset({"PUBLISHJOBFINISH", "MASSSENDJOBFINISH"})

#: The longest echo that is said back; the platform's own has about twenty digits.
_LONGEST_ECHO = 200


class AccountCallbacks:
    """The callback address of each account, `/official-account/NAME`."""

    def __init__(self, seals: Mapping[str, Seal], database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._seals = seals
        self._database = database
        self._clock = clock

    def routes(self) -> list[Route]:
        """Proof and events; none when no account has a seal."""
        if not self._seals:
            return []
        return [
            Route("/official-account/{account}", self._prove, methods=["GET"]),
            Route("/official-account/{account}", self._hear, methods=["POST"]),
        ]

    async def _prove(self, request: Request) -> Response:
        """The address is ours: says the echo of a question that bears the plain signature."""
        query, seal = request.query_params, self._seals.get(request.path_params["account"])
        stamp, timestamp, nonce, echo = (query.get(name, "") for name in ("signature", "timestamp", "nonce", "echostr"))
        if seal is None or not echo.isascii() or not 0 < len(echo) <= _LONGEST_ECHO:
            return bad_call()
        genuine = hmac.compare_digest(signature(seal.token, timestamp, nonce).encode(), stamp.encode())
        return PlainTextResponse(echo) if genuine and is_fresh(timestamp, self._clock()) else bad_call()

    async def _hear(self, request: Request) -> Response:
        account = request.path_params["account"]
        event = await read_event(self._seals.get(account), request, self._clock)
        if event is None:
            return bad_call()
        kind = text_of(event, "Event")
        if kind not in _ENDS:
            _log.info("callback.passed_over", kind=kind[:60])
        else:
            await asyncio.to_thread(self._wake, account)
        return Response()

    def _wake(self, account: str) -> None:
        """Makes what is under way due. When the database is away the next look comes a little later by itself."""
        try:
            with self._database.write() as conn:
                woken = wake(conn, account, now=self._clock())
        except Unavailable as trouble:
            _log.warning("callback.unrecorded", what=str(trouble))
        else:
            _log.info("callback.article", account=account, woken=woken)
