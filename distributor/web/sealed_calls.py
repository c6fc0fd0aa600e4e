"""What the callback addresses of Tencent's platforms share: a call is genuine, fresh, small, and harmless XML.

Signature, age and seal come before anything else is looked at; XML is read without entities and without a DTD.
Source: developer.work.weixin.qq.com/document/path/90930; the Official Account calls in the same way.
"""

import datetime as dt
from collections.abc import Callable
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from distributor.channels.wechat.seal import BadSeal, Seal
from distributor.log import log

_log = log("callbacks")

#: A call older or newer than this is nobody's (the vendor sets no limit; its own repeats come within 15 seconds).
_FRESH = dt.timedelta(minutes=5)

_MOST_BYTES = 64_000


def open_call(seal: Seal, request: Request, encrypted: str, clock: Callable[[], dt.datetime]) -> bytes | None:
    """What is sealed into a call; None when it is not from the platform, not for us, or too old."""
    query = request.query_params
    stamp, timestamp, nonce = (query.get(name, "") for name in ("msg_signature", "timestamp", "nonce"))
    try:
        opened = seal.open(encrypted, signature=stamp, timestamp=timestamp, nonce=nonce)
    except BadSeal as refusal:
        _log.warning("callback.refused", number=refusal.number)
        return None
    if not is_fresh(timestamp, clock()):
        _log.warning("callback.stale", timestamp=timestamp[:20])
        return None
    return opened


async def read_event(seal: Seal | None, request: Request, clock: Callable[[], dt.datetime]) -> Element | None:
    """The event inside a call; None when there is none that may be believed."""
    envelope = read_xml(await _limited(request))
    opened = open_call(seal, request, text_of(envelope, "Encrypt"), clock) if seal and envelope is not None else None
    return read_xml(opened) if opened is not None else None


def is_fresh(timestamp: str, now: dt.datetime) -> bool:
    """Whether a call's time (seconds since 1970, as text) is near enough to `now`."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    return abs(now.timestamp() - int(timestamp)) <= _FRESH.total_seconds()


def read_xml(text: bytes) -> Element | None:
    """A document without entities and DTD; None for anything else."""
    try:
        found: Element = defusedxml.ElementTree.fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return found


def text_of(element: Element, name: str) -> str:
    """What stands in a part of a document; empty when it has no such part."""
    return (element.findtext(name) or "").strip()


def bad_call() -> Response:
    """The answer to whatever is not believed, the same for every reason."""
    return PlainTextResponse("bad request", 400)


async def _limited(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            return b""
    return bytes(body)
