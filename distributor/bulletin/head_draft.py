"""A masthead while it is read: each line is taken as a marking, number, date, office or title, or ends it."""

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from distributor.bulletin.fields import duty_of
from distributor.bulletin.head_shapes import (
    ISSUER_LABEL,
    ORGANISATION,
    SECTION,
    bare_issuer,
    classification_of,
    ends_number,
    is_date_line,
    is_marking,
    is_publication,
    number_follows,
    rest_of,
)
from distributor.bulletin.model import Kind, Role
from distributor.bulletin.names import split_people
from distributor.bulletin.numbers import (
    FoundDate,
    FoundIssue,
    find_dates,
    find_issues,
    find_kind,
    find_total,
    without_kind,
)
from distributor.bulletin.parts import Line, Part, PartKind
from distributor.bulletin.shape import compact, has_sentence, says_something, squeeze

_SERIAL = re.compile(r"(?:编号|份号|№|No\.?)[:：]?\d{3,8}|0\d{5}")
_MARK_PREFIX = re.compile(r"\s*【(?P<mark>[^【】]{2,16})】\s*(?=\S)")
_SIGNED = re.compile(r"(?P<label>签发人?|核签|审签|审定|责任编辑|编辑|主编)\s*[：:]\s*(?P<names>.{0,30})$")
NEAR = 10
_LONGEST_SLOGAN = 12
_MOST_LINES = 12


@dataclass(slots=True)
class Draft:
    """What has been read so far, and on which lines."""

    titles: list[str] = field(default_factory=list)
    markings: list[str] = field(default_factory=list)
    issuers: list[str] = field(default_factory=list)
    issue_lines: list[str] = field(default_factory=list)
    dates: list[FoundDate] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    issue: FoundIssue | None = None
    total: FoundIssue | None = None
    kind: Kind = Kind.ORDINARY
    classification: str | None = None
    classification_line: int = 0
    marking_line: int = 0
    title_line: int = 0
    issue_number_line: int = 0
    date_line: int = 0

    @property
    def begun(self) -> bool:
        return bool(self.issue_lines or self.dates)


def with_part(draft: Draft, parts: Sequence[Part], at: int, titled: bool) -> Draft | None:
    """The draft with a whole part taken into it; None when a line of the part is no masthead."""
    part = parts[at]
    if not part.lines or len(part.lines) > _MOST_LINES:
        return None
    trial = copy.deepcopy(draft)
    for number, line in enumerate(part.lines):
        following = [*part.lines[number + 1 :], *lines_after(parts, at + 1)]
        if not _take_line(trial, line, part, following[:NEAR], titled):
            return None
    return trial


def _take_line(draft: Draft, line: Line, part: Part, following: Sequence[Line], titled: bool) -> bool:
    text = line.text
    if len(text) > 120:
        return False
    if _take_marking(draft, line):
        return True
    if part.kind is PartKind.HEADING and (match := _MARK_PREFIX.match(text)) and is_marking(match["mark"]):
        draft.markings.append(match["mark"])
        draft.marking_line = draft.marking_line or line.number
        text = text[match.end() :]
    if _take_numbers(draft, line, text):
        return True
    if draft.begun and _take_issuer(draft, text, line, part, following):
        return True
    if not draft.issue_lines and part.kind is not PartKind.HEADING and _is_issuer_above(text, following):
        return _take_issuer(draft, text, line, part, following)
    if _is_title(draft, text, part, following, titled):
        draft.titles.append(squeeze(text))
        draft.title_line = draft.title_line or line.number
        return True
    return _take_slogan(draft, text, part, following)


def _take_slogan(draft: Draft, text: str, part: Part, following: Sequence[Line]) -> bool:
    """A few words of their own between the masthead and the first section, such as 内部学习园地."""
    short = part.kind is PartKind.TEXT and len(compact(text)) <= _LONGEST_SLOGAN and not has_sentence(text)
    if not (draft.begun and short and not SECTION.match(text) and following and SECTION.match(following[0].text)):
        return False
    draft.extra.append(squeeze(text))
    return True


def _take_marking(draft: Draft, line: Line) -> bool:
    grade = classification_of(line.text)
    if grade is not None:
        draft.classification = draft.classification or grade
        draft.classification_line = draft.classification_line or line.number
        return True
    if is_marking(line.text):
        draft.markings.append(squeeze(line.text).strip("【】[]（）()"))
        draft.marking_line = draft.marking_line or line.number
        return True
    if _SERIAL.fullmatch(compact(line.text)):
        draft.extra.append(squeeze(line.text))
        return True
    return False


def _take_numbers(draft: Draft, line: Line, text: str) -> bool:
    """An issue line, with whatever else stands on it: title before it, date and issuer after it."""
    if has_sentence(text) and len(text) > 40:
        return False
    issues, total, dates = find_issues(text), find_total(text), find_dates(text)
    special = find_kind(text)
    rest = rest_of(text, issues, total, dates)
    named = special is not Kind.ORDINARY and len(compact(without_kind(rest))) <= 2
    if not (issues or total or named or (dates and draft.issue_lines)):
        return False
    if issues or total or named:
        if (draft.issue is not None and issues) or not all(ends_number(text, each) for each in issues):
            return False
        before = squeeze(text[: min([f.start for f in (*issues, *([total] if total else []))], default=0)])
        _take_issue(draft, line, text, rest if named else "")
        rest = _take_title_before(draft, line, before, rest)
    _take_dates(draft, line, dates)
    if rest := squeeze(rest):
        return _take_named(draft, rest, line)
    return True


def _take_issue(draft: Draft, line: Line, text: str, rest: str) -> None:
    issues, total = find_issues(text), find_total(text)
    draft.issue_lines.append(squeeze(text))
    draft.issue_number_line = draft.issue_number_line or line.number
    draft.issue = draft.issue or (issues[0] if issues else None)
    draft.total = draft.total or total
    kind = find_kind(text)
    draft.kind = kind if draft.kind is Kind.ORDINARY else draft.kind
    if issues and not find_dates(text) and (weekly := find_dates(issues[0].raw)):
        _take_dates(draft, line, weekly)


def _take_title_before(draft: Draft, line: Line, before: str, rest: str) -> str:
    """`云岭区工作简报 第12期`: what stands before the number on its line is the title."""
    title = squeeze(without_kind(before).strip("（([〔【·—- \u3000"))
    if draft.titles or not says_something(title) or find_dates(before):
        return rest
    draft.titles.append(title)
    draft.title_line = line.number
    return rest.replace(title, "", 1) if title in rest else ""


def _take_dates(draft: Draft, line: Line, dates: Sequence[FoundDate]) -> None:
    if dates:
        draft.dates += dates
        draft.date_line = draft.date_line or line.number


def _take_named(draft: Draft, rest: str, line: Line) -> bool:
    """An issuer, a signer or nothing we know beside a number or a date."""
    if signed := _SIGNED.search(rest):
        draft.roles.append(Role(signed["label"], split_people(signed["names"]), duty_of(signed["label"])))
        rest = squeeze(rest[: signed.start()])
        if not rest:
            return True
    if has_sentence(rest) or len(rest) > 60:
        return False
    if special := find_kind(rest):
        draft.kind = special if special is not Kind.ORDINARY and draft.kind is Kind.ORDINARY else draft.kind
        rest = without_kind(rest).strip(" ()（）")
    if rest:
        draft.issuers.append(rest)
    return True


def _take_issuer(draft: Draft, text: str, line: Line, part: Part, following: Sequence[Line]) -> bool:
    """`××办公室编　2020年1月17日`, or the office alone, or the date alone."""
    if part.kind is PartKind.HEADING and part.level > 1 and not find_dates(text):
        return False
    dates = find_dates(text)
    rest = squeeze(rest_of(text, (), None, dates))
    if has_sentence(rest) or len(rest) > 60 or SECTION.match(text):
        return False
    if dates:
        _take_dates(draft, line, dates)
        return not rest or _take_named(draft, rest, line)
    if _SIGNED.search(text):
        return _take_named(draft, squeeze(text), line)
    labelled = ISSUER_LABEL.match(rest) is not None
    dated = bool(following) and is_date_line(following[0].text)
    if draft.issuers and not labelled and not dated:
        return False
    if labelled or dated or ORGANISATION.search(bare_issuer(rest)) or "${" in rest:
        draft.issuers.append(rest)
        return True
    return False


def _is_issuer_above(text: str, following: Sequence[Line]) -> bool:
    """Issuer and date in one line above the title, as converters leave the table of a red head."""
    return bool(find_dates(text)) and number_follows(following)


def _is_title(draft: Draft, text: str, part: Part, following: Sequence[Line], titled: bool) -> bool:
    heading = part.kind is PartKind.HEADING
    running = "。" in text if heading and part.level == 1 else has_sentence(text)
    if running or len(compact(text)) > 120 or not says_something(text):
        return False
    if draft.issue_lines:
        # A masthead printed below its number: only a top heading, and only when no title stood above.
        return not draft.titles and heading and part.level == 1 and not titled and not SECTION.match(text)
    near = number_follows(following)
    if SECTION.match(text) and not (near and is_publication(text)):
        return False
    if near:
        return True
    if titled:
        return heading and part.level == 1 and is_publication(text)
    if draft.titles:
        return False
    return heading and (part.level == 1 or is_publication(text))


def lines_after(parts: Sequence[Part], at: int) -> list[Line]:
    """The lines of the next few parts, to look ahead."""
    lines: list[Line] = []
    for part in parts[at : at + NEAR]:
        lines += part.lines[:NEAR]
    return lines
