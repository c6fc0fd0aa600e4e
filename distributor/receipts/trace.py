"""What in a mail may name one of our letters, the surest trace first.

1. `verp`: the token in the address that the report was sent to   Delivered-To: bounce+k3v…@example.gov.cn
2. `envid`: the envelope's name, which mail servers pass on         Original-Envelope-Id: k3v…
3. `message_id`: of the letter that is answered or returned         Original-Message-ID, In-Reply-To, References
4. `header`: our own header in the returned letter                  X-Bulletin-Delivery: q7x…

A trace is a claim and no proof: only the database knows which tokens are ours, and a token counts for
nothing unless the report is about the person whom that letter went to.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from distributor.receipts.mail import Part, is_message, read_fields


class Trace(StrEnum):
    """Where a token was found, the surest first."""

    VERP = "verp"
    ENVID = "envid"
    MESSAGE_ID = "message_id"
    HEADER = "header"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token as it was found. VERP and ENVID carry envelope tokens, the others message tokens."""

    by: Trace
    token: str


#: 160 bits in base32 (receipts/tokens.py); mail systems may change the case of an address.
_TOKEN = re.compile(r"(?<![a-z2-7])[a-z2-7]{32}(?![a-z2-7])")
_MESSAGE_ID = re.compile(r"<([a-z2-7]{32})@[^<>\s]{1,255}>")
_IN_TEXT = re.compile(r"^[ \t>]{0,20}x-bulletin-delivery[ \t]?:[ \t]{0,20}([a-z2-7]{32})\s", re.MULTILINE)
_ID_IN_TEXT = re.compile(r"^[ \t>]{0,20}message-id[ \t]?:\s{0,20}<([a-z2-7]{32})@", re.MULTILINE)

_ENVELOPE = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-delivered-to", "x-rcpt-to", "to", "cc")
_HEADER_PARTS = ("text/rfc822-headers", "message/global-headers")

#: Traces that are looked up; an honest mail has a handful.
MOST = 20


def traces(mail: Part, *, envelope_id: str = "", message_id: str = "") -> tuple[Candidate, ...]:
    """Every trace in a mail, the surest first, each token once per kind of trace."""
    found = dict.fromkeys(_traces(mail, envelope_id, message_id))
    return tuple(found)[:MOST]


def names_a_letter(mail: Part, *, message_id: str = "") -> bool:
    """Whether a mail says which letter it is about; when that is none of ours, it is about somebody else's."""
    return any(value.strip() for value in _ids(mail, message_id))


def _ids(mail: Part, message_id: str) -> list[str]:
    """Where the Message-ID of the letter stands that is answered or returned."""
    ids = [message_id, mail.get("in-reply-to"), mail.get("references")]
    return ids + [headers.get("message-id", "") for headers in _returned(mail)]


def _traces(mail: Part, envelope_id: str, message_id: str) -> Iterator[Candidate]:
    for name in _ENVELOPE:
        for value in mail.all(name):
            yield from (Candidate(Trace.VERP, token) for token in _TOKEN.findall(value.lower()))
    yield from (Candidate(Trace.ENVID, token) for token in _TOKEN.findall(envelope_id.lower()))
    returned = list(_returned(mail))
    for value in _ids(mail, message_id):
        yield from (Candidate(Trace.MESSAGE_ID, token) for token in _MESSAGE_ID.findall(value.lower()))
    for headers in returned:
        yield from (Candidate(Trace.HEADER, token) for token in _TOKEN.findall(headers.get("x-bulletin-delivery", "")))
    text = "\n".join(part.string for part in mail.walk() if part.kind == "text/plain").lower()
    yield from (Candidate(Trace.MESSAGE_ID, token) for token in _ID_IN_TEXT.findall(text))
    yield from (Candidate(Trace.HEADER, token) for token in _IN_TEXT.findall(text))


def _returned(mail: Part) -> Iterator[dict[str, str]]:
    """The headers of the letter that a report returns, whole or as headers only."""
    for part in mail.walk():
        if is_message(part.kind):
            yield from (dict(reversed(inner.fields)) for inner in part.parts)
        elif part.kind in _HEADER_PARTS:
            yield dict(reversed(read_fields(part.string)))
