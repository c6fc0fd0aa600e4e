"""What keeps the clock's duties from being done: said once, again each minute, and to the editors when it is over.

The duties are tried every second. A full disk or a database that is away must not fill the journal as well.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from distributor.errors import DistributorError
from distributor.log import log

#: How often the same trouble is written down again.
AGAIN = dt.timedelta(minutes=1)
#: Trouble that is over sooner is nobody's matter: a lock, a server that starts again.
PATIENCE = dt.timedelta(seconds=3)

_log = log("service")


@dataclass(frozen=True, slots=True)
class Stumble:
    """Duties that fail one after another: since when and until when (UTC), and what was said the last time."""

    since: dt.datetime
    until: dt.datetime
    what: str

    @property
    def length(self) -> dt.timedelta:
        """For how long they have failed."""
        return self.until - self.since


class Stumbling:
    """Hears of every ring of the clock: of those that failed, and of those that did not."""

    def __init__(self, clock: Callable[[], dt.datetime]) -> None:
        self._clock = clock
        self._now: Stumble | None = None
        self._said: tuple[str, dt.datetime] | None = None

    def what(self) -> str | None:
        """What the duties fail of now; None while they do not, or not for long enough to matter."""
        return self._now.what if self._now and self._now.length >= PATIENCE else None

    def failed(self, error: BaseException) -> None:
        """A ring failed; it is tried again a second later."""
        now, what = self._clock(), str(error)
        self._now = Stumble(self._now.since if self._now else now, now, what)
        if self._said is None or self._said[0] != what or not dt.timedelta() <= now - self._said[1] < AGAIN:
            self._said = what, now
            # What the program foresees is told by its sentence; anything else needs its place in the code.
            foreseen = isinstance(error, DistributorError)
            _log.error("tick.failed", what=what, kind=type(error).__name__, exc_info=None if foreseen else error)

    def went_well(self) -> Stumble | None:
        """A ring ended as it should; returns the trouble that is over with it."""
        over, self._now, self._said = self._now, None, None
        return over
