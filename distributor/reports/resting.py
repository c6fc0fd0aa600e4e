"""What rests by a person's word, or the service's own, said in names that people know."""

from dataclasses import dataclass

from distributor.store.bulletins import get_bulletin
from distributor.store.database import Connection
from distributor.store.pauses import ALL, Pause, paused
from distributor.words import Words, words


@dataclass(frozen=True, slots=True)
class Resting:
    """One thing that rests. `name` says what it is."""

    pause: Pause
    name: Words | str


def resting(conn: Connection, *, bulletin_id: int | None = None) -> tuple[Resting, ...]:
    """Everything that rests, the longest first; for one bulletin, what keeps that one back, accounts included."""
    rests = paused(conn)
    if bulletin_id is not None:
        rests = tuple(one for one in rests if one.scope == f"bulletin:{bulletin_id}" or "bulletin:" not in one.scope)
    return tuple(Resting(one, scope_name(conn, one.scope)) for one in rests)


def scope_name(conn: Connection, scope: str) -> Words | str:
    """What a scope of the table of pauses is called. Raises `BadInput` when it names a bulletin that is not there."""
    kind, _, name = scope.partition(":")
    if scope == ALL:
        return words("Everything")
    if kind == "account":
        return words("The mail account {account}", account=name)
    return get_bulletin(conn, int(name)).title


def resting_words(one: Resting, since: str) -> Words:
    """One sentence about a rest; `since` is its time as people at the office read it."""
    if one.pause.reason:
        return words("{what} is paused since {when}: {reason}", what=one.name, when=since, reason=one.pause.reason)
    return words("{what} is paused since {when}.", what=one.name, when=since)
