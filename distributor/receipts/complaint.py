"""Complaints in the abuse reporting format (ARF, RFC 5965): somebody marked a letter as unwanted.

    Content-Type: message/feedback-report

    Feedback-Type: abuse
    User-Agent: SomeGenerator/1.0
    Version: 1
    Original-Rcpt-To: <alice@example.com>

Many providers leave the recipient out; the returned letter's own headers then say whose it was.
"""

from distributor.receipts.mail import Part, read_fields
from distributor.receipts.report import Class, RecipientReport, plain_address

KIND = "message/feedback-report"


def read_complaint(mail: Part) -> RecipientReport | None:
    """Reads a complaint; None when the mail has no feedback-report part."""
    part = next((part for part in mail.walk() if part.kind == KIND), None)
    if part is None:
        return None
    fields = dict(reversed(read_fields(part.string)))
    address = plain_address(fields.get("original-rcpt-to", ""))
    action = (fields.get("feedback-type", "").split() or ["abuse"])[0].lower()[:40]
    return RecipientReport(address, action, Class.COMPLAINT, server=fields.get("user-agent", "")[:200])
