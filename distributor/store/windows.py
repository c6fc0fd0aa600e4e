"""Grants leave to send within limits that hold exactly, for all processes together and across restarts.

Each grant is a row stamped by the database's clock, and a window is counted from its rows while nobody else
may grant on the same scope. So no window of a limit's length ever holds more than its count, and the next
grant comes a millisecond after one leaves the window. What counts is the grant, not the hour the server
sees the letter: what has been granted should be sent or given back soon.
"""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, func, insert, select, tuple_, update

from distributor.delivery.throttle import LONGEST, Scope, Slot, Want, choose_in_order, names, slots
from distributor.store.clock import milliseconds_in, moment, read_clock, span
from distributor.store.rows import chunks
from distributor.store.service_schema import window_grant
from distributor.store.turns import take_turns


@dataclass(frozen=True, slots=True)
class Grant:
    """Leave for one letter. `at` is the database's time (UTC), `way` the number of the want that was granted."""

    key: str
    at: dt.datetime
    id: str
    scopes: frozenset[str]
    way: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """No leave now: `wait` is the shortest time after which there can be, `scope` and `limit` say what is full."""

    key: str
    wait: dt.timedelta
    scope: str
    limit: str


@dataclass(frozen=True, slots=True)
class Grants:
    """The answer to a batch of wants, in their order."""

    granted: tuple[Grant, ...]
    refused: tuple[Refusal, ...]
    full: Mapping[str, dt.timedelta] = field(default_factory=dict)  # scopes that were met full, and for how long

    @property
    def wait(self) -> dt.timedelta | None:
        """When to ask again at the earliest; None when nothing was refused."""
        return min((refusal.wait for refusal in self.refused), default=None)


@dataclass(frozen=True, slots=True)
class Usage:
    """How full one limit is; `wait` is how long until there is room, nothing when there is."""

    scope: str
    limit: str
    count: int
    used: int
    wait: dt.timedelta


def grant(conn: Connection, wants: Sequence[Want]) -> Grants:
    """Grants what fits, the first wants first; each in all its scopes or not at all.

    To be called in a short write transaction, once: others who want a scope of these wait until it ends.
    """
    return grant_first(conn, [(want,) for want in wants])


def grant_first(conn: Connection, ways: Sequence[Sequence[Want]]) -> Grants:
    """The same for letters that may leave in several ways: each takes the first that has room.

    A letter that has room nowhere is refused once, with the wait of the way that opens first.
    """
    wants = [want for each in ways for want in each]
    scopes = _scopes_of(wants)
    take_turns(conn, [_turn(scope) for scope in scopes])
    now = read_clock(conn)
    _tidy(conn, scopes, now)
    choice = choose_in_order(ways, _used(conn, {slot for want in wants for slot in slots(want)}, now))
    pairs = list(zip(ways, choice.chosen, strict=True))
    granted = tuple(
        Grant(each[way].key, moment(now), uuid.uuid4().hex, names(each[way]), way)
        for each, way in pairs
        if way is not None
    )
    _insert(conn, granted, now)
    left = [each for each, way in pairs if way is None]
    met = choice.full.union(*(slots(want) for each in left for want in each))
    opens = {slot: _opens(conn, slot, now) for slot in met}
    return Grants(granted, tuple(_refusal(each, opens, now) for each in left), _waits(opens, now))


def give_back(conn: Connection, grants: Collection[Grant]) -> None:
    """Takes back grants whose letters did not leave; their room is free at once."""
    take_turns(conn, [_turn(scope) for scope in frozenset[str]().union(*(each.scopes for each in grants))])
    for part in chunks(each.id for each in grants):
        conn.execute(delete(window_grant).where(window_grant.c.id.in_(part)))


def usage(conn: Connection, scopes: Iterable[Scope]) -> tuple[Usage, ...]:
    """How full each limit of these scopes is at this moment, for people and metrics."""
    now = read_clock(conn)
    wanted = [(scope.name, limit) for scope in scopes for limit in scope.limits]
    used = _used(conn, set(wanted), now)
    waits = {slot: _opens(conn, slot, now) if used[slot] >= slot[1].count else now for slot in wanted}
    return tuple(
        Usage(slot[0], str(slot[1]), slot[1].count, used[slot], span(max(waits[slot] - now, 0))) for slot in wanted
    )


def purge(conn: Connection) -> int:
    """Forgets grants of all scopes that no window can hold any more; returns how many rows went."""
    return _forget(conn, read_clock(conn), None)


def _turn(scope: str) -> str:
    return f"window:{scope}"


def _scopes_of(wants: Iterable[Want]) -> list[str]:
    return sorted(frozenset[str]().union(*(names(want) for want in wants)))


def _tidy(conn: Connection, scopes: Sequence[str], now: int) -> None:
    _forget(conn, now, scopes)
    # A clock that was set back leaves grants in the future. They happened before now, so counting them from now
    # keeps every promise and ends the wait within one window.
    for part in chunks(scopes):
        future = (window_grant.c.scope.in_(part), window_grant.c.at_ms > now)
        conn.execute(update(window_grant).where(*future).values(at_ms=now))


def _forget(conn: Connection, now: int, scopes: Sequence[str] | None) -> int:
    old = window_grant.c.at_ms < now - milliseconds_in(LONGEST)
    parts = [[old]] if scopes is None else [[old, window_grant.c.scope.in_(part)] for part in chunks(scopes)]
    both = tuple_(window_grant.c.id, window_grant.c.scope)
    gone = 0
    for conditions in parts:
        # Rows that somebody else is removing are left to them: two removers never wait for each other.
        free = select(window_grant.c.id, window_grant.c.scope).where(*conditions).with_for_update(skip_locked=True)
        gone += conn.execute(delete(window_grant).where(both.in_(free))).rowcount
    return gone


def _used(conn: Connection, wanted: Collection[Slot], now: int) -> dict[Slot, int]:
    """The grants in the window of each slot that ends now, its first moment included."""
    counts: dict[tuple[str, int], int] = {}
    for length in {limit.milliseconds for _, limit in wanted}:
        scopes = {scope for scope, limit in wanted if limit.milliseconds == length}
        for part in chunks(scopes):
            inside = (window_grant.c.scope.in_(part), window_grant.c.at_ms >= now - length)
            found = select(window_grant.c.scope, func.count()).where(*inside).group_by(window_grant.c.scope)
            counts.update({(scope, length): count for scope, count in conn.execute(found)})
    return {(scope, limit): counts.get((scope, limit.milliseconds), 0) for scope, limit in wanted}


def _insert(conn: Connection, granted: Iterable[Grant], now: int) -> None:
    rows = ({"id": each.id, "scope": scope, "at_ms": now} for each in granted for scope in sorted(each.scopes))
    for part in chunks(rows):
        # RETURNING makes it one statement. A pipeline of many ends with a flush, after which PostgreSQL no longer
        # watches for a frozen client, and the turns would be kept for ever.
        conn.execute(insert(window_grant).returning(window_grant.c.id), part).all()


def _refusal(wants: Sequence[Want], opens: Mapping[Slot, int], now: int) -> Refusal:
    """What the letter waits for: of each way the limit that opens last, of all ways the one that opens first."""
    last = [max(slots(want), key=opens.__getitem__) for want in wants]
    number = min(range(len(last)), key=lambda way: opens[last[way]])
    scope, limit = last[number]
    return Refusal(wants[number].key, span(max(opens[last[number]] - now, 0)), scope, str(limit))


def _waits(opens: Mapping[Slot, int], now: int) -> dict[str, dt.timedelta]:
    waits: dict[str, dt.timedelta] = {}
    for (scope, _), at in opens.items():
        if at > now:
            waits[scope] = max(waits.get(scope, dt.timedelta()), span(at - now))
    return waits


def _opens(conn: Connection, slot: Slot, now: int) -> int:
    """When one more fits into a slot, in milliseconds; a time that is past means at once."""
    scope, limit = slot
    newest = select(window_grant.c.at_ms).where(window_grant.c.scope == scope).order_by(window_grant.c.at_ms.desc())
    stamp = conn.execute(newest.offset(limit.count - 1).limit(1)).scalar()
    return now if stamp is None else limit.open_again(stamp)
