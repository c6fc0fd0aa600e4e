"""One platform's HTTP interface: requests out, JSON answers in, and a plain word about what an answer is worth.

HTTP 200 says nothing; `errcode` decides, and is 0 or missing when all went well. No address with a token or a
key in it reaches an error, and no answer longer than a megabyte is read.
"""

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from distributor.discretion import discreet_text
from distributor.http_calls import Endless, open_client, whole_body

_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform said. `fields` is the whole document."""

    errcode: int
    errmsg: str
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def text(self, name: str) -> str:
        """A field as text; numbers are written out, for the platform is not always of one mind about ids."""
        value = self.fields.get(name, "")
        return str(value) if isinstance(value, str | int) else ""


class Unanswered(Exception):
    """No answer that can be read. `sent` tells whether the platform may have taken the request."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Access(Protocol):
    """How an account's platform is reached; the settings of every account say it."""

    @property
    def base_url(self) -> str: ...
    @property
    def ca_file(self) -> Path | None: ...
    @property
    def proxy(self) -> str: ...
    @property
    def timeout(self) -> dt.timedelta: ...


class Interface:
    """Requests to one platform. Open as long as its account is in use; `close` ends its connections."""

    def __init__(self, access: Access) -> None:
        self._client = open_client(access.base_url, ca_file=access.ca_file, proxy=access.proxy, timeout=access.timeout)

    async def get(self, path: str, query: Mapping[str, str]) -> Answer:
        """Asks. Raises `Unanswered`."""
        return await self._answer("GET", path, params=dict(query))

    async def post(self, path: str, body: bytes, query: Mapping[str, str]) -> Answer:
        """Hands over a JSON document, byte for byte as given. Raises `Unanswered`."""
        return await self._answer("POST", path, params=dict(query), content=body)

    async def upload(self, path: str, name: str, content: bytes, media_type: str, query: Mapping[str, str]) -> Answer:
        """Hands over a file, in the field that all of these platforms call `media`. Raises `Unanswered`."""
        return await self._answer("POST", path, params=dict(query), files={"media": (name, content, media_type)})

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def _answer(self, method: str, path: str, **request: Any) -> Answer:
        import httpx2  # as late as in http_calls

        try:
            async with self._client.stream(method, path, **request) as response:
                body = await whole_body(response)
        except Endless:
            raise Unanswered("the answer is too long", sent=True) from None
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError) as error:
            raise Unanswered(_reason(error), sent=False) from None
        except httpx2.HTTPError as error:
            raise Unanswered(_reason(error), sent=True) from None
        return _read(response.status_code, body)


def _read(status: int, body: bytes) -> Answer:
    try:
        document = json.loads(body) if status == 200 else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Unanswered(f"HTTP {status} without a readable answer", sent=True)
    errcode = document.get("errcode", 0)
    errmsg = document.get("errmsg", "")
    if not isinstance(errcode, int):
        raise Unanswered(f"HTTP {status} without a readable answer", sent=True)
    return Answer(errcode, discreet_text(" ".join(str(errmsg).split())[:_LONGEST_TEXT]), document)


def _reason(error: Exception) -> str:
    """What went wrong, without the address: it holds a token or a key."""
    return type(error).__name__
