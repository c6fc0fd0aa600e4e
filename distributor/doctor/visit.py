"""Calls one of our own public addresses as anybody would from outside: once, by GET, without following a redirect.

The environment's proxies are not asked, because a platform that calls us does not know them. The certificate must
stand up to this machine's trust store.
"""

import datetime as dt
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import httpx2

_LONGEST = 65_536


class Obstacle(StrEnum):
    """Why there was no answer."""

    NAME = "name"  # the name leads nowhere
    TLS = "tls"  # the certificate, or no TLS at all
    SILENCE = "silence"  # nobody listens, or nobody answered in time


@dataclass(frozen=True, slots=True)
class Met:
    """An answer: its HTTP status, headers (lower case) and the begin of its body; how many seconds it took."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Unmet:
    """No answer."""

    obstacle: Obstacle
    reason: str


def visit(address: str, *, patience: dt.timedelta, query: Mapping[str, str] | None = None) -> Met | Unmet:
    """What an address answers, each step within `patience`. Never raises for what the other side does."""
    begun = time.monotonic()
    try:
        with (
            httpx2.Client(
                timeout=patience.total_seconds(),
                verify=ssl.create_default_context(),
                trust_env=False,
                follow_redirects=False,
            ) as client,
            client.stream("GET", address, params=dict(query or {})) as response,
        ):
            body = _beginning(response)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Met(response.status_code, body, headers, time.monotonic() - begun)
    except httpx2.HTTPError as error:
        return _unmet(error)


def _beginning(response: httpx2.Response) -> bytes:
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) >= _LONGEST:
            break
    return bytes(body[:_LONGEST])


def _unmet(error: httpx2.HTTPError) -> Unmet:
    """The reason without the address, whose query may hold a signature."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return Unmet(Obstacle.TLS, cause.verify_message)
            case ssl.SSLError():
                return Unmet(Obstacle.TLS, (cause.reason or type(cause).__name__).lower().replace("_", " "))
            case socket.gaierror():
                return Unmet(Obstacle.NAME, cause.strerror or type(cause).__name__)
            case OSError() if cause.strerror:
                return Unmet(Obstacle.SILENCE, cause.strerror)
    return Unmet(Obstacle.SILENCE, type(error).__name__)


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in found:
        found.append(cause)
        cause = cause.__cause__ or cause.__context__
    return found
