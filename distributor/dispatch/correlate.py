"""Which of our deliveries a mail is about, and whether that counts.

A token names a letter; it counts only when the report speaks of the person whom that letter went to, or of an
address that somebody has confirmed for them. So a forged report, a report on a list's members and a letter that
was forwarded move nothing. An address without a token is a suggestion for a person, never more.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from distributor.receipts.report import Class, RecipientReport, same_address
from distributor.receipts.tokens import Purpose, TokenKey, token_hash
from distributor.receipts.trace import Candidate, Trace
from distributor.receipts.understand import Understanding
from distributor.store import letter_names
from distributor.store.database import Connection
from distributor.store.records import DeliveryRecord


class Ground(StrEnum):
    """Why a report belongs to a delivery, or why it does not."""

    MATCHED = "matched"  # token and person agree
    ALIAS = "alias"  # token, and an address that was confirmed for the person
    OTHER_RECIPIENT = "other_recipient"  # our token, another address: a person must look
    NOT_OURS = "not_ours"  # it names a letter that is none of ours
    ADDRESS_ONLY = "address_only"  # no token; a letter went to this address: a suggestion
    NO_TRACE = "no_trace"  # nothing points to a letter of ours


#: These count.
SURE = frozenset({Ground.MATCHED, Ground.ALIAS})

#: A report without a token is compared with letters of this time.
LOOKING_BACK = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Match:
    """One recipient's report and the delivery that it is, or may be, about. `by`: the trace that named it."""

    report: RecipientReport
    ground: Ground
    delivery: DeliveryRecord | None = None
    by: Trace | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it counts without a person's look."""
        return self.ground in SURE


@dataclass(frozen=True, slots=True)
class _Named:
    delivery: DeliveryRecord
    by: Trace


def correlate(conn: Connection, key: TokenKey, found: Understanding, *, now: dt.datetime) -> tuple[Match, ...]:
    """The delivery of each recipient that a mail speaks of. May write names of letters, so not for `database.read`."""
    named = list(_named(conn, key, found.candidates))
    return tuple(_match(conn, report, named, found, now) for report in found.recipients)


def _named(conn: Connection, key: TokenKey, candidates: tuple[Candidate, ...]) -> Iterator[_Named]:
    """The deliveries that the tokens name, the surest trace first."""
    seen = set()
    for candidate in candidates:
        delivery = _look_up(conn, key, candidate)
        if delivery is not None and delivery.id not in seen:
            seen.add(delivery.id)
            yield _Named(delivery, candidate.by)


def _look_up(conn: Connection, key: TokenKey, candidate: Candidate) -> DeliveryRecord | None:
    hashed = token_hash(candidate.token)
    if candidate.by in (Trace.VERP, Trace.ENVID):
        return letter_names.by_envelope(conn, hashed)
    found = letter_names.by_message(conn, hashed)
    if found is None and letter_names.name_letters(conn, lambda each: token_hash(key.token(Purpose.MESSAGE, each))):
        found = letter_names.by_message(conn, hashed)
    return found


def _match(
    conn: Connection, report: RecipientReport, named: list[_Named], found: Understanding, now: dt.datetime
) -> Match:
    for each in named:
        if ground := _agrees(conn, report, each.delivery):
            return Match(report, ground, each.delivery, each.by)
    if named:
        return Match(report, Ground.OTHER_RECIPIENT, named[0].delivery, named[0].by)
    if found.candidates:
        return Match(report, Ground.NOT_OURS)
    if found.names_letter:  # somebody else's, sent from the same mailbox
        return Match(report, Ground.NO_TRACE)
    letters = letter_names.tried_at(conn, report.address, since=now - LOOKING_BACK) if report.address else ()
    return Match(report, Ground.ADDRESS_ONLY, letters[0]) if letters else Match(report, Ground.NO_TRACE)


def _agrees(conn: Connection, report: RecipientReport, delivery: DeliveryRecord) -> Ground | None:
    if same_address(report.address, delivery.address):
        return Ground.MATCHED
    # Providers leave the address out of complaints (RFC 5965 2.1); the returned letter's token has to do.
    if report.class_ is Class.COMPLAINT and not report.address:
        return Ground.MATCHED
    known = letter_names.aliases_of(conn, delivery.address)
    return Ground.ALIAS if any(same_address(report.address, alias) for alias in known) else None
