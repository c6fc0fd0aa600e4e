"""`[web]`: the pages."""

from typing import Annotated

from pydantic import AfterValidator, Field

from distributor.settings import values as check
from distributor.settings.table import Table


class Web(Table):
    """`[web]`: the service's own pages: health, readiness, metrics."""

    bind: Annotated[str, AfterValidator(check.bind)] = Field(
        "127.0.0.1:8025", description="`host:port` to listen on, without TLS: this machine only; empty: no pages."
    )

    @property
    def listens(self) -> tuple[str, int] | None:
        """Host and port; None when there are no pages."""
        host, _, port = self.bind.rpartition(":")
        return (host.strip("[]"), int(port)) if self.bind else None
