"""How a platform asks a callback address to prove that it is ours: the query of one GET, answered by its echo.

WeCom seals the echo (developer.work.weixin.qq.com/document/path/90930); an Official Account sends it in clear under
the plain signature (developers.weixin.qq.com, message push). The doctor asks our own address in the same way.
"""

import datetime as dt
import secrets

from distributor.channels.wechat.seal import Seal, signature


def sealed_question(seal: Seal, echo: str, *, at: dt.datetime) -> dict[str, str]:
    """WeCom's question: it must be answered with `echo`, opened, and nothing else. `at` is UTC."""
    encrypted = seal.close(echo.encode())
    return {**signed(seal, encrypted, at=at), "echostr": encrypted}


def plain_question(token: str, echo: str, *, at: dt.datetime) -> dict[str, str]:
    """An Official Account's question, under the Token alone. `at` is UTC."""
    timestamp, nonce = _moment(at), secrets.token_hex(8)
    return {
        "signature": signature(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
        "echostr": echo,
    }


def signed(seal: Seal, encrypted: str, *, at: dt.datetime) -> dict[str, str]:
    """The query of any sealed call. `at` is UTC."""
    timestamp, nonce = _moment(at), secrets.token_hex(8)
    return {"msg_signature": seal.signature(timestamp, nonce, encrypted), "timestamp": timestamp, "nonce": nonce}


def _moment(at: dt.datetime) -> str:
    return str(int(at.timestamp()))
