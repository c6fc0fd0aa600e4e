"""Reads what a server says: code, enhanced code (RFC 3463) and one clean line of text.

Replies are hostile input. They end in the database and on screens, so control characters go,
and nothing is kept beyond what a person would read.
"""

import re
from collections.abc import Iterable

from distributor.delivery.outcome import Reply

#: A reply's text is cut here; a person needs the beginning.
LONGEST_TEXT = 1000

# RFC 3463 2: class "." subject "." detail, at the start of the text of a line (RFC 2034 4).
_ENHANCED = re.compile(r"\s*([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")


def read_reply(code: int, lines: Iterable[str]) -> Reply:
    """Makes a `Reply` of the texts of a reply's lines.

    The class of the enhanced code is taken from the basic code when the two disagree: the basic
    code is what the transaction went by.
    """
    enhanced, texts = "", []
    for line in lines:
        if match := _ENHANCED.match(line):
            enhanced = enhanced or f"{code // 100}.{int(match[2])}.{int(match[3])}"
            line = line[match.end() :]
        texts.append(line)
    return Reply(code, enhanced, one_line(" ".join(texts)))


def one_line(text: str) -> str:
    """The text without control characters, on one line, cut to a readable length."""
    visible = text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)
    return " ".join(visible.split())[:LONGEST_TEXT]


def decoded(line: bytes) -> str:
    """A line's text: UTF-8 by the standard (RFC 6531), GB18030 as Chinese servers write it."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("utf-8", errors="replace")
