"""Delivery status notifications (RFC 3464 in the container of RFC 6522; RFC 6533 for international addresses).

    Content-Type: message/delivery-status

    Reporting-MTA: dns; mx.example.com            about the message
    Original-Envelope-Id: k3v…

    Final-Recipient: rfc822; alice@example.com    about each recipient, groups parted by blank lines
    Original-Recipient: rfc822;alice@example.com
    Action: failed
    Status: 5.1.1
    Diagnostic-Code: smtp; 550 5.1.1 <alice@example.com>: unknown

Tolerated, because it is seen: groups and fields in any order (Exim writes Action first), `Original-Envelope-ID`,
no blank line between the message's group and the recipient's, no Action, no report-type, a part that is base64,
and the container under another name. Action decides, not the class of Status: what Postfix gave up on is
`failed` with 4.4.1.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from distributor.receipts.bounce_text import WIDTH, enhanced_code, reason_of
from distributor.receipts.mail import Fields, Part, read_fields
from distributor.receipts.report import Class, RecipientReport, plain_address

KINDS = ("message/delivery-status", "message/global-delivery-status")

#: Recipients that are looked at; a letter of ours has one.
RECIPIENTS = 100

_CLASSES = {
    "failed": Class.PERMANENT,
    "delayed": Class.TEMPORARY,
    "delivered": Class.SUCCESS,
    "relayed": Class.SUCCESS,
    "expanded": Class.SUCCESS,
}
_ACTION_OF = {"2": "delivered", "4": "delayed", "5": "failed"}
_BLANK = re.compile(r"\n[ \t]{0,80}\n")
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\d)")


@dataclass(frozen=True, slots=True)
class Dsn:
    """One report: the envelope it answers to ("" when not named), and a verdict per recipient."""

    envelope_id: str
    recipients: tuple[RecipientReport, ...]


def read_dsn(mail: Part) -> Dsn | None:
    """Reads a report; None when the mail has no delivery-status part that names a recipient."""
    for part in mail.walk():
        if part.kind in KINDS:
            groups = [read_fields(group) for group in _BLANK.split(part.string.lstrip("\n"), RECIPIENTS)]
            recipients = tuple(_recipients(groups))
            if recipients:
                ids = (_value(group, "original-envelope-id") for group in groups)
                return Dsn(next(filter(None, ids), ""), recipients)
    return None


def _recipients(groups: list[Fields]) -> Iterator[RecipientReport]:
    for group in groups:
        final, original = (_value(group, f"{which}-recipient") for which in ("final", "original"))
        if final or original:
            yield _recipient(group, final or original, original)


def _recipient(group: Fields, final: str, original: str) -> RecipientReport:
    said = _value(group, "diagnostic-code")
    text = said.partition(";")[2].strip() or said
    written = _STATUS.match(_value(group, "status"))
    status = written[1] if written else ""
    # 5.0.0 says nothing (Exim always writes it); the server's own words often do.
    if (not status or status.endswith(".0.0")) and (code := enhanced_code(text)):
        status = code
    word = re.split(r"[\s(;]", _value(group, "action").lower(), maxsplit=1)[0]
    action = word or _ACTION_OF.get(status[:1], "")
    return RecipientReport(
        address=plain_address(final),
        action=action[:40],
        class_=_CLASSES.get(action, Class.UNCLEAR),
        status=status,
        reason="" if action in ("delivered", "relayed", "expanded") else reason_of(status, text),
        original=plain_address(original),
        text=text[:WIDTH],
        server=_value(group, "remote-mta").partition(";")[2].strip()[:200],
    )


def _value(group: Fields, name: str) -> str:
    return next((value for known, value in group if known == name), "")
