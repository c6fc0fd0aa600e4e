"""Letting something go on by a person's word: what rested, what was held, what an account's trouble kept back."""

import datetime as dt
from dataclasses import dataclass

from distributor.dispatch.holds import give_hours, let_go, take_up_refused
from distributor.dispatch.hours import hour_of
from distributor.settings import Settings
from distributor.store.breakers import close_breaker
from distributor.store.database import Connection
from distributor.store.pauses import resume
from distributor.store.records import BulletinRecord


@dataclass(frozen=True, slots=True)
class WentOn:
    """What went on: a rest that ended, an account tried again, letters whose hold was lifted, copies taken up."""

    changed: bool
    tried_again: bool
    lifted: int
    refused: int

    @property
    def anything(self) -> bool:
        """Whether anything had been kept back at all."""
        return self.changed or self.tried_again or self.lifted > 0 or self.refused > 0


def go_on(
    conn: Connection, scope: str, record: BulletinRecord | None, settings: Settings, *, now: dt.datetime, actor: str
) -> WentOn:
    """Lets a scope go on. With `record`, its bulletin, holds are lifted and copies refused for their content go again.

    Raises `BadInput` for a scope that cannot rest, and what `hour_of` raises for a bulletin without an hour.
    """
    changed = resume(conn, scope, actor, now)
    kind, _, account = scope.partition(":")
    # An account that the program itself left alone after trouble is tried again at once.
    tried = kind == "account" and close_breaker(conn, account, actor, now)
    if record is None:
        return WentOn(changed, tried, 0, 0)
    lifted = let_go(conn, record.id, now=now, actor=actor)
    give_hours(
        conn,
        record,
        lifted,
        lambda after: hour_of(settings, record, after),
        now=now,
        valid_for=settings.send.valid_for,
    )
    return WentOn(changed, tried, len(lifted), take_up_refused(conn, record.id, now=now, actor=actor))
