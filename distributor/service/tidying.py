"""Once a day: what has been kept for long enough goes, a few rows at each tick, so that nobody waits for it."""

import datetime as dt

from distributor.dispatch.retention import Purge
from distributor.log import log
from distributor.service.office import Office

_log = log("duties")

#: From the end of one purge to the next.
EVERY = dt.timedelta(days=1)


class Tidying:
    """The leader's daily purge. Begun again after a restart, it finds less to do."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._purge: Purge | None = None
        self._done_at: dt.datetime | None = None

    def step(self, now: dt.datetime) -> None:
        """Does a little when it is due. Raises `Unavailable`."""
        if self._purge is None:
            if self._done_at and self._done_at <= now < self._done_at + EVERY:
                return
            self._purge = Purge(self._office.settings.retention, now)
        if self._purge.step(self._office.database, actor="service"):
            return
        counts = self._purge.counts()
        self._purge, self._done_at = None, now
        if any(counts.values()):
            _log.info("retention.purged", **counts)
