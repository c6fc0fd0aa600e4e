"""Reads any mail within fixed bounds: bytes in, headers and parts out. Never raises for what the bytes hold.

The standard library's parser recurses per level and is quadratic in places (2,000 levels end it, 32,000
encoded words take 20 s), so the shape of a message is found here, in linear time: at most `LARGEST` octets,
`DEPTH` levels, `PARTS` parts, `FIELDS` fields a header. Header values, transfer encodings and encoded words
are decoded by the library, on pieces too small to hurt.

    Received: from mx.example.com …          headers: ("received", "from mx.example.com …"), …
    Content-Type: multipart/report;          kind: "multipart/report"
     report-type=delivery-status; boundary=b parameter("report-type"): "delivery-status"

    --b                                      parts: (Part, …)
"""

import binascii
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import collapse_rfc2231_value

#: Octets that are looked at; a report stands before the letter that it returns.
LARGEST = 1_000_000
DEPTH = 6
PARTS = 60
FIELDS = 300
#: Octets of a header block, and characters of one value.
HEADERS = 100_000
VALUE = 2_000
#: Octets of a body that are read as text.
TEXT = 100_000

Fields = tuple[tuple[str, str], ...]

# A space before the colon is forbidden and seen (SquirrelMail: "Original-Message-ID : <…>").
_FIELD = re.compile(r"([!-9;-~]{1,100})[ \t]{0,20}:(.*)")
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))
# Not every codec is linear (punycode), and some run for as long as they like; these are for text.
_CHARSET = re.compile(
    r"(us-ascii|ascii|utf-?8|utf-?16|gb[\w-]*|hz|hz-gb-2312|cp\d+|big5[\w-]*|iso-8859-\d+|latin-?1|windows-\d+|koi8-\w|"
    r"iso-2022-(jp|kr)[\w-]*|euc-\w+|shift_jis)"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A message or a part of one. `fields` have lower-case names, in their order; `body` is not decoded."""

    fields: Fields
    body: bytes = b""
    parts: tuple["Part", ...] = ()

    def all(self, name: str) -> tuple[str, ...]:
        """The raw values of a field."""
        return tuple(value for known, value in self.fields if known == name)

    def get(self, name: str) -> str:
        """The raw value of a field, "" when it is not there; the first where it stands twice."""
        return next((value for known, value in self.fields if known == name), "")

    def text(self, name: str) -> str:
        """The value of a field with its encoded words decoded (RFC 2047)."""
        return decoded(self.get(name))

    @property
    def kind(self) -> str:
        """The media type in lower case; `text/plain` when none is said (RFC 2045 5.2)."""
        return _content_type(self).get_content_type()

    def parameter(self, name: str) -> str:
        """A parameter of the media type, "" when it is not there."""
        try:
            value = _content_type(self).get_param(name, "")
        except ValueError:  # an RFC 2231 continuation with an absurd number
            return ""
        return collapse_rfc2231_value(value) if value else ""

    @property
    def content(self) -> bytes:
        """The body with its transfer encoding undone, as far as it can be."""
        encoding = self.get("content-transfer-encoding").strip().lower()
        if encoding == "base64":
            letters = self.body.translate(None, _NOT_BASE64)
            return binascii.a2b_base64(letters[: len(letters) // 4 * 4] + _rest(letters))
        return binascii.a2b_qp(self.body) if encoding == "quoted-printable" else self.body

    @property
    def string(self) -> str:
        """The first `TEXT` octets of the content as text, by its charset or by what fits."""
        return as_text(self.content[:TEXT], self.parameter("charset"))

    def walk(self) -> Iterator["Part"]:
        """This part and all below it, but nothing inside an enclosed message: that is somebody else's."""
        yield self
        if not is_message(self.kind):
            for part in self.parts:
                yield from part.walk()


def read_mail(raw: bytes) -> Part:
    """Reads a message. Bare CR and LF end lines; an mbox "From " line and blank lines before it are passed over."""
    text = raw[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\0", b"")
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip(b"\n")
    if text.startswith((b"From ", b">From ")):
        text = text.partition(b"\n")[2]
    return _read(text, DEPTH, itertools.count(1))


def read_fields(block: str) -> Fields:
    """Reads header lines or the fields of a report: folded lines are joined, what is no field is passed over."""
    fields: list[tuple[str, list[str]]] = []
    for line in itertools.islice(block.split("\n"), FIELDS * 20):
        if line[:1] in (" ", "\t") and fields:
            fields[-1][1].append(line.strip())
        elif match := _FIELD.match(line[:HEADERS]):
            if len(fields) == FIELDS:
                break
            fields.append((match[1].lower(), [match[2].strip()]))
    return tuple((name, " ".join(lines)[:VALUE].strip()) for name, lines in fields)


def decoded(value: str) -> str:
    """A header value as a person reads it (RFC 2047); what cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    try:
        chunks = decode_header(value)
    except (ValueError, HeaderParseError):
        return value
    return "".join(
        chunk if isinstance(chunk, str) else as_text(chunk, charset or "latin-1") for chunk, charset in chunks
    )


def as_text(raw: bytes, charset: str = "") -> str:
    """Decodes text. A charset that is missing, unknown or wrong is replaced by the first that fits."""
    named = charset.strip().lower()
    # GB18030 contains GB2312 and GBK, whose names mail programs use for all three.
    wanted = "gb18030" if named.startswith("gb") or named in ("cp936", "x-gbk") else named
    for name in (wanted, "utf-8", "gb18030"):
        if name and _CHARSET.fullmatch(name):
            try:
                return raw.decode(name)
            except (UnicodeDecodeError, LookupError):
                continue
    return raw.decode("utf-8" if named == "utf-8" else "latin-1", "replace")


def is_message(kind: str) -> bool:
    """Whether a part of this kind encloses a message (RFC 2046 5.2.1, RFC 6532 3.7)."""
    return kind in ("message/rfc822", "message/global")


def _read(text: bytes, depth: int, numbers: Iterator[int], kind: str = "") -> Part:
    head, body = _split(text)
    # RFC 6532: headers may be UTF-8; others still send their own charset there.
    part = Part(read_fields(as_text(head[:HEADERS])), body)
    if depth == 0 or next(numbers) > PARTS:
        return part
    kind = part.kind if part.get("content-type") else kind
    if is_message(kind):
        return Part(part.fields, body, (_read(part.content.lstrip(b"\n"), depth - 1, numbers),))
    if not kind.startswith("multipart/"):
        return part
    inner = "message/rfc822" if kind == "multipart/digest" else ""
    pieces = _pieces(body, part.parameter("boundary"))
    return Part(part.fields, body, tuple(_read(piece, depth - 1, numbers, inner) for piece in pieces))


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Headers and body. A part may begin with the blank line (RFC 2046 5.1)."""
    if text.startswith(b"\n"):
        return b"", text[1:]
    head, _, body = text.partition(b"\n\n")
    return head, body


def _pieces(body: bytes, boundary: str) -> list[bytes]:
    """What stands between the delimiter lines. Where none is named, the first line that looks like one counts."""
    name = boundary.encode("utf-8", "replace")[:200] or _first_delimiter(body)
    if not name:
        return []
    delimiter = re.compile(rb"^--" + re.escape(name) + rb"(--)?[ \t]*$", re.MULTILINE)
    pieces, start = [], -1
    for match in itertools.islice(delimiter.finditer(body), PARTS + 1):
        if start >= 0:
            pieces.append(body[start : max(start, match.start() - 1)])
        start = match.end() + 1
        if match[1]:
            return pieces
    if start >= 0 and len(pieces) < PARTS:  # cut off before its end
        pieces.append(body[start:])
    return pieces


def _first_delimiter(body: bytes) -> bytes:
    found = re.search(rb"^--([^\n]{1,200})$", body, re.MULTILINE)
    return found[1].strip() if found else b""


def _rest(letters: bytes) -> bytes:
    """The last, unfinished group of base64, filled up."""
    rest = letters[len(letters) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


def _content_type(part: Part) -> Message:
    message = Message()
    message["Content-Type"] = part.get("content-type").encode("ascii", "replace").decode()
    return message
