"""From a rendition to the bytes of each copy (RFC 5322, 2045, 2046, 2047).

The letter is compiled once: bodies and pictures are encoded, the constant headers written. A
copy then costs its own headers and a splice. Nothing is kept per recipient. A copy that does
not read back as intended is refused, never sent.
"""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as default_policy
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from zoneinfo import ZoneInfo

from distributor.errors import Refused
from distributor.rendering import headers
from distributor.rendering.frame import frame_of
from distributor.rendering.headers import HeaderList
from distributor.rendering.own_file import own_content
from distributor.rendering.personal import Personal, matching, sample_copy
from distributor.rendering.rendition import Rendition, filled, value_of
from distributor.rendering.splice import SplicedBody
from distributor.words import words

__all__ = ["CompiledLetter", "Personal", "compile_letter", "verify"]

_LIST_ID = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_LINE_LIMIT = 998


class CompiledLetter:
    """A letter ready for any number of copies."""

    def __init__(self, rendition: Rendition, *, constant: list[tuple[bytes, str, str]], zone: ZoneInfo) -> None:
        self._rendition = rendition
        self._zone = zone
        frame = frame_of(rendition)
        folded = f"Content-Type: {frame.kind}\r\n".replace("; ", ";\r\n ").encode()
        constant = [*constant, (folded, "Content-Type", frame.kind)]
        block = b"".join(line for line, _, _ in constant)
        self._constant_list = [(name, value) for _, name, value in constant]
        headers.compare(block, self._constant_list)
        self._fields = rendition.fields
        self._text = SplicedBody(rendition.text)
        self._html = SplicedBody(rendition.html)
        self._middle, self._closing = frame.middle, frame.closing
        self._opening = block + b"\r\n" + frame.opening

    def parts(self, personal: Personal) -> tuple[bytes, ...]:
        """Returns one copy in wire form (CRLF line ends, no dot-stuffing), in parts of whole lines.

        Parts that all copies share are the same objects in each.
        Raises `BadInput` for values a letter cannot carry, `Refused` when the copy would not read back.
        """
        values = personal.values()
        block, own = self._own_headers(personal, values)
        headers.compare(block, own)  # the constant ones were compared when the letter was compiled
        return tuple(part for part in (block, *self._body(values)) if part)

    def message(self, personal: Personal) -> bytes:
        """The same in one piece."""
        return b"".join(self.parts(personal))

    def size(self, personal: Personal) -> int:
        """The size of one copy in bytes, as SMTP counts it."""
        return len(self.message(personal))

    @property
    def typical_size(self) -> int:
        """The size of a copy to a person with an ordinary name, in bytes."""
        return self.size(sample_copy("李四光"))

    def expected(self, personal: Personal) -> HeaderList:
        """The header list of one copy as a person reads it."""
        return self._own_headers(personal, personal.values())[1] + self._constant_list

    def prove(self, personal: Personal) -> None:
        """Compares one whole copy with what it must say, by another parser. Raises `Refused`."""
        values = personal.values()
        verify(self.message(personal), self.expected(personal))
        message = BytesParser(policy=default_policy).parsebytes(self.message(personal))
        meant = (filled(self._rendition.text, values), filled(self._rendition.html, values, escape=True))
        attached = self._rendition.attachments
        files = [(file.file_name, file.media_type, own_content(file, values)) for file in attached]
        if _texts(message) != meant or _files(message) != files:
            raise _unreadable()

    def _body(self, values: Mapping[str, str]) -> Iterator[bytes]:
        used = {name: value_of(name, values) for name in self._fields}
        yield self._opening
        yield from self._text.pieces({name: value.encode() for name, value in used.items()})
        yield self._middle
        yield from self._html.pieces({name: html.escape(value).encode() for name, value in used.items()})
        for part in self._closing:
            yield from (part,) if isinstance(part, bytes) else part.pieces(used)

    def _own_headers(self, personal: Personal, values: Mapping[str, str]) -> tuple[bytes, list[tuple[str, str]]]:
        subject = personal.subject_prefix + filled(self._rendition.subject, values)
        headers.checked(subject, words("The subject"))
        address = headers.checked_address(personal.to_address)
        date = _written_date(personal.date, self._zone)
        message_id = personal.checked_message_id()
        token = personal.checked_token()
        block = b"".join(
            (
                headers.mailbox_line("To", personal.to_name, address),
                headers.text_line("Subject", subject),
                f"Date: {date}\r\nMessage-ID: {message_id}\r\nX-Bulletin-Delivery: {token}\r\n".encode("ascii"),
            )
        )
        own = [
            ("To", headers.mailbox_text(personal.to_name, address)),
            ("Subject", subject),
            ("Date", date),
            ("Message-ID", message_id),
            ("X-Bulletin-Delivery", token),
        ]
        if personal.read_report_to:
            # RFC 8098 2.1: mail programs ask the reader, or stay silent, unless this is the Return-Path.
            report_to = headers.checked_address(personal.read_report_to)
            block += headers.mailbox_line("Disposition-Notification-To", "", report_to)
            own.append(("Disposition-Notification-To", headers.mailbox_text("", report_to)))
        return block, own


def compile_letter(
    rendition: Rendition,
    *,
    sender: str,
    reply_to: str = "",
    list_id: str,
    organization: str | None = None,
    zone: ZoneInfo | None = None,
) -> CompiledLetter:
    """Compiles a rendition for sending, and proves on sample copies that it reads back as intended.

    `sender` and `reply_to` are `名称 <address>` or an address; `list_id` is a bare list identifier
    (RFC 2919) such as `bulletin.example.gov.cn`; dates are written in `zone` (Asia/Shanghai).
    Raises `BadInput` for values a header cannot carry, `Refused` when the result does not read back.
    """
    constant = [_mailbox("From", sender)]
    if reply_to:
        constant.append(_mailbox("Reply-To", reply_to))
    if organization:
        constant.append(_text("Organization", organization))
    constant += [
        _text("List-Id", f"<{matching(_LIST_ID, list_id)}>", plain=True),
        _text("Auto-Submitted", "auto-generated", plain=True),
        _text("Precedence", "bulk", plain=True),
        # Not "All": that would also suppress the delivery reports we want (MS-OXCMAIL 2.1.3.2.20).
        _text("X-Auto-Response-Suppress", "OOF, AutoReply", plain=True),
        _text("MIME-Version", "1.0", plain=True),
    ]
    letter = CompiledLetter(rendition, constant=constant, zone=zone or ZoneInfo("Asia/Shanghai"))
    for name in ("李", "李a", "李ab"):  # one for each way the bodies can be cut
        letter.prove(sample_copy(name))
    return letter


def verify(raw: bytes, expected: HeaderList) -> None:
    """Refuses a message whose headers, read by the standard library, are not exactly the expected ones.

    Also refuses what no server should see: bare line ends, 8-bit bytes, lines over 998 octets (RFC 5322 2.1.1).
    """
    block, blank, _ = raw.partition(b"\r\n\r\n")
    headers.compare_independently(block + b"\r\n", expected)
    stripped = raw.replace(b"\r\n", b"")
    longest = max(map(len, raw.split(b"\r\n")))
    if not blank or b"\r" in stripped or b"\n" in stripped or not raw.isascii() or longest > _LINE_LIMIT:
        raise _unreadable()


@lru_cache(maxsize=32)
def _written_date(date: datetime, zone: ZoneInfo) -> str:
    """The same for all copies of a letter, and dear to write."""
    return format_datetime(date.astimezone(zone))


def _files(message: EmailMessage) -> list[tuple[str | None, str, object]]:
    found = (part for part in message.iter_attachments() if part.is_attachment())
    return [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in found]


def _texts(message: EmailMessage) -> tuple[str, str]:
    text, page = (message.get_body((kind,)) for kind in ("plain", "html"))
    if text is None or page is None:
        raise _unreadable()
    return text.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")


def _mailbox(name: str, value: str) -> tuple[bytes, str, str]:
    display_name, address = parseaddr(headers.checked(value, words("The sender's name and address")))
    headers.checked_address(address)
    return (
        headers.mailbox_line(name, display_name, address),
        name,
        headers.mailbox_text(display_name, address),
    )


def _text(name: str, value: str, *, plain: bool = False) -> tuple[bytes, str, str]:
    if plain:
        return f"{name}: {value}\r\n".encode("ascii"), name, value
    return headers.text_line(name, headers.checked(value, words("The office's name"))), name, value


def _unreadable() -> Refused:
    return Refused(
        words("The letter does not read back as it was meant; it is not sent."),
        do=words("Run `distributor preview` and look at the letter; report this as a fault of the program."),
    )
