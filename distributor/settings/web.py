"""`[web]`: the pages."""

import datetime as dt
import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from distributor.settings import values as check
from distributor.settings.table import Duration, Table


class Web(Table):
    """`[web]`: the pages: the reader's page with its 签收; health, readiness, metrics."""

    bind: Annotated[str, AfterValidator(check.bind)] = Field(
        "127.0.0.1:8025", description="`host:port` to listen on, without TLS: this machine only; empty: no pages."
    )
    trusted_proxies: tuple[Annotated[str, AfterValidator(check.network)], ...] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="Networks of the proxies whose `X-Forwarded-For` counts; nobody else's does.",
    )
    readable_for: Duration = Field(
        dt.timedelta(days=365), description="How long after its release a bulletin's page shows it and takes a 签收."
    )

    office_idle: Duration = Field(
        dt.timedelta(minutes=30), description="How long a login on the office's pages lasts without a look at them."
    )
    office_longest: Duration = Field(
        dt.timedelta(hours=12), description="How long a login on the office's pages lasts at the longest."
    )

    @property
    def listens(self) -> tuple[str, int] | None:
        """Host and port; None when there are no pages."""
        host, _, port = self.bind.rpartition(":")
        return (host.strip("[]"), int(port)) if self.bind else None

    @property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The trusted proxies, as networks."""
        return tuple(ipaddress.ip_network(network) for network in self.trusted_proxies)
