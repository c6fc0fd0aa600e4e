"""Source text before Markdown: bytes to text, comments, front matter, converters' attributes.

Every step keeps the number of lines, so a line of the result is the same line of the file.
"""

import codecs
import re

from distributor.bulletin.shape import INVISIBLE

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ATTRIBUTES = re.compile(r"(?<=[\])])\{[^{}\n]{1,200}\}|(?<![ \t])[ \t]+\{[#.][^{}\n]{1,200}\}[ \t]*$", re.MULTILINE)
_BRACKETED = re.compile(r"(?<!!)\[((?:[^\[\]\n]|\[[^\[\]\n]*\])*)\]\{[#.][^{}\n]{1,200}\}")
_HASHES = re.compile(r"^[ \t\u3000\u00a0]*([#＃]{1,6})[ \t\u3000\u00a0]*(?=[^#＃\s])(?!.*[#＃])", re.MULTILINE)
_KEY = re.compile(r"(?P<key>[\w\u4e00-\u9fff][\w\u4e00-\u9fff -]{0,30}):(?:[ \t]+(?P<value>.*))?$")
_ENTRY = re.compile(r"\s*-\s+(?P<value>.*)$")
_COLUMNS = re.compile(r"[ \t]+-{3,}(?:[ \t]+-{3,})+[ \t]*")
_GAP = re.compile(r"[ \t]{2,}")
_FRONT_LINES = 100
_TABLE_LINES = 200


class Undecodable(ValueError):
    """The bytes are no text that this program reads. `offset` counts bytes from 0, `line` from 1."""

    def __init__(self, offset: int, line: int) -> None:
        super().__init__(offset, line)
        self.offset = offset
        self.line = line


def decode(source: bytes) -> str:
    """Text from bytes: by byte-order mark, else strict UTF-8, else strict GB18030.

    Raises `Undecodable` with the first offending byte; a NUL byte is one, since no text has it.
    """
    if source.startswith(_UTF16):
        return _strict(source, "utf-16")
    if b"\0" in source:
        raise _undecodable(source, source.index(b"\0"))
    if source.startswith(codecs.BOM_UTF8):
        return _strict(source, "utf-8-sig")
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as broken:
        try:
            return source.decode("gb18030")
        except UnicodeDecodeError as also:
            # The file is what its longest readable part says it is.
            raise _undecodable(source, max(broken.start, also.start)) from also


def normal_lines(text: str) -> str:
    """CRLF and CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def without_comments(text: str) -> str:
    """Takes `<!-- … -->` out and keeps its line breaks. A comment without an end stays as text."""
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start + 4)) >= 0:
        kept += (text[at:start], "\n" * text.count("\n", start, end))
        at = end + 3
    return "".join(kept) + text[at:]


def split_front_matter(text: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """Front matter as keys with their values, and the text with those lines blanked.

    Only plain `key: value` and lists are read; a rule followed by text is no front matter.
    """
    lines = text.split("\n")
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines) or lines[first].rstrip() != "---":
        return {}, text
    for last in range(first + 1, min(len(lines), first + _FRONT_LINES)):
        if lines[last].rstrip() in ("---", "..."):
            entries = _entries(lines[first + 1 : last])
            blanked = ["" if first <= at <= last else line for at, line in enumerate(lines)]
            return (entries, "\n".join(blanked)) if entries else ({}, text)
    return {}, text


def tidy(text: str) -> str:
    """Undoes what converters leave: pandoc's attributes and spans, `#标题` without a blank, invisible characters."""
    text = text.translate(INVISIBLE)
    text = _BRACKETED.sub(r"\1", _BRACKETED.sub(r"\1", text))
    text = _ATTRIBUTES.sub("", text)
    return _HASHES.sub(lambda match: "#" * len(match[1]) + " ", text)


def pipe_tables(text: str) -> str:
    """Turns pandoc's simple tables (columns marked by a row of dashes) into pipe tables, line for line.

    Blank lines between the rows move below the table, so the line of a row may move up by a few.
    """
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        end = _table_end(lines, at)
        if end:
            lines[at : end + 1] = _as_pipes(lines[at : end + 1])
            at = end
        at += 1
    return "\n".join(lines)


def _table_end(lines: list[str], at: int) -> int:
    """The line of the dashes that close the table which opens at `at`; 0 when none opens."""
    if not _COLUMNS.fullmatch(lines[at]):
        return 0
    for end in range(at + 1, min(at + _TABLE_LINES, len(lines))):
        if _COLUMNS.fullmatch(lines[end]):
            return end if any(line.strip() for line in lines[at + 1 : end]) else 0
        if lines[end].strip() and not lines[end].startswith(" "):
            return 0
    return 0


def _as_pipes(lines: list[str]) -> list[str]:
    """Cells are parted where at least two blanks stand; a row of other length leaves the text as it is."""
    rows = [_GAP.split(line.strip()) for line in lines[1:-1] if line.strip()]
    width = len(lines[0].split())
    if any(len(row) != width for row in rows):
        return lines
    pipes = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    table = ["", pipes[0], "|" + "---|" * width, *pipes[1:]]
    return (table + [""] * len(lines))[: max(len(lines), len(table))]


def _strict(source: bytes, encoding: str) -> str:
    try:
        return source.decode(encoding)
    except UnicodeDecodeError as error:
        raise _undecodable(source, error.start) from error


def _undecodable(source: bytes, offset: int) -> Undecodable:
    return Undecodable(offset, source.count(b"\n", 0, offset) + 1)


def _entries(lines: list[str]) -> dict[str, tuple[str, ...]]:
    """Empty unless every line is a key, a list entry, a comment or blank."""
    found: dict[str, tuple[str, ...]] = {}
    key = ""
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if entry := _ENTRY.match(line):
            found[key] = (*found.get(key, ()), _scalar(entry["value"]))
        elif pair := _KEY.match(line.strip()):
            key = pair["key"].strip().lower()
            found[key] = _values(pair["value"] or "")
        else:
            return {}
    return found


def _values(value: str) -> tuple[str, ...]:
    value = value.strip()
    if value.startswith("[") and value.endswith("]"):
        return tuple(_scalar(part) for part in value[1:-1].split(",") if part.strip())
    return (_scalar(value),) if value else ()


def _scalar(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()
