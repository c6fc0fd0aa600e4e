"""Titles and section heads inside a body, recognised by bold, marks, brackets and the run-in blank."""

import re
from dataclasses import dataclass

from distributor.bulletin.model import Span
from distributor.bulletin.parts import cut, trim
from distributor.bulletin.shape import (
    close_up,
    compact,
    fold,
    has_mark,
    has_numbering,
    has_sentence,
    marks_before,
    squeeze,
    strip_marks,
)

_LONGEST_TITLE = 80
_LONGEST_RUN_IN = 60
_OPEN, _CLOSE = "“‘《（([【〈「『", "”’》）)]】〉」』"
_WHOLE = re.compile(
    r"\s*[★☆▲△●■◆◇※·•]*\s*(?:【(?P<a>[^【】]{1,60})】|\[(?P<b>[^\[\]]{1,60})\]|〖(?P<c>[^〖〗]{1,60})〗)\s*[：:]?\s*"
)
_FRAMED = re.compile(r"\s*(?P<mark>[※◆◇★☆■●▲])+\s*(?P<a>[^※◆◇★☆■●▲]{1,40}?)\s*(?P=mark)+\s*")
_INLINE = re.compile(r"\s*【(?P<a>[^【】]{1,40})】\s*[：:]?\s*(?=\S)")
_COUNTED = re.compile(r"\s*[一二三四五六七八九十]{1,3} ?、 ?(?P<a>\S.{0,40})")
_STEP = re.compile(r"[一二三四五六七八九十首其最]{1,2}(?:是|要|先|次|后|则)|\([一二三四五六七八九十]{1,3}\)")
_CONTENTS = frozenset(
    (
        "目录",
        "目次",
        "导读",
        "本期导读",
        "本期目录",
        "本期要目",
        "要目",
        "本期内容",
        "本期提要",
        "内容导读",
        "要目导读",
        "本期看点",
        "CONTENTS",
        "Contents",
    )
)
_LEADER = re.compile(r"(?:…{2,}|\.{4,}|·{4,}|．{3,}|-{5,}|—{4,}|_{4,})\s*[（(]?\s*\d{0,3}\s*[）)]?$")
_NOTE = re.compile(r"\s*[【\[]?\s*(?:编 ?者 ?按|编 ?者 ?的 ?话|按 ?语|编 ?后 ?语?|按)\s*[】\]]?\s*(?:[：:]|$|(?<=】))")


@dataclass(frozen=True, slots=True)
class Title:
    """A title found at the head of a paragraph. `rest` are the spans after it; empty: it stood alone."""

    text: str
    rest: tuple[Span, ...]
    strong: bool  # bold, marked or numbered: the writer set it apart, not only by a blank
    raw: str = ""


def section_head(text: str) -> str | None:
    """The heading that a whole line is: 【X】, [X], ※X※, ◆X◆; closed up, None for any other line."""
    if len(text) > _LONGEST_TITLE:
        return None
    match = _WHOLE.fullmatch(fold(text)) or _FRAMED.fullmatch(fold(text))
    if not match:
        return None
    group = match.lastgroup if match.lastgroup != "mark" else "a"
    inside = text[match.start(group or "a") : match.end(group or "a")]
    return strip_marks(close_up(inside)) or None


def counted_head(text: str) -> str | None:
    """The heading that a line 一、X is; None for a sentence or any other line."""
    match = _COUNTED.fullmatch(fold(text)) if len(text) < 60 else None
    return close_up(strip_marks(text)) if match and not has_sentence(text) and ":" not in match["a"] else None


def inline_head(text: str) -> tuple[str, int] | None:
    """【X】 that opens a paragraph, and where the paragraph goes on."""
    match = _INLINE.match(text[:_LONGEST_TITLE])
    return (close_up(match["a"]), match.end()) if match and not has_sentence(match["a"]) else None


def heading_text(text: str) -> str:
    """A Markdown heading's words: without brackets, numbering, marks and letter-spacing."""
    return section_head(text) or close_up(strip_marks(text)) or close_up(text)


def is_contents_head(text: str) -> bool:
    """目录, 本期导读 and their like."""
    return compact(text).strip("【】[]:*") in _CONTENTS


def is_contents_entry(text: str) -> bool:
    """A line with dot leaders that run to a page number."""
    return len(text) < 200 and _LEADER.search(fold(text).rstrip()) is not None


def is_note(text: str) -> bool:
    """编者按 and its like, at the head of a paragraph."""
    return _NOTE.match(text[:30]) is not None


def is_step(text: str) -> bool:
    """一是…, （一）…: a step within a report, not the title of one."""
    return _STEP.match(fold(text).lstrip()) is not None


def bold_title(spans: tuple[Span, ...]) -> Title | None:
    """**X** alone, **X** text, **X**：text, **X：**text."""
    end = 0
    for span in spans:
        if not span.bold and span.text.strip():
            break
        end += len(span.text)
    text = "".join(span.text for span in spans)
    lead = text[:end]
    if not end or not _is_name(lead) or section_head(lead) or is_step(strip_marks(lead)) or is_step(lead):
        return None
    rest = trim(cut(spans, end))
    if rest and rest[0].text[:1] in "：:":
        rest = trim(cut(rest, 1))
    elif rest and not (lead[-1:].isspace() or lead[-1:] in "：:" or text[end : end + 1].isspace()):
        return None
    return Title(_bare(lead), rest, True, lead)


def marked_title(spans: tuple[Span, ...]) -> Title | None:
    """★ X alone, △X text: a title behind an item mark."""
    text = "".join(span.text for span in spans)
    if not has_mark(text) or section_head(text):
        return None
    if len(text) <= _LONGEST_TITLE and _is_name(text):
        return _split_run_in(spans, True) or Title(_bare(text), (), True, text)
    return _split_run_in(spans, True)


def run_in_title(spans: tuple[Span, ...]) -> Title | None:
    """Words before the first blank outside quotes, when sentences follow: 县领导督查市场 9月1日，…"""
    text = "".join(span.text for span in spans)
    return _split_run_in(spans, has_numbering(text))


def lone_title(text: str) -> Title | None:
    """A short line without a full stop that stands where a title may stand."""
    if not 4 <= len(compact(text)) <= 45 or not _is_name(text) or is_step(text) or section_head(text) or "：" in text:
        return None
    return Title(_bare(text), (), has_numbering(text), text)


def _split_run_in(spans: tuple[Span, ...], strong: bool) -> Title | None:
    text = "".join(span.text for span in spans)
    at = _blank(text)
    if at is None:
        return None
    lead, after = text[:at], text[at:].strip()
    words = compact(strip_marks(lead))
    if (
        not 4 <= len(words) <= _LONGEST_RUN_IN
        or has_sentence(lead)
        or is_step(strip_marks(lead))
        or fold(lead)[-1] in ":;"
    ):
        return None
    if not strong and (lead.count("、") > 2 or re.match(r"(?:近日|日前|近期|据悉|\d+[年月日])", words)):
        return None
    if (
        len(after) < 4
        or re.match(r"[A-Za-z0-9.%]+(?:\s|$)", fold(after))
        or (not strong and re.match(r"[、”）)]", after))
    ):
        return None
    return Title(_bare(lead), trim(cut(spans, at)), strong, lead)


def _blank(text: str) -> int | None:
    """The first blank outside quotes and brackets after the words have begun."""
    depth = 0
    start = marks_before(text)
    for at, character in enumerate(text[start : start + 2 * _LONGEST_RUN_IN], start):
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth = max(depth - 1, 0)
        elif character.isspace() and not depth:
            return at
    return None


def _is_name(text: str) -> bool:
    words = compact(text)
    return 2 <= len(words) <= _LONGEST_TITLE and not has_sentence(strip_marks(text)) and not words.endswith((",", "."))


def _bare(text: str) -> str:
    return squeeze(strip_marks(text))
