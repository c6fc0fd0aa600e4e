"""How much is known about one copy, as rungs of a ladder that are never merged.

The transport gives the lowest rungs, receipts the others. Evidence only rises: it is the highest of what is there,
so repetition, order and lateness of receipts change nothing. What a receipt says about the transport is a fact for
the state machine (`state.py`), and that table is made so that every order ends in the same state.
Sources: RFC 3464 2.3.3 (Action), RFC 8098 3.2.6 (Disposition), RFC 3834 (automatic replies).
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from distributor.delivery.decision import Decision, decision_of
from distributor.delivery.state import CLAIMABLE, FENCED, TRANSITIONS, Fact, State


class Rung(StrEnum):
    """The evidence ladder, from the bottom up."""

    NONE = "none"  # nothing shows that anybody else has it
    ACCEPTED = "accepted"  # the next hop took responsibility
    RELAYED = "relayed"  # handed on to a system that gives no further report
    REPORTED = "reported"  # a person said that it arrived; no machine has confirmed it
    DELIVERED = "delivered"  # a report, or an automatic answer, says that it is in the mailbox
    FETCHED = "fetched"  # something of it was loaded by a machine, or nobody can tell by whom
    OPENED = "opened"  # its page was opened; nobody can tell by whom
    READ = "read"  # the mail program reports that it was displayed
    REPLIED = "replied"  # a person answered it, or sent it back with a reason
    PHONED = "phoned"  # 签收 by phone, as somebody at the office noted it
    SIGNED = "signed"  # 签收: a person pressed the button
    IDENTIFIED = "identified"  # 签收 by a person who was logged in


class Grade(StrEnum):
    """Whose word a receipt is, the weakest first."""

    TRANSPORT = "transport"  # a mail system's report about its own work
    UNVERIFIED = "unverified"  # a machine does this too
    CLIENT = "client"  # the reader's mail program says so
    NOTED = "noted"  # somebody at the office noted what a person said
    PERSON = "person"  # only a person does this; which one is not proved
    IDENTIFIED = "identified"  # a person who proved who they are


class Kind(StrEnum):
    """What a receipt is."""

    DELAYED = "delayed"  # DSN: not there yet, still tried
    BOUNCED = "bounced"  # DSN or another report: given up
    REFUSED = "refused"  # the recipient's own filter sent it back
    RELAYED = "relayed"  # DSN: relayed or expanded
    DELIVERED = "delivered"  # DSN: in the mailbox
    AUTO_REPLIED = "auto_replied"  # an automatic answer of a live mailbox
    DISPOSED = "disposed"  # MDN: deleted, dispatched, processed or denied, which is not reading
    COMPLAINED = "complained"  # marked as spam by the recipient
    FETCHED = "fetched"  # a HEAD or a prefetch
    OPENED = "opened"  # a GET of the page
    READ_AUTOMATICALLY = "read_automatically"  # MDN: displayed, without the user's doing
    READ = "read"  # MDN: displayed
    REPLIED = "replied"  # an answer written by a person
    RETURNED = "returned"  # 退回 with a reason
    PHONED = "phoned"  # 签收 by phone
    SIGNED = "signed"  # 签收 on the page
    IDENTIFIED = "identified"  # 签收 by somebody logged in
    UNCLASSIFIED = "unclassified"  # belongs to the copy, and what it means is left to a person


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a kind of receipt proves: its rung, whose word it is, and what it says about the transport."""

    rung: Rung
    grade: Grade
    fact: Fact | None = None


_M, _R, _G = Meaning, Rung, Grade

#: The one place where a kind of receipt becomes evidence. A page that was opened shows that the next hop has the
#: letter, which settles a doubt (ACCEPT leads only out of `unknown`), and no more: a gateway that follows links
#: may still send the letter back.
MEANINGS: dict[Kind, Meaning] = {
    Kind.DELAYED: _M(_R.ACCEPTED, _G.TRANSPORT, Fact.ACCEPT),
    Kind.BOUNCED: _M(_R.ACCEPTED, _G.TRANSPORT, Fact.BOUNCE),
    Kind.REFUSED: _M(_R.ACCEPTED, _G.TRANSPORT, Fact.BOUNCE),
    Kind.RELAYED: _M(_R.RELAYED, _G.TRANSPORT, Fact.ACCEPT),
    Kind.DELIVERED: _M(_R.DELIVERED, _G.TRANSPORT, Fact.DELIVER),
    Kind.AUTO_REPLIED: _M(_R.DELIVERED, _G.UNVERIFIED, Fact.DELIVER),
    Kind.DISPOSED: _M(_R.DELIVERED, _G.CLIENT, Fact.DELIVER),
    Kind.COMPLAINED: _M(_R.DELIVERED, _G.UNVERIFIED, Fact.DELIVER),
    Kind.FETCHED: _M(_R.FETCHED, _G.UNVERIFIED, Fact.ACCEPT),
    Kind.OPENED: _M(_R.OPENED, _G.UNVERIFIED, Fact.ACCEPT),
    Kind.READ_AUTOMATICALLY: _M(_R.READ, _G.UNVERIFIED, Fact.DELIVER),
    Kind.READ: _M(_R.READ, _G.CLIENT, Fact.DELIVER),
    Kind.REPLIED: _M(_R.REPLIED, _G.PERSON, Fact.DELIVER),
    Kind.RETURNED: _M(_R.REPLIED, _G.PERSON, Fact.DELIVER),
    # Who says on the phone that they know of it need not have the letter.
    Kind.PHONED: _M(_R.PHONED, _G.NOTED),
    Kind.SIGNED: _M(_R.SIGNED, _G.PERSON, Fact.DELIVER),
    Kind.IDENTIFIED: _M(_R.IDENTIFIED, _G.IDENTIFIED, Fact.DELIVER),
    Kind.UNCLASSIFIED: _M(_R.NONE, _G.UNVERIFIED),
}

#: 签收 in any form: what a unit owes, and what ends the reminders.
ACKNOWLEDGEMENTS = frozenset({Kind.PHONED, Kind.SIGNED, Kind.IDENTIFIED})

_RUNGS = {
    State.ACCEPTED: Rung.ACCEPTED,
    State.BOUNCED: Rung.ACCEPTED,
    State.DELIVERED: Rung.DELIVERED,
}

_HEIGHT = {rung: height for height, rung in enumerate(Rung)}
_WEIGHT = {grade: weight for weight, grade in enumerate(Grade)}

#: A worker holds the copy, and its own outcome comes first.
_IN_HAND = frozenset({State.CLAIMED, State.SENDING})

#: The copy is still on its way: what a report says of it waits until the transport has had its say.
UNDER_WAY = _IN_HAND | CLAIMABLE


@dataclass(frozen=True, slots=True)
class Sign:
    """One receipt, as far as evidence goes. `at` is UTC; `source` is where it came in."""

    kind: Kind
    at: dt.datetime
    source: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One rung that was reached: by whose best word, from which sources, first when (UTC), and by how many receipts."""

    rung: Rung
    grade: Grade
    first_at: dt.datetime
    sources: tuple[str, ...]
    count: int


def evidence_of(state: State, reason: str = "", kinds: Iterable[Kind] = ()) -> Rung:
    """The highest rung that a delivery's state, its reason and its receipts prove.

    A bounce proves acceptance and no more.
    """
    return max((_by_transport(state, reason), *(MEANINGS[kind].rung for kind in kinds)), key=_HEIGHT.__getitem__)


def ladder(signs: Collection[Sign]) -> tuple[Step, ...]:
    """The rungs that receipts prove, the highest first; each with what stands behind it."""
    by_rung: dict[Rung, list[Sign]] = {}
    for sign in signs:
        by_rung.setdefault(MEANINGS[sign.kind].rung, []).append(sign)
    return tuple(_step(rung, by_rung[rung]) for rung in sorted(by_rung, key=_HEIGHT.__getitem__, reverse=True))


def is_acknowledged(kinds: Iterable[Kind]) -> bool:
    """Whether there is a 签收 in any form."""
    return any(kind in ACKNOWLEDGEMENTS for kind in kinds)


_BY_RECEIPT = "receipt:"


def reason_for(kind: Kind) -> str:
    """The reason that a receipt leaves on the row it moved."""
    return f"{_BY_RECEIPT}{kind}"


def kind_behind(reason: str) -> Kind | None:
    """The kind of receipt that a row's reason speaks of; None when the reason is another."""
    return next((kind for kind in Kind if reason == reason_for(kind)), None)


class Effect(StrEnum):
    """What a receipt does to the state of its delivery at this moment."""

    MOVES = "moves"
    WAITS = "waits"  # the copy is still on its way
    NOTHING = "nothing"


def effect_of(kind: Kind, state: State) -> Effect:
    """What a receipt of this kind does to a delivery in this state."""
    fact = MEANINGS[kind].fact
    if fact is None:
        return Effect.NOTHING
    arrow = (state, fact)
    if arrow in TRANSITIONS and arrow not in FENCED and state not in _IN_HAND:
        return Effect.MOVES if TRANSITIONS[arrow] is not state else Effect.NOTHING
    return Effect.WAITS if state in UNDER_WAY else Effect.NOTHING


def _by_transport(state: State, reason: str) -> Rung:
    if state is State.ACCEPTED and decision_of(reason) is Decision.ARRIVED:
        return Rung.REPORTED
    return _RUNGS.get(state, Rung.NONE)


def _step(rung: Rung, signs: Collection[Sign]) -> Step:
    grades = {MEANINGS[sign.kind].grade for sign in signs}
    return Step(
        rung=rung,
        grade=max(grades, key=_WEIGHT.__getitem__),
        first_at=min(sign.at for sign in signs),
        sources=tuple(sorted({sign.source for sign in signs})),
        count=len(signs),
    )
