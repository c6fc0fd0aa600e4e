"""A callback address, asked as the platform asks when the address is entered in its console.

The echo must come back alone and within a second (developer.work.weixin.qq.com/document/path/90930). The question
is made with the account's own Token and key, so the service takes it for the platform's; nothing comes of it.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from distributor.doctor.astray import astray
from distributor.doctor.diagnosis import Context, Diagnosis, failure, ok, unchecked, warning
from distributor.doctor.visit import Met, Unmet, visit
from distributor.settings.values import is_loopback
from distributor.words import Words, words

#: The platform waits no longer for the echo.
_PROMPT = 1.0

#: What the service says to a call that it does not believe.
_REFUSAL = b"bad request"


@dataclass(frozen=True, slots=True)
class Callback:
    """One address: `path` below base_url, where it is entered, and how the platform's question for an echo is made."""

    label: str
    path: str
    place: str
    question: Callable[[str], Mapping[str, str]]


def check_callback(callback: Callback, context: Context) -> Iterator[Diagnosis]:
    """Whether the platform can reach the address and is answered as it wants."""
    base = context.settings.office.base_url
    if not base:
        what = words("The platform cannot reach a callback address: [office] base_url is empty.")
        yield warning(callback.label, what, words("Set base_url to the address under which the pages are reached."))
        return
    address = f"{base}{callback.path}"
    if not context.network:
        gaps = {"address": address, "place": callback.place}
        yield unchecked(callback.label, words("Not tried: no network was allowed. Enter {address} at {place}.", **gaps))
        return
    echo = str(10**18 + secrets.randbelow(9 * 10**18))
    found = visit(address, patience=context.patience, query=callback.question(echo))
    yield judge(callback, address, found, echo)


def judge(callback: Callback, address: str, found: Met | Unmet, echo: str) -> Diagnosis:
    """What an answer to the question for `echo` means."""
    label = callback.label
    if not isinstance(found, Met) or found.status not in (200, 400, 404):
        return astray(label, address, found, path=_shown(callback))
    if found.status == 200 and found.body == echo.encode():
        return _answered(callback, address, found)
    if found.status == 200 and echo.encode() in found.body:
        what = words("{address} answers, but something on the way adds to the answer.", address=address)
        return failure(
            label, what, words("Let the proxy pass {path} on to [web] bind, unchanged.", path=_shown(callback))
        )
    if found.status == 400 and found.body == _REFUSAL:
        what = words("The service refuses the signature of a call to {address}.", address=address)
        return failure(label, what, _REFUSED)
    if found.status == 404 and b'"error"' in found.body:
        what = words("The service that runs knows no callback address {address}.", address=address)
        return failure(label, what, words("Restart `distributor serve`, so that it reads distributor.toml again."))
    return astray(label, address, found, path=_shown(callback))


_REFUSED: Words = words(
    "Restart `distributor serve`, so that it reads Token and EncodingAESKey again; see that base_url leads to this "
    "office's service, and that both machines' clocks are right."
)


def _answered(callback: Callback, address: str, found: Met) -> Diagnosis:
    gaps = {"address": address, "place": callback.place}
    if found.seconds > _PROMPT:
        what = words("{address} answers after {seconds} seconds; the platform waits for one.",
                     address=address, seconds=round(found.seconds, 1))  # fmt: skip
        return warning(callback.label, what, words("See what slows the proxy or the service down."))
    if is_loopback(urlsplit(address).hostname or ""):
        what = words("{address} answers, but only this machine can reach it.", address=address)
        return warning(callback.label, what, words("Set base_url to the address under which the pages are reached."))
    return ok(callback.label, words("{address} answers as the platform wants; enter it at {place}.", **gaps))


def _shown(callback: Callback) -> str:
    return callback.path.rpartition("/")[0] + "/"
