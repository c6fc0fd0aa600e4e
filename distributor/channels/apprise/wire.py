"""Watches and bounds the requests that Apprise makes for one message: the one door to requests.

Apprise makes its connections itself and shows nobody what was answered. All its HTTP goes through `HTTPAdapter.send`,
so that is where we stand: only in a thread that has a `Wire`, other users of requests are left alone. There the route
of the settings holds, whatever the URL asks for: certificates are checked, redirects are not followed, nothing goes in
clear to another machine, an answer has an end. A request's body is read when the line is open, and without it there is
no whole request (RFC 9112 8), so its first byte is the irrevocable step.
"""

import contextlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from distributor.channels.apprise.exchange import Exchange, Route
from distributor.settings.values import is_loopback
from distributor.words import say

_LONGEST = 1_000_000
_PIECE = 16_384
#: A platform that does not answer a connection for so long is not there.
_CONNECT = 10.0

_Send = Callable[..., requests.Response]
_here = threading.local()
_send: _Send = HTTPAdapter.send


class Wire:
    """The requests of one message. Made in one thread, used in another, `cut` from anywhere."""

    def __init__(self, route: Route) -> None:
        self.exchanges: list[Exchange] = []
        self._route = route
        self._ends = time.monotonic() + route.seconds
        self._lock = threading.Lock()
        self._is_cut = False

    def cut(self) -> None:
        """From now on nothing leaves. What has left before may still be answered; nobody waits for it."""
        with self._lock:
            self._is_cut = True

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """Requests that this thread makes within go over this wire."""
        _watch()
        _here.wire = self
        try:
            yield
        finally:
            del _here.wire

    def carry(self, adapter: HTTPAdapter, request: requests.PreparedRequest, cert: Any) -> requests.Response:
        """Makes one request. Raises what requests raises."""
        exchange = Exchange()
        self.exchanges.append(exchange)
        try:
            return self._carry(adapter, request, cert, exchange)
        except Exception as error:
            exchange.reason = exchange.reason or _reason(error, sent=exchange.sent)
            if isinstance(error, HTTPError):  # as requests would have it
                raise requests.ConnectionError(error) from error
            raise

    def leave(self, exchange: Exchange) -> None:
        """The first byte of a request's body goes. Raises `requests.ConnectionError` when it must not."""
        with self._lock:
            if self._is_cut:
                raise requests.ConnectionError(say("the time is over"))
            exchange.sent = True

    def _carry(
        self, adapter: HTTPAdapter, request: requests.PreparedRequest, cert: Any, exchange: Exchange
    ) -> requests.Response:
        request.url = self._directed(str(request.url))
        if _is_clear(request.url):
            exchange.held_back = True
            exchange.reason = say("The chat's URL is not encrypted; only https goes to another machine.")
            raise requests.exceptions.InvalidSchema(exchange.reason)
        self._prepare_body(request, exchange)
        route, left = self._route, max(self._ends - time.monotonic(), 0.1)
        response = _send(
            adapter,
            request,
            stream=True,
            timeout=(min(left, _CONNECT), left),
            verify=str(route.ca_file) if route.ca_file else True,
            cert=cert,
            proxies={"http": route.proxy, "https": route.proxy} if route.proxy else {},
        )
        answer = self._read(response)
        wait = response.headers.get("Retry-After", "")
        exchange.answer, exchange.status = answer, response.status_code
        exchange.wait = int(wait) if wait.isdecimal() and len(wait) < 7 else 0
        if response.is_redirect:
            raise requests.TooManyRedirects(say("the platform sends us elsewhere"), response=response)
        response.raw = io.BytesIO(answer)
        return response

    def _directed(self, url: str) -> str:
        """The address of a request, at the platform of the settings."""
        if not self._route.base_url:
            return url
        parts = urlsplit(url)
        return f"{self._route.base_url}{parts.path}{f'?{parts.query}' if parts.query else ''}"

    def _prepare_body(self, request: requests.PreparedRequest, exchange: Exchange) -> None:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        if isinstance(body, bytes) and body:
            request.body = _Body(body, lambda: self.leave(exchange))
        else:  # the head is all there is, or what is read from a file
            self.leave(exchange)

    def _read(self, response: requests.Response) -> bytes:
        """The whole answer. Raises `requests.ConnectionError` when it is endless or too slow."""
        answer = bytearray()
        with contextlib.closing(response.raw) as raw:
            while piece := raw.read1(_PIECE, decode_content=True):
                answer += piece
                if len(answer) > _LONGEST or time.monotonic() > self._ends:
                    raise requests.ConnectionError(say("the answer does not end"))
        return bytes(answer)


class _Body(io.BytesIO):
    """A request's body that tells when it is first read: that is when it is written to the open line."""

    def __init__(self, content: bytes, leaves: Callable[[], None]) -> None:
        super().__init__(content)
        self._leaves = leaves

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() == 0:
            self._leaves()
        return super().read(size)


def _watch() -> None:
    """Puts us where every request passes; once for the process."""
    if HTTPAdapter.send is not _send_by_wire:
        HTTPAdapter.send = _send_by_wire  # type: ignore[method-assign]


def _send_by_wire(
    self: HTTPAdapter,
    request: requests.PreparedRequest,
    stream: bool = False,
    timeout: Any = None,
    verify: Any = True,
    cert: Any = None,
    proxies: Any = None,
) -> requests.Response:
    wire: Wire | None = getattr(_here, "wire", None)
    if wire is None:
        return _send(self, request, stream, timeout, verify, cert, proxies)
    return wire.carry(self, request, cert)


def _is_clear(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme != "https" and not is_loopback(parts.hostname or "")


def _reason(error: Exception, *, sent: bool) -> str:
    """What went wrong, without the address: it holds the chat's token."""
    if sent:
        return type(error).__name__
    return say("The platform cannot be reached: {reason}.", reason=type(error).__name__)
