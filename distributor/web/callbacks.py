"""What WeCom tells us: the proof of our address, and the 签收 that a member pressed on a card.

What is believed is decided in `sealed_calls`. The platform waits five seconds and asks three times, so what takes
longer than a second is answered first and finished afterwards. A card says 已签收 only when the 签收 is on the disk.
Source: developer.work.weixin.qq.com/document/path/90930, 90240 and 90241; facts: 76–79.
"""

import asyncio
import datetime as dt
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from distributor.channels.wechat.card import delivery_of
from distributor.channels.wechat.seal import Seal
from distributor.dispatch.acknowledge import press
from distributor.errors import Unavailable
from distributor.log import log
from distributor.rendering.card import ACKNOWLEDGE
from distributor.store.database import Database
from distributor.store.visits import get_visit
from distributor.web.sealed_calls import bad_call, open_call, read_event, text_of

_log = log("callbacks")

#: The platform hangs up after five seconds; whoever presses a button looks at it.
_PROMPT = 1.0

#: Events that are being written at the same time; more are answered and left to be pressed again.
_MOST_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class _Press:
    """A pressed button: on which copy's card, and by whom."""

    delivery_id: str
    member: str
    sender: str  # the FromUserName of the answer is the ToUserName of the event


class WeComCallbacks:
    """The callback address of each app, `/wecom/ACCOUNT`."""

    def __init__(self, seals: Mapping[str, Seal], database: Database, clock: Callable[[], dt.datetime]) -> None:
        self._seals = seals
        self._database = database
        self._clock = clock
        self._writing: set[asyncio.Task[bool]] = set()

    def routes(self) -> list[Route]:
        """Proof and events."""
        return [
            Route("/wecom/{account}", self._prove, methods=["GET"]),
            Route("/wecom/{account}", self._hear, methods=["POST"]),
        ]

    async def stop(self) -> None:
        """Finishes what is being written."""
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _prove(self, request: Request) -> Response:
        """The address is ours: says what was sealed into the question."""
        seal = self._seals.get(request.path_params["account"])
        question = request.query_params.get("echostr", "")
        opened = open_call(seal, request, question, self._clock) if seal else None
        return bad_call() if opened is None else PlainTextResponse(opened)

    async def _hear(self, request: Request) -> Response:
        seal = self._seals.get(request.path_params["account"])
        event = await read_event(seal, request, self._clock)
        if seal is None or event is None:
            return bad_call()
        pressed = _pressed(event)
        if pressed is None:
            _log.info("callback.passed_over", kind=text_of(event, "Event")[:60])
            return Response()
        signed = await self._within_a_second(pressed)
        return Response(self._greyed(seal, pressed), media_type="application/xml") if signed else Response()

    async def _within_a_second(self, pressed: _Press) -> bool:
        """Whether the 签收 was on the disk within a second; if not yet, it is written all the same."""
        if len(self._writing) >= _MOST_AT_ONCE:
            _log.error("callback.too_many", waiting=len(self._writing))
            return False
        writing = asyncio.create_task(asyncio.to_thread(self._record, pressed))
        self._writing.add(writing)
        writing.add_done_callback(self._writing.discard)
        done, _ = await asyncio.wait({writing}, timeout=_PROMPT)
        return bool(done) and writing.result()

    def _record(self, pressed: _Press) -> bool:
        """Writes the 签收. False when there is none: another's card, a withdrawn copy, a database in trouble."""
        try:
            with self._database.write() as conn:
                visit = get_visit(conn, pressed.delivery_id)
                if visit is None or visit.channel != "wecom" or visit.address.lower() != pressed.member.lower():
                    _log.warning("callback.unmatched", delivery=pressed.delivery_id)
                    return False
                if visit.replaced or visit.withdrawn_at is not None:
                    return False
                press(conn, visit.delivery_id, pressed.member, now=self._clock())
        except Unavailable as trouble:
            _log.error("callback.unrecorded", what=str(trouble))
            return False
        _log.info("callback.signed", delivery=pressed.delivery_id)
        return True

    def _greyed(self, seal: Seal, pressed: _Press) -> str:
        """The answer that greys the button of whoever pressed it."""
        now = str(int(self._clock().timestamp()))
        message = (
            f"<xml><ToUserName>{escape(pressed.member)}</ToUserName><FromUserName>{escape(pressed.sender)}</FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType>update_button</MsgType>"
            f"<Button><ReplaceName>已签收</ReplaceName></Button></xml>"
        )
        encrypted, nonce = seal.close(message.encode()), secrets.token_hex(8)
        return (
            f"<xml><Encrypt>{encrypted}</Encrypt><MsgSignature>{seal.signature(now, nonce, encrypted)}</MsgSignature>"
            f"<TimeStamp>{now}</TimeStamp><Nonce>{nonce}</Nonce></xml>"
        )


def _pressed(event: Element) -> _Press | None:
    """The 签收 button of one of our cards; None for every other event."""
    is_ours = text_of(event, "Event") == "template_card_event" and text_of(event, "EventKey") == ACKNOWLEDGE
    delivery_id = delivery_of(text_of(event, "TaskId")) if is_ours else None
    if delivery_id is None:
        return None
    return _Press(delivery_id, text_of(event, "FromUserName"), text_of(event, "ToUserName"))
