"""How a platform calls our callback address: signed and encrypted, patient for five seconds, three times in all.

Source: developer.work.weixin.qq.com/document/path/90930; the Official Account calls in the same way.
"""

import datetime as dt
from dataclasses import dataclass

import defusedxml.ElementTree
import httpx2

from distributor.channels.wechat.proof import sealed_question, signed
from distributor.channels.wechat.seal import Seal

TRIES = 3
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Call:
    """One signed request, ready to be made, to be made twice, or to be spoilt by a test first."""

    query: dict[str, str]
    body: str = ""


def sealed_call(seal: Seal, message: str, *, receiver: str, at: dt.datetime) -> Call:
    """An event under signature and encryption."""
    encrypted = seal.close(message.encode())
    body = f"<xml><ToUserName><![CDATA[{receiver}]]></ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    return Call(signed(seal, encrypted, at=at), body)


def proof(seal: Seal, echo: str, *, at: dt.datetime) -> Call:
    """The question that proves an address: it must answer with `echo`, and nothing else."""
    return Call(sealed_question(seal, echo, at=at))


async def deliver(client: httpx2.AsyncClient, url: str, call: Call) -> httpx2.Response:
    """Makes a call, again when nothing answers. Raises the last error when nobody ever does."""
    for left in range(TRIES - 1, -1, -1):
        try:
            return await client.post(url, params=call.query, content=call.body, timeout=PATIENCE)
        except httpx2.TransportError:
            if not left:
                raise
    raise AssertionError("unreachable")


async def call_once(url: str, call: Call) -> httpx2.Response:
    """Makes a call with a client of its own."""
    async with httpx2.AsyncClient(trust_env=False) as client:
        return await deliver(client, url, call)


def read_answer(seal: Seal, answer: httpx2.Response) -> str:
    """The passive answer inside a reply: a change of the card, or empty."""
    if not answer.text.strip():
        return ""
    tree = defusedxml.ElementTree.fromstring(answer.text)
    parts = {name: tree.findtext(name) or "" for name in ("Encrypt", "MsgSignature", "TimeStamp", "Nonce")}
    opened = seal.open(
        parts["Encrypt"], signature=parts["MsgSignature"], timestamp=parts["TimeStamp"], nonce=parts["Nonce"]
    )
    return opened.decode()
