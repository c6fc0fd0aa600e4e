"""What a mail is, for whom it speaks, and which letter it may be about: bytes in, one value out.

Nothing here decides anything: a forged mail is understood as well as an honest one. Never raises, and the
work is bounded by `mail.LARGEST` and the other limits there.
"""

from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum

from distributor.receipts.auto_reply import automatic_because
from distributor.receipts.bounce_text import read_bounce
from distributor.receipts.complaint import read_complaint
from distributor.receipts.dsn import read_dsn
from distributor.receipts.mail import LARGEST, Part, decoded, read_mail
from distributor.receipts.mdn import looks_like_receipt, read_mdn
from distributor.receipts.report import LONGEST, Class, RecipientReport
from distributor.receipts.trace import Candidate, names_a_letter, traces


class Kind(StrEnum):
    """What a mail is."""

    DSN = "dsn"  # a delivery report, or a bounce in another form
    MDN = "mdn"  # a read report
    AUTO_REPLY = "auto_reply"  # a program answered
    COMPLAINT = "complaint"  # marked as unwanted
    REPLY = "reply"  # a person answered
    UNCLASSIFIED = "unclassified"  # it wants to be a receipt and nobody can tell what of; for a person
    UNRELATED = "unrelated"  # not for this program


@dataclass(frozen=True, slots=True)
class Understanding:
    """One mail as understood. `because`: stable words for what showed its kind, in the order they counted.

    `names_letter`: it says by Message-ID which letter it is about, be it ours or not.
    """

    kind: Kind
    recipients: tuple[RecipientReport, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    because: tuple[str, ...] = ()
    sender: str = ""
    subject: str = ""
    message_id: str = ""
    names_letter: bool = False
    truncated: bool = False


#: More hops than any honest path has (RFC 5321 6.3 asks for at least 100; loops grow by two or three a turn).
HOPS = 25

_FROM_SYSTEM = ("mailer-daemon", "postmaster", "mail-daemon", "maildaemon", "mdaemon")


def understand(raw: bytes) -> Understanding:
    """Understands one mail. Never raises: what breaks a reader is `unclassified`, because of `unreadable`."""
    try:
        return _understand(read_mail(raw), truncated=len(raw) > LARGEST)
    except Exception:  # the mail comes from anybody, and the mails behind it must be read
        return Understanding(Kind.UNCLASSIFIED, because=("unreadable",), truncated=len(raw) > LARGEST)


def _understand(mail: Part, *, truncated: bool) -> Understanding:
    sender = parseaddr(mail.text("from"))[1][:LONGEST]
    if len(mail.all("received")) > HOPS:
        return Understanding(Kind.UNRELATED, because=("loop",), sender=sender, truncated=truncated)
    kind, recipients, because, ids = _kind(mail, sender)
    return Understanding(
        kind=kind,
        recipients=recipients,
        candidates=traces(mail, **ids),
        because=because,
        sender=sender,
        subject=decoded(mail.get("subject"))[:200],
        message_id=mail.get("message-id")[:LONGEST],
        names_letter=names_a_letter(mail, message_id=ids.get("message_id", "")),
        truncated=truncated,
    )


_Found = tuple[Kind, tuple[RecipientReport, ...], tuple[str, ...], dict[str, str]]


def _kind(mail: Part, sender: str) -> _Found:
    """The first that fits: a report of a known form, a bounce in words, a program's answer, a person's."""
    # An MDN of Dovecot's `reject` is no bounce, although its subject says so: its part decides.
    if dsn := read_dsn(mail):
        return Kind.DSN, dsn.recipients, ("delivery_status_part",), {"envelope_id": dsn.envelope_id}
    if mdn := read_mdn(mail):
        return Kind.MDN, (mdn.recipient,), ("disposition_part",), {"message_id": mdn.message_id}
    if complaint := read_complaint(mail):
        return Kind.COMPLAINT, (complaint,), ("feedback_part",), {}
    if _from_system(mail, sender) and (recipients := read_bounce(mail)):
        return Kind.DSN, recipients, ("bounce_text",), {}
    if looks_like_receipt(mail):
        return Kind.UNCLASSIFIED, (_by(sender, Class.UNCLEAR, "receipt"),), ("receipt_in_words",), {}
    return _answer(mail, sender)


def _answer(mail: Part, sender: str) -> _Found:
    found = traces(mail)
    if automatic := automatic_because(mail):
        if not found and automatic != "subject" and automatic != "auto-submitted":
            return Kind.UNRELATED, (), (automatic,), {}
        return Kind.AUTO_REPLY, (_by(sender, Class.AUTOMATIC, "answered"),), (automatic,), {}
    if found and (mail.get("in-reply-to") or mail.get("references")):
        return Kind.REPLY, (_by(sender, Class.REPLIED, "answered"),), ("in_reply_to",), {}
    return Kind.UNRELATED, (), ("no_sign",), {}


def _by(sender: str, class_: Class, action: str) -> RecipientReport:
    return RecipientReport(sender, action, class_)


def _from_system(mail: Part, sender: str) -> bool:
    """Whether a mail server wrote this, and no person who quotes a bounce."""
    local = sender.partition("@")[0].lower()
    null = any("<>" in value for value in mail.all("return-path"))
    return null or local in _FROM_SYSTEM or bool(mail.get("x-failed-recipients"))
