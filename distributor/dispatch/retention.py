"""Keeps to the office's own rules about how long things are kept: in small transactions, and never without a word.

What was removed stands in the audit log as counts. Deciding what is over is the settings'; a text of a bulletin, a
copy, a 签收 and a decision are never over.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from distributor.settings import Retention
from distributor.store import audit
from distributor.store.database import Database
from distributor.store.retention import AT_ONCE, Kept, count_over, remove_over


@dataclass(slots=True)
class Purge:
    """One purge: everything that was over at `now` (UTC), step by step."""

    rules: Retention
    now: dt.datetime
    removed: dict[Kept, int] = field(default_factory=lambda: dict.fromkeys(Kept, 0))
    _left: list[Kept] = field(default_factory=lambda: list(Kept))

    def step(self, database: Database, *, actor: str) -> bool:
        """Removes a few rows in a transaction of their own. Returns whether there may be more."""
        if not self._left:
            return False
        kept = self._left[0]
        with database.write() as conn:
            count = remove_over(conn, kept, self._before(kept))
            self.removed[kept] += count
            if count < AT_ONCE:
                self._left.pop(0)
            if not self._left and any(self.removed.values()):
                audit.append(conn, "retention.purged", "retention", self.counts(), actor, self.now)
        return bool(self._left)

    def foreseen(self, database: Database) -> Mapping[str, int]:
        """How much would be removed now, by the keys of `[retention]`."""
        with database.read() as conn:
            return {kept.value: count_over(conn, kept, self._before(kept)) for kept in Kept}

    def counts(self) -> Mapping[str, int]:
        """How much has been removed, by the keys of `[retention]`."""
        return {kept.value: self.removed[kept] for kept in Kept}

    def _before(self, kept: Kept) -> dt.datetime:
        length: dt.timedelta = getattr(self.rules, kept.value)
        return self.now - length
