"""Received letters, read by two parsers that share no code with what wrote them and must agree."""

import email.policy
import html
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import parseaddr

import fast_mail_parser

from distributor.cli.mailbox import Mailbox
from tests.channels.server import ScriptedServer


@dataclass(frozen=True)
class Letter:
    """One letter as its reader gets it; addresses as (name, address), pictures by Content-ID, files by name."""

    sender: tuple[str, str]
    to: tuple[str, str]
    subject: str
    message_id: str
    text: str
    page: str
    pictures: dict[str, bytes]
    files: dict[str, bytes]

    @property
    def plain(self) -> str:
        """The text part without the white space that wraps and indents it."""
        return squeezed(self.text)

    @property
    def shown(self) -> str:
        """The words of the HTML part, as a browser shows them, without white space."""
        return squeezed(html.unescape(re.sub(r"<style.*?</style>|<[^>]*>", "", self.page, flags=re.DOTALL)))


def squeezed(text: str) -> str:
    """A text without any white space."""
    return "".join(text.split())


def read(raw: bytes) -> Letter:
    """Reads one letter; fails unless both parsers see the same and neither complains."""
    message = BytesParser(policy=email.policy.default).parsebytes(raw)
    assert isinstance(message, EmailMessage)
    assert not [defect for part in message.walk() for defect in part.defects]
    letter = Letter(
        sender=parseaddr(str(message["From"])),
        to=parseaddr(str(message["To"])),
        subject=str(message["Subject"]),
        message_id=str(message["Message-ID"]),
        text=_content(message, "plain"),
        page=_content(message, "html"),
        pictures={
            str(part["Content-ID"]).strip("<>"): part.get_content()
            for part in message.walk()
            if part.get_content_maintype() == "image"
        },
        files={str(part.get_filename()): part.get_content() for part in message.walk() if part.is_attachment()},
    )
    assert letter == _read_by_another(raw)
    return letter


def _read_by_another(raw: bytes) -> Letter:
    mail = fast_mail_parser.parse_email(raw)
    assert not mail.warnings
    assert mail.from_ is not None
    (to,), (text,), (page,), (message_id,) = mail.to, mail.text_plain, mail.text_html, mail.headers["Message-ID"]
    return Letter(
        sender=(mail.from_.display_name or "", mail.from_.address),
        to=(to.display_name or "", to.address),
        subject=mail.subject,
        message_id=message_id,
        text=text.replace("\r\n", "\n"),
        page=page.replace("\r\n", "\n"),
        pictures={str(found.content_id): found.content for found in mail.attachments if found.disposition == "inline"},
        files={str(found.filename): found.content for found in mail.attachments if found.disposition == "attachment"},
    )


def _content(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None, f"no {kind} part"
    return str(body.get_content()).replace("\r\n", "\n")


def by_address(source: Mailbox | ScriptedServer) -> dict[str, Letter]:
    """Every letter a server has, by its envelope recipient; fails when somebody has two."""
    if isinstance(source, ScriptedServer):
        copies = [(taken.recipient, taken.body) for taken in source.delivered]
    else:
        copies = [(path.name.removesuffix(".eml"), path.read_bytes()) for path in source.received]
    found = {address: read(body) for address, body in copies}
    assert len(found) == len(copies), "somebody got it twice"
    return found
