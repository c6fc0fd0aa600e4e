"""Header lines that say what was meant and nothing else.

Whatever comes from outside is checked for characters that could end a line, open another
encoding or turn the reading direction, then written as RFC 2047 words of at most 75
characters. What was written is read back and compared, so a mistake here refuses a letter
instead of sending a wrong one.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from email.errors import MultipartInvariantViolationDefect
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser

from distributor.errors import BadInput, Refused
from distributor.header_text import unsafe
from distributor.words import Words, words

#: Names and values in the order of the message, as a person would read them.
HeaderList = Sequence[tuple[str, str]]

MAX_LENGTH = 250

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./+-]{0,58}")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9.-]{1,253}")
_WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/=]*)\?=(?: +(?==\?))?")


def checked(value: str, what: Words) -> str:
    """Returns a value that may stand in a header and in a letter; `what` names it in the error (`BadInput`)."""
    if found := unsafe(value):
        raise BadInput(
            words("{what} contains {character}, which a letter's header cannot carry.", what=what, character=found),
            do=words("Delete it and try again."),
        )
    if len(value) > MAX_LENGTH:
        raise BadInput(
            words(
                "{what} is {length} characters long; {limit} is the limit.",
                what=what,
                length=len(value),
                limit=MAX_LENGTH,
            ),
            do=words("Shorten it."),
        )
    return value


def checked_address(address: str) -> str:
    """Returns an address that can stand between angle brackets; raises `BadInput` for any other."""
    if not _ADDRESS.fullmatch(address):
        raise BadInput(
            words("“{address}” is not an address a letter can go to.", address=ascii(address)[1:80]),
            do=words("Write it as name@domain, in plain ASCII."),
        )
    return address


def text_line(name: str, value: str) -> bytes:
    """One unstructured header, such as Subject."""
    return f"{name}: {_written(value, len(name) + 2)}\r\n".encode("ascii")


def mailbox_line(name: str, display_name: str, address: str) -> bytes:
    """One header with one mailbox, such as To. The address stands on a line of its own when it must."""
    if not display_name:
        return f"{name}: <{address}>\r\n".encode("ascii")
    line = f"{name}: {_written(display_name, len(name) + 2)}"
    fits = len(line) - line.rfind("\r\n") + len(address) < 76
    return f"{line}{' ' if fits else chr(13) + chr(10) + ' '}<{address}>\r\n".encode("ascii")


def mailbox_text(display_name: str, address: str) -> str:
    """A mailbox as `mailbox_line` is read back."""
    return f"{display_name} <{address}>" if display_name else f"<{address}>"


def _written(text: str, used: int) -> str:
    return text if _PLAIN.fullmatch(text) and not text.endswith(" ") else "\r\n ".join(_words(text, used))


def _words(text: str, used: int) -> Iterator[str]:
    """Encoded words of at most 75 characters, cut between characters, lines of at most 76 (RFC 2047 2)."""
    rest, room = text.encode(), _bytes_in(min(75, 76 - used))
    while len(rest) > room:
        while rest[room] & 0xC0 == 0x80:  # in the middle of a character
            room -= 1
        yield _encoded(rest[:room])
        rest, room = rest[room:], _bytes_in(75)
    yield _encoded(rest)


def _bytes_in(columns: int) -> int:
    return (columns - len("=?utf-8?b??=")) // 4 * 3


def _encoded(raw: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(raw).decode()}?="


def read_back(block: bytes) -> list[tuple[str, str]]:
    """Reads a header block as a receiver would: lines, names, encoded words.

    Raises `ValueError` when a line is too long (RFC 5322 2.1.1), not ASCII, or no header at all.
    """
    fields = []
    for line in re.sub(r"\r\n(?=[ \t])", "", block.decode("ascii")).removesuffix("\r\n").split("\r\n"):
        name, colon, value = line.partition(": ")
        if not colon or len(line) > 998 or "\r" in line or "\n" in line:
            raise ValueError(line[:80])
        fields.append((name, _WORD.sub(_decoded, value)))
    return fields


def _decoded(word: re.Match[str]) -> str:
    # Bytes, not characters, are joined in general; ours are cut between characters, so each word decodes alone.
    return base64.b64decode(word[1], validate=True).decode()


def compare(block: bytes, expected: HeaderList) -> None:
    """Refuses a header block that does not read back as intended."""
    try:
        found = read_back(block)
    except ValueError as error:
        raise _differs("?") from error
    if found != list(expected):
        raise _differs(next((a[0] for a, b in zip(expected, found, strict=False) if a != b), "?"))


def compare_independently(block: bytes, expected: HeaderList) -> None:
    """Does the same with the standard library's parser, which shares no code with this module."""
    message = BytesHeaderParser().parsebytes(block + b"\r\n")
    found = [(name, str(make_header(decode_header(_unfolded(value))))) for name, value in message.items()]
    # Python before 3.11.4, which Debian 12 has, blames the headers of a multipart letter for lacking its parts.
    defects = [each for each in message.defects if not isinstance(each, MultipartInvariantViolationDefect)]
    if defects or found != list(expected):
        raise _differs(next((a[0] for a, b in zip(expected, found, strict=False) if a != b), "?"))


def _unfolded(value: str) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", value)


def _differs(name: str) -> Refused:
    return Refused(
        words("The letter's header {name} does not read back as it was meant; the letter is not sent.", name=name),
        do=words("Look for unusual characters in the title and in the recipient's name, and report this."),
    )
