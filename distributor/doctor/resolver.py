"""Asks the DNS for texts. The one door to dnspython; what it cannot find out is None, never a guess."""

import datetime as dt
from collections.abc import Sequence

import dns.exception
import dns.resolver


class Resolver:
    """Asks the system's name servers, or those given as (address, port). Remembers when nobody answers."""

    def __init__(self, nameservers: Sequence[tuple[str, int]], patience: dt.timedelta) -> None:
        self._patience = patience.total_seconds()
        self._known: dict[str, tuple[str, ...] | None] = {}
        self._resolver: dns.resolver.Resolver | None
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
        except (dns.exception.DNSException, OSError):
            self._resolver = None  # the system names no server
        if self._resolver and nameservers:
            self._resolver.nameservers = [address for address, _ in nameservers]
            self._resolver.nameserver_ports = dict(nameservers)

    def texts(self, name: str) -> tuple[str, ...] | None:
        """The TXT records of a name, none when it has none; None when no server gave an answer."""
        if name not in self._known:
            self._known[name] = self._ask(name)
        return self._known[name]

    def _ask(self, name: str) -> tuple[str, ...] | None:
        if self._resolver is None:
            return None
        try:
            answer = self._resolver.resolve(name, "TXT", lifetime=self._patience, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except (dns.exception.DNSException, OSError):
            return None
        # RFC 7208 3.3: the parts of one record are put together without blanks.
        return tuple(b"".join(record.strings).decode("ascii", "replace") for record in answer)
