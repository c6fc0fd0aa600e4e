"""Who is asking, and whether they have guessed too often.

An address is used for the limit and forgotten: it is never stored and never logged. `X-Forwarded-For` counts only
from the right and only as far as trusted proxies wrote it, because anybody may send one (fault 73).
"""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: What stands for a caller without a usable address; they share one limit.
NOBODY = ipaddress.ip_address("0.0.0.0")  # noqa: S104 - not a place to listen on


def caller(request: Request, trusted: Sequence[Network]) -> Address:
    """The address of who is asking: the last one that no trusted proxy has."""
    here = _address(request.client.host if request.client else "")
    said = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
    while any(here in network for network in trusted) and said and (text := said.pop().strip()):
        here = _address(text)
    return here


@dataclass(slots=True)
class _Window:
    begun: float
    count: int = 0


class Guesses:
    """Counts what was asked for in vain, per address and per network, in windows of a minute. Its memory is bounded."""

    def __init__(
        self,
        per_address: int = 30,
        per_network: int = 300,
        *,
        most: int = 20_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits = (per_address, per_network)
        self._most = most
        self._clock = clock
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def miss(self, address: Address) -> bool:
        """Counts one guess that was wrong. Whether there were too many from there."""
        from_there = self._count(str(_host(address)))
        from_near = self._count(str(_network(address)))
        return from_there > self._limits[0] or from_near > self._limits[1]

    def _count(self, key: str) -> int:
        now = self._clock()
        window = self._windows.get(key)
        if window is None or now - window.begun >= 60:
            window = self._windows[key] = _Window(now)
            self._windows.move_to_end(key)
            while len(self._windows) > self._most:
                self._windows.popitem(last=False)
        window.count += 1
        return window.count


def _address(text: str) -> Address:
    bare = text.strip()
    if bare.startswith("["):  # [2001:db8::1]:4711
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:  # 192.0.2.1:4711
        bare = bare.partition(":")[0]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return NOBODY
    return found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found


def _host(address: Address) -> Address | Network:
    """One caller: an IPv4 address, or the /64 that an IPv6 host chooses its addresses from."""
    return address if address.version == 4 else ipaddress.ip_network((address, 64), strict=False)


def _network(address: Address) -> Network:
    return ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)
