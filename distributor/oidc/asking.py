"""Questions to a provider: JSON answers within a time and a size, and nothing of what was said in an error."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from distributor.http_calls import Endless, open_client, whole_body
from distributor.oidc.trouble import Fault, OidcTrouble
from distributor.settings import Oidc
from distributor.words import Words, words


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said: the status, and the document, empty when there is none that can be read."""

    status: int
    document: Mapping[str, Any]


class Asking:
    """A client for one provider. `close` ends its connections."""

    def __init__(self, settings: Oidc) -> None:
        self._limit = settings.timeout
        try:
            self._client = open_client("", ca_file=settings.ca_file, proxy=settings.proxy, timeout=settings.timeout)
        except (OSError, ValueError) as error:  # a CA or a proxy that cannot be used
            raise _unreachable(words("The connection cannot be set up ({reason}).", reason=_reason(error))) from None

    async def get(self, address: str, *, bearer: str = "") -> Mapping[str, Any]:
        """A document. Raises `OidcTrouble` when there is none."""
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        answer = await self._ask("GET", address, headers=headers)
        if answer.status != 200 or not answer.document:
            raise _unreachable(words("It answers HTTP {status} without a document.", status=answer.status))
        return answer.document

    async def post(self, address: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Hands a form over. Raises `OidcTrouble` when there is no answer."""
        return await self._ask("POST", address, data=dict(fields), headers=dict(headers))

    async def close(self) -> None:
        """Ends the connections."""
        await self._client.aclose()

    async def _ask(self, method: str, address: str, *, headers: dict[str, str], **request: Any) -> Answer:
        headers = {"accept": "application/json", **headers}
        try:
            async with asyncio.timeout(self._limit.total_seconds()):
                async with self._client.stream(method, address, headers=headers, **request) as response:
                    return Answer(response.status_code, _read(await whole_body(response)))
        except (httpx2.HTTPError, httpx2.InvalidURL, Endless, TimeoutError) as error:
            raise _unreachable(words("It does not answer ({reason}).", reason=_reason(error))) from None


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _reason(error: Exception) -> str:
    """What went wrong, without the address: it may hold what only the provider should see."""
    return type(error).__name__


def _unreachable(reason: Words) -> OidcTrouble:
    return OidcTrouble(Fault.UNREACHABLE, reason)
