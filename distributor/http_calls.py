"""HTTP calls to the servers of others: one way to open a client, and a limit to what an answer may hold.

No proxy and no CA comes from the environment unseen, and no redirection is followed: settings say where a call goes.
"""

import datetime as dt
import functools
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded at the first call: an office that only sends mail makes none
    import httpx2

#: No answer that the program asks for has a megabyte.
_LONGEST = 1_000_000


class Endless(Exception):
    """An answer is longer than any that is asked for."""


def open_client(base_url: str, *, ca_file: Path | None, proxy: str, timeout: dt.timedelta) -> "httpx2.AsyncClient":
    """A client that trusts the system's CAs and `ca_file`. `timeout` holds for each step of a call."""
    import httpx2

    return httpx2.AsyncClient(
        base_url=base_url,
        timeout=timeout.total_seconds(),
        verify=_trust(ca_file, ca_file.stat().st_mtime_ns if ca_file else 0),
        proxy=proxy or None,
        trust_env=False,
        follow_redirects=False,
    )


@functools.lru_cache(maxsize=16)
def _trust(ca_file: Path | None, _changed: int) -> ssl.SSLContext:
    """The system's CAs and those of a file as it was changed last; reading them takes longer than most calls."""
    tls = ssl.create_default_context()
    if ca_file:
        tls.load_verify_locations(cafile=str(ca_file))
    return tls


async def whole_body(response: "httpx2.Response") -> bytes:
    """The body of an answer that is being streamed. Raises `Endless`, and what httpx2 raises."""
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _LONGEST:
            raise Endless
    return bytes(body)
