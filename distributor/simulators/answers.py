"""Answers in the platforms' shape: HTTP 200 always, `errcode` decides, `errmsg` is made as real ones look.

Source: developer.work.weixin.qq.com/document/path/90313 and developers.weixin.qq.com (global return codes), and
logged replies.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_PHRASES: Mapping[int, str] = {
    -1: "system error",
    40001: "invalid credential",
    40003: "invalid userid",
    40004: "invalid media type",
    40005: "invalid media type",
    40006: "invalid media size",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40029: "invalid code",
    40033: "invalid request character",
    40056: "invalid agentid",
    40058: "invalid Request Parameter",
    40059: "invalid msg id",
    40164: "invalid ip, not in whitelist",
    41001: "access_token missing",
    41011: "agentid missing",
    42001: "access_token expired",
    42045: "invalid card_action",
    44001: "empty media data",
    44003: "empty news data",
    44004: "empty content",
    45002: "content size out of limit",
    45003: "title size out of limit",
    45004: "description size out of limit",
    45008: "article size out of limit",
    45009: "api freq out of limit",
    45028: "has no masssend quota",
    45033: "api concurrent out of limit",
    45065: "clientmsgid exist",
    45066: "same clientmsgid retry too fast",
    45067: "clientmsgid size out of limit",
    46004: "user not exist",
    47001: "data format error",
    48001: "api unauthorized",
    50001: "redirect_url domain error",
    50003: "app disabled",
    60011: "no privilege to access/modify contact/party/agent",
    60020: "not allow to access from your ip",
    60103: "invalid mobile",
    60111: "userid not found",
    61500: "date format error",
    81013: "user & party & tag all invalid",
    93000: "invalid webhook url",
    93004: "robot is disabled",
    93008: "robot not in chat",
}


class Refused(Exception):
    """A request that the platform answers with an `errcode`; `detail` replaces the usual phrase."""

    def __init__(self, errcode: int, detail: str = "", **fields: object) -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.detail = detail
        self.fields = fields


def ok(**fields: Any) -> Response:
    """Success: `errcode` 0 and what else there is to say."""
    return JSONResponse({"errcode": 0, "errmsg": "ok", **fields})


def wecom_refusal(refused: Refused, peer: str) -> Response:
    """WeCom's refusal, with the hint, address and link that real ones carry."""
    errcode = refused.errcode
    phrase = refused.detail or _PHRASES.get(errcode, "unknown error")
    hint = "".join(secrets.choice("0123456789") for _ in range(25))
    text = (
        f"{phrase}, hint: [{hint}], from ip: {peer}, "
        f"more info at https://open.work.weixin.qq.com/devtool/query?e={errcode}"
    )
    return JSONResponse({"errcode": errcode, "errmsg": text, **refused.fields})


def official_refusal(refused: Refused, peer: str) -> Response:
    """An Official Account's refusal, with the request id that real ones carry."""
    phrase = refused.detail or _PHRASES.get(refused.errcode, "unknown error")
    if refused.errcode == 40164:
        phrase = f"invalid ip {peer} ipv6 ::ffff:{peer}, not in whitelist"
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return JSONResponse({"errcode": refused.errcode, "errmsg": f"{phrase} rid: {rid}", **refused.fields})


def peer_of(request: Request) -> str:
    """The caller's address as the platform sees it."""
    return request.client.host if request.client else ""


async def document(request: Request) -> dict[str, Any]:
    """The request's JSON object. Refuses characters written as escapes: titles would show them as they stand."""
    body = await request.body()
    if b"\\u" in body:
        raise Refused(40033)
    try:
        found = json.loads(body)
    except ValueError:
        raise Refused(40008) from None
    if not isinstance(found, dict):
        raise Refused(40008)
    return found


def octets(value: object) -> int:
    """The length of a text in bytes of UTF-8, which is what most limits count."""
    return len(value.encode()) if isinstance(value, str) else 0
