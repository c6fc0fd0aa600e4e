"""What reports share: the words for what one says of one recipient, and the forms in which addresses stand in it.

Final-Recipient: rfc822; alice@example.com        alice@example.com
Original-Recipient: rfc822;rfc822;alice@a.test    alice@a.test          (Horde writes the type twice)
Original-Recipient: rfc822;a+2Bb@example.com      a+b@example.com       (xtext, RFC 3461 4)
Final-Recipient: utf-8; \\x{5F20}@例子.cn          张@例子.cn             (RFC 6533 3)
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from distributor.address import same


class Class(StrEnum):
    """What a report means for one recipient's copy, whatever its form."""

    PERMANENT = "permanent"  # it will not arrive
    TEMPORARY = "temporary"  # not yet; somebody still tries
    SUCCESS = "success"  # delivered, relayed or expanded: the action says which
    READ = "read"  # the mail program says that it was displayed
    NOT_READ = "not_read"  # the mail program says something else: deleted, denied, dispatched …
    REFUSED = "refused"  # the recipient's own filter sent it back
    AUTOMATIC = "automatic"  # a program answered
    REPLIED = "replied"  # a person answered
    COMPLAINT = "complaint"  # marked as unwanted
    UNCLEAR = "unclear"  # for a person to look at


@dataclass(frozen=True, slots=True)
class RecipientReport:
    """What one mail says of one recipient.

    `address`: Final-Recipient, "" when the mail names none; `original`: Original-Recipient. `action`: the report's
    own word, in lower case. `status`: the enhanced code (RFC 3463) or "". `reason`: a stable word
    (`bounce_text.reason_of`). `mode`: for a read report `manual` or `automatic`. `text`: what the server said.
    """

    address: str
    action: str
    class_: Class
    status: str = ""
    reason: str = ""
    original: str = ""
    mode: str = ""
    text: str = ""
    server: str = ""


_TYPE = re.compile(r"\s*(rfc822|rfc2822|utf-8|smtp|local|unknown|internet)\s*;\s*", re.IGNORECASE)
_CERTAIN_XTEXT = re.compile(r"\+(2B|3D|40)")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_EMBEDDED = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_COMMENT = re.compile(r"\([^()]{0,200}\)")
LONGEST = 320


def plain_address(value: str) -> str:
    """The address in a field such as Final-Recipient, without type, comment, brackets and encodings."""
    text = value[: LONGEST * 4]
    for _ in range(3):
        if match := _TYPE.match(text):
            text = text[match.end() :]
    found = re.search(r"<([^<>]*)>", text)
    text = _COMMENT.sub("", found[1] if found else text).strip().strip("\"'<>").strip()
    if _CERTAIN_XTEXT.search(text):  # otherwise "+41" is part of a name
        text = _XTEXT.sub(lambda match: chr(int(match[1], 16)), text)
    return _EMBEDDED.sub(_embedded, text)[:LONGEST]


def same_address(one: str, other: str) -> bool:
    """Whether two spellings are one address: no case, and domains in either form (RFC 5890)."""
    return bool(one) and _comparable(one) == _comparable(other)


def _comparable(address: str) -> str:
    local, _, domain = address.strip()[:LONGEST].rpartition("@")
    try:
        domain = domain.encode("idna").decode() if not domain.isascii() else domain
    except UnicodeError:
        pass
    return same(f"{local}@{domain.rstrip('.')}")


def _embedded(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else match[0]
