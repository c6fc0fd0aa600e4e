"""Reports that the demo and the tests write themselves, marked as what they are.

They answer a letter as a mail server (RFC 3464) and a mail program (RFC 8098) would, so they travel the same way
as real ones. Each says in its headers and in its text that it is simulated.
"""

import datetime as dt
from email.utils import format_datetime, parseaddr

from distributor.receipts.mail import Part, read_mail

MARK = "X-Distributor-Simulated"
_SAID = "This report was simulated on the same machine; no server or person wrote it."


def simulated_dsn(
    letter: bytes, *, envid: str, now: dt.datetime, action: str = "delivered", status: str = "2.0.0"
) -> bytes:
    """A delivery report as the server of the letter's recipient would send it; `envid` is its envelope id."""
    mail = read_mail(letter)
    recipient = _recipient(mail)
    server = recipient.rpartition("@")[2]
    fields = (
        f"Reporting-MTA: dns; {server}\nOriginal-Envelope-Id: {envid}\n\n"
        f"Final-Recipient: rfc822; {recipient}\nOriginal-Recipient: rfc822;{recipient}\n"
        f"Action: {action}\nStatus: {status}\n"
    )
    returned = f"Message-ID: {mail.get('message-id')}\nX-Bulletin-Delivery: {mail.get('x-bulletin-delivery')}\n"
    return _written(
        mail,
        "delivery-status",
        f"From: MAILER-DAEMON@{server}\nSubject: Delivery report (simulated)\nAuto-Submitted: auto-replied",
        ("message/delivery-status", fields),
        ("text/rfc822-headers", returned),
        now=now,
    )


def simulated_mdn(letter: bytes, *, now: dt.datetime) -> bytes:
    """A read report as the mail program of the letter's recipient would send it when the reader agreed."""
    mail = read_mail(letter)
    recipient = _recipient(mail)
    fields = (
        f"Reporting-UA: simulated; distributor demo\nFinal-Recipient: rfc822;{recipient}\n"
        f"Original-Message-ID: {mail.get('message-id')}\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    return _written(
        mail,
        "disposition-notification",
        f"From: {recipient}\nSubject: Read report (simulated)",
        ("message/disposition-notification", fields),
        now=now,
    )


def _recipient(mail: Part) -> str:
    return parseaddr(mail.get("to"))[1]


def _written(mail: Part, kind: str, head: str, *parts: tuple[str, str], now: dt.datetime) -> bytes:
    """One multipart/report (RFC 6522) in wire form. All of it is ASCII, as the letters' own addresses are."""
    pieces = "".join(f"--report\nContent-Type: {of}\n\n{text}\n" for of, text in (("text/plain", _SAID + "\n"), *parts))
    back_to = parseaddr(mail.get("disposition-notification-to") or mail.get("reply-to") or mail.get("from"))[1]
    text = (
        f"{head}\nTo: {back_to}\nDate: {format_datetime(now)}\n"
        f"Message-ID: <simulated.{kind}.{mail.get('message-id').strip('<>')}>\n{MARK}: yes\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={kind}; boundary="report"\n\n{pieces}--report--\n'
    )
    return text.replace("\n", "\r\n").encode("ascii", "replace")
