"""Message disposition notifications, the read reports of mail programs (RFC 8098; RFC 2298 and 3798 before it).

    Content-Type: message/disposition-notification

    Reporting-UA: pc17; Foxmail 7
    Original-Recipient: rfc822;alice@example.com
    Final-Recipient: rfc822;alice@example.com
    Original-Message-ID: <k3v…@example.gov.cn>
    Disposition: manual-action/MDN-sent-manually; displayed

Only `displayed` says that somebody saw it, and `automatic-action` makes that weaker: the mode is kept. `deleted`
is what Exchange's "not read" writes, and also a filter that rejects (RFC 5429 2.1.1, Dovecot): the words beside it
tell the two apart. Tolerated: `Original-Recipient: rfc822;rfc822;…` (Horde),
a space before the colon (SquirrelMail), fields among the part's headers, modifiers in any form, another container.
A receipt in free words (Outlook's "Read:", 已读:) is `unclassified`: nobody can tell what it stands for.
"""

import re
from dataclasses import dataclass

from distributor.receipts.bounce_text import words_of
from distributor.receipts.mail import Part, read_fields
from distributor.receipts.report import Class, RecipientReport, plain_address

KINDS = ("message/disposition-notification", "message/global-disposition-notification")

_DISPOSITION = re.compile(r"\s*(?:([\w-]{1,60})\s*/\s*([\w-]{1,60})\s*;)?\s*([a-z]{1,40})", re.IGNORECASE)

_REJECTED = re.compile(r"^\s*rejected\b|automatically rejected|was rejected|拒收|拒绝", re.IGNORECASE)

_FREE = re.compile(
    r"\s*(read|not read|read[ -]receipt|return receipt|read notification|opened|gelesen|lu|已读|已讀|未读|未讀|"
    r"已读回执|已讀回條|阅读回执|閱讀回條|读取回执|已读收条|已阅|回执)(\s*[:：]|$)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mdn:
    """One report, the Message-ID it answers to ("" when not named), and what it says."""

    message_id: str
    recipient: RecipientReport


def read_mdn(mail: Part) -> Mdn | None:
    """Reads a report; None when the mail has no disposition part with a Disposition in it."""
    for part in mail.walk():
        if part.kind in KINDS:
            fields = dict(reversed((*read_fields(part.string), *part.fields)))
            if found := _DISPOSITION.match(fields.get("disposition", "")):
                said = mail.text("subject") + "\n" + words_of(mail)
                return Mdn(fields.get("original-message-id", "").strip(), _recipient(fields, found, said))
    return None


def looks_like_receipt(mail: Part) -> bool:
    """Whether a mail is a read receipt in free words, which proves nothing."""
    wants = mail.kind == "multipart/report" and mail.parameter("report-type").lower() == "disposition-notification"
    return wants or bool(_FREE.match(mail.text("subject")))


def _recipient(fields: dict[str, str], found: re.Match[str], said: str) -> RecipientReport:
    action = found[3].lower()
    # Without a mode nobody says that a person was there.
    mode = "manual" if (found[1] or "").lower().startswith("manual") else "automatic"
    class_ = Class.READ if action == "displayed" else Class.NOT_READ
    if action == "deleted" and mode == "automatic" and _REJECTED.search(said):
        class_ = Class.REFUSED
    return RecipientReport(
        address=plain_address(fields.get("final-recipient", "")),
        action=action,
        class_=class_,
        original=plain_address(fields.get("original-recipient", "")),
        mode=mode,
        text=fields["disposition"][:200],
        server=fields.get("reporting-ua", "")[:200],
    )
