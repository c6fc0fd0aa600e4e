"""Takes a mail in: understands it, finds its delivery, and books it as a receipt, all in the caller's transaction.

The same report twice is one receipt, whatever lines servers have put on top of it. Mail that is not ours leaves
no row. What only may be ours is kept for a person and counts for nothing.
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from distributor.address import is_forgotten
from distributor.delivery.evidence import Kind
from distributor.delivery.suppression import is_dead_address
from distributor.dispatch.correlate import Ground, Match, correlate
from distributor.receipts.bounce_text import words_of
from distributor.receipts.mail import LARGEST, read_mail
from distributor.receipts.report import Class, RecipientReport
from distributor.receipts.tokens import TokenKey
from distributor.receipts.understand import Kind as MailKind
from distributor.receipts.understand import Understanding, understand
from distributor.store import audit
from distributor.store.attempts import letters_out
from distributor.store.database import Connection
from distributor.store.receipts import Added, add_receipt
from distributor.store.records import DeliveryRecord
from distributor.store.suppressed import suppress_address

#: Octets of a mail that are kept with its receipt: the report, and the beginning of what it returns.
KEPT = 200_000

#: A mail that lay in the mailbox for longer before it was read is marked as late.
LATE = dt.timedelta(hours=6)

_KINDS = {
    Class.PERMANENT: Kind.BOUNCED,
    Class.TEMPORARY: Kind.DELAYED,
    Class.REFUSED: Kind.REFUSED,
    Class.NOT_READ: Kind.DISPOSED,
    Class.AUTOMATIC: Kind.AUTO_REPLIED,
    Class.REPLIED: Kind.REPLIED,
    Class.COMPLAINT: Kind.COMPLAINED,
    Class.UNCLEAR: Kind.UNCLASSIFIED,
}


#: In these a person's own program names itself; which one somebody uses is nobody's business.
_FROM_PEOPLE = frozenset({Class.READ, Class.NOT_READ, Class.COMPLAINT})


class Unreadable(Exception):
    """A mail that breaks its reader; it is tried again, and then put aside."""


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of one mail. `ours`: at least one receipt stands for it. `new`: receipts that were not there."""

    understanding: Understanding
    matches: tuple[Match, ...]
    new: tuple[Added, ...]
    suppressed: tuple[str, ...]

    @property
    def ours(self) -> bool:
        """Whether the mail has to do with a letter of ours, surely or perhaps."""
        return any(match.ground is not Ground.NO_TRACE for match in self.matches)


def take_in(conn: Connection, raw: bytes, key: TokenKey, *, arrived_at: dt.datetime, now: dt.datetime) -> Booked:
    """Books one mail. `arrived_at`: when the mailbox got it (UTC). Raises `Unreadable`."""
    found = understand(raw)
    if "unreadable" in found.because:
        raise Unreadable
    matches = () if found.kind is MailKind.UNRELATED else correlate(conn, key, found, now=now)
    new = []
    suppressed = []
    for match in matches:
        if match.ground is Ground.NO_TRACE or (match.delivery and is_forgotten(match.delivery.address)):
            continue  # what comes back of somebody who was forgotten would bring them back
        added = _book(conn, raw, found, match, arrived_at=min(arrived_at, now), now=now)
        if added.new:
            new.append(added)
        if added.new and match.is_sure and match.delivery and _is_dead(match.report):
            _suppress(conn, match.delivery, match.report, now=now)
            suppressed.append(match.delivery.address)
    return Booked(found, matches, tuple(new), tuple(suppressed))


def kind_of(report: RecipientReport) -> Kind:
    """The kind of receipt that a report is."""
    if report.class_ is Class.SUCCESS:
        return Kind.DELIVERED if report.action == "delivered" else Kind.RELAYED
    if report.class_ is Class.READ:
        return Kind.READ if report.mode == "manual" else Kind.READ_AUTOMATICALLY
    return _KINDS[report.class_]


def _suppress(conn: Connection, delivery: DeliveryRecord, report: RecipientReport, *, now: dt.datetime) -> None:
    reason = f"{report.status} {report.text}".strip()
    suppress_address(conn, delivery.channel, delivery.address, reason=reason, source=delivery.id, now=now)
    details = {"channel": delivery.channel, "address": delivery.address, "status": report.status}
    subject = f"address:{delivery.address}"
    audit.append(conn, "suppression.added", subject, details, "mailbox", now, bulletin_id=delivery.bulletin_id)


def _is_dead(report: RecipientReport) -> bool:
    return is_dead_address(report.status, permanent=report.class_ is Class.PERMANENT)


def _book(
    conn: Connection, raw: bytes, found: Understanding, match: Match, *, arrived_at: dt.datetime, now: dt.datetime
) -> Added:
    kind = kind_of(match.report)
    # A suggestion is no claim: the receipt belongs to nobody until a person says so.
    claimed = match.delivery is not None and match.ground is not Ground.ADDRESS_ONLY
    return add_receipt(
        conn,
        kind,
        delivery_id=match.delivery.id if match.delivery and claimed else None,
        source="mailbox",
        digest=_digest(raw, found, match, kind, letter=_which_letter(conn, match, arrived_at)),
        at=arrived_at,
        now=now,
        raw=raw[:KEPT],
        details=_details(raw, found, match, late=now - arrived_at > LATE),
        review="" if match.is_sure else match.ground.value,
    )


def _which_letter(conn: Connection, match: Match, arrived_at: dt.datetime) -> int:
    """The how-manieth letter of a copy a report is about: the last one that was out when the report arrived."""
    return letters_out(conn, match.delivery.id, by=arrived_at) if match.is_sure and match.delivery else 0


def _digest(raw: bytes, found: Understanding, match: Match, kind: Kind, *, letter: int) -> str:
    """What makes a report the same again: for machines what it says of whom, for people's words the words.

    A copy that came back and was sent again may come back again, with the same words.
    """
    report = match.report
    if match.is_sure and match.delivery and kind is not Kind.REPLIED:
        again = (str(letter),) if letter > 1 else ()
        said = (match.delivery.id, kind, report.address.lower(), report.action, report.status, report.mode, *again)
        return hashlib.sha256("\n".join(("mail", *said)).encode("utf-8", "replace")).hexdigest()
    # Servers add header lines on top; the words and who wrote them stay.
    body = raw[:LARGEST].replace(b"\r\n", b"\n").partition(b"\n\n")[2]
    head = "\n".join(("mail", kind, report.address.lower(), found.sender.lower(), found.message_id))
    return hashlib.sha256(head.encode("utf-8", "replace") + b"\n" + body).hexdigest()


def _details(raw: bytes, found: Understanding, match: Match, *, late: bool) -> Mapping[str, object]:
    report = match.report
    said = {
        "mail": found.kind.value,
        "because": list(found.because),
        "ground": match.ground.value,
        "by": match.by.value if match.by else "",
        "suggested": match.delivery.id if match.delivery and match.ground is Ground.ADDRESS_ONLY else "",
        "address": report.address,
        "original": report.original,
        "action": report.action,
        "status": report.status,
        "class": report.class_.value,
        "reason": report.reason,
        "mode": report.mode,
        "server": "" if report.class_ in _FROM_PEOPLE else report.server,
        "subject": found.subject,
        "text": words_of(read_mail(raw))[:2000].strip() if report.class_ is Class.REPLIED else report.text,
        "late": late,
    }
    return {name: value for name, value in said.items() if value}
