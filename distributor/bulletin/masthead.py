"""The masthead (报头): markings, title, number, issuer and date, found from the top by their shapes.

Tolerates several title lines, letter-spacing, the number on the title's line, issuer and date in
one line, in a table or above the title, and a masthead that is only front matter or not there.
"""

import copy
import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from distributor.bulletin.fields import duty_of, split_fields
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
from distributor.bulletin.shape import close_up, compact, fold, has_sentence, says_something, squeeze

_SECRET = re.compile(r"[【\[(（]?(?:密级[:：])?(?P<grade>绝密|机密|秘密)(?:[★☆*].{0,8})?[】\])）]?")
_INTERNAL = re.compile(
    r"[【\[(（]?(?:内部(?:资料|文件|参阅|参考|交流|刊物|材料|发行|使用|情况|传阅|信息)?|注意保存|妥善保管|不得外传|严禁外传|请勿外传|仅供参考"
    r"|供(?:内部|领导)?(?:参考|参阅))[】\])）]?"
)
_SERIAL = re.compile(r"(?:编号|份号|№|No\.?)[:：]?\d{3,8}|0\d{5}")
_MARK_PREFIX = re.compile(r"\s*【(?P<mark>[^【】]{2,16})】\s*(?=\S)")
_ISSUER_LABEL = re.compile(r"^(?:主办单位|编发单位|编印单位|编辑单位|主办|编发|编印|主编单位)\s*[：:]\s*")
_ISSUER_END = re.compile(r"\s*(?:主办|承办|编印|编发|编制|编写|主编|编辑|印发|印制|编|印)$")
_ORGANISATION = re.compile(
    r"(?:办公室|办公厅|委员会|指挥部|领导小组|编辑部|党委|党组|支部|中心|街道|办事处|政府|集团|公司|协会|学会|商会|联合会|大学|学院|学校|医院|银行"
    r"|[办局委部处科股室院校园所站队社厅署团会镇乡村组馆])$"
)
_PUBLICATION = re.compile(
    r"(?:简报|快报|专报|通报|周报|月报|日报|旬报|季报|快讯|简讯|通讯|信息|动态|要情|要报|参考|专刊|特刊|内参|资讯|[报刊])$"
)
_SECTION = re.compile(r"^\s*(?:[一二三四五六七八九十]{1,3}、|[※◆★]|【[^】]*】\s*$)")
_SIGNED = re.compile(r"(?P<label>签发人?|核签|审签|审定|责任编辑|编辑|主编)\s*[：:]\s*(?P<names>.{0,30})$")
_AFTER_NUMBER = " )）(（[〔【],，;；、:：·|｜/—-总增特专试号"
_NEAR = 10
_MOST_LINES = 12
_KINDS_OF_PART = (PartKind.HEADING, PartKind.TEXT, PartKind.TABLE)


@dataclass(frozen=True, slots=True)
class Masthead:
    """What the masthead says, with the lines where it says it. `end` is the first part of the body."""

    lines: tuple[str, ...] = ()
    issue_line: str = ""
    issue: FoundIssue | None = None
    total: FoundIssue | None = None
    kind: Kind = Kind.ORDINARY
    issuer: str | None = None
    dates: tuple[FoundDate, ...] = ()
    classification: str | None = None
    marking: str | None = None
    roles: tuple[Role, ...] = ()
    extra: tuple[str, ...] = ()
    end: int = 0
    title_line: int = 0
    issue_number_line: int = 0
    date_line: int = 0
    classification_line: int = 0
    marking_line: int = 0
    printed: tuple[str, ...] = ()  # every line that was read as masthead

    @property
    def date(self) -> dt.date | None:
        return next((found.date for found in self.dates if found.date), None)


@dataclass(slots=True)
class _Draft:
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


def read_masthead(parts: Sequence[Part], *, titled: bool = False) -> Masthead:
    """Reads the masthead from the top. `titled`: front matter names a title, so no heading has to."""
    draft = _Draft()
    end = 0
    for at, part in enumerate(parts):
        if part.kind is PartKind.RULE:
            end = at + 1
            if draft.begun and not _goes_on(parts, at + 1, draft):
                break
        elif part.kind not in _KINDS_OF_PART or (taken := _with_part(draft, parts, at, titled)) is None:
            break
        else:
            draft, end = taken, at + 1
    return _finished(draft, end, [line.text for part in parts[:end] for line in part.lines])


def classification_of(text: str) -> str | None:
    """The secrecy marking that a line is, as printed; None for any other line."""
    for word in (compact(text), *(compact(word) for word in text.split())):
        if len(word) <= 16 and _SECRET.fullmatch(word):
            return squeeze(text).strip("【】[]（）()") if len(text) <= 24 else word
    return None


def is_publication(text: str) -> bool:
    """True when a name ends like a publication's: 简报, 快报, 专报, 动态 …"""
    return _PUBLICATION.search(compact(text).rstrip("】]）)》")) is not None


def _with_part(draft: _Draft, parts: Sequence[Part], at: int, titled: bool) -> _Draft | None:
    """The draft with a whole part taken into it; None when a line of the part is no masthead."""
    part = parts[at]
    if not part.lines or len(part.lines) > _MOST_LINES:
        return None
    trial = copy.deepcopy(draft)
    for number, line in enumerate(part.lines):
        following = [*part.lines[number + 1 :], *_following(parts, at + 1)]
        if not _take_line(trial, line, part, following[:_NEAR], titled):
            return None
    return trial


def _take_line(draft: _Draft, line: Line, part: Part, following: Sequence[Line], titled: bool) -> bool:
    text = line.text
    if len(text) > 120:
        return False
    if _take_marking(draft, line):
        return True
    if part.kind is PartKind.HEADING and (match := _MARK_PREFIX.match(text)) and _is_marking(match["mark"]):
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
    return False


def _take_marking(draft: _Draft, line: Line) -> bool:
    grade = classification_of(line.text)
    if grade is not None:
        draft.classification = draft.classification or grade
        draft.classification_line = draft.classification_line or line.number
        return True
    if _is_marking(line.text):
        draft.markings.append(squeeze(line.text).strip("【】[]（）()"))
        draft.marking_line = draft.marking_line or line.number
        return True
    if _SERIAL.fullmatch(compact(line.text)):
        draft.extra.append(squeeze(line.text))
        return True
    return False


def _is_marking(text: str) -> bool:
    words = compact(text)
    return len(words) <= 24 and re.fullmatch(rf"(?:(?:{_INTERNAL.pattern})[,、·★]?){{1,3}}", words) is not None


def _take_numbers(draft: _Draft, line: Line, text: str) -> bool:
    """An issue line, with whatever else stands on it: title before it, date and issuer after it."""
    if has_sentence(text) and len(text) > 40:
        return False
    issues, total, dates = find_issues(text), find_total(text), find_dates(text)
    special = find_kind(text)
    rest = _rest(text, issues, total, dates)
    named = special is not Kind.ORDINARY and len(compact(without_kind(rest))) <= 2
    if not (issues or total or named or (dates and draft.issue_lines)):
        return False
    if issues or total or named:
        if (draft.issue is not None and issues) or not all(_ends(text, each) for each in issues):
            return False
        before = squeeze(text[: min([f.start for f in (*issues, *([total] if total else []))], default=0)])
        _take_issue(draft, line, text, rest if named else "")
        rest = _take_title_before(draft, line, before, rest)
    _take_dates(draft, line, dates)
    if rest := squeeze(rest):
        return _take_named(draft, rest, line)
    return True


def _ends(text: str, found: FoundIssue) -> bool:
    """False for 第12期培训班: words follow the number, so it numbers something else."""
    return fold(text[found.end : found.end + 1]) in ("", *_AFTER_NUMBER)


def _take_issue(draft: _Draft, line: Line, text: str, rest: str) -> None:
    issues, total = find_issues(text), find_total(text)
    draft.issue_lines.append(squeeze(text))
    draft.issue_number_line = draft.issue_number_line or line.number
    draft.issue = draft.issue or (issues[0] if issues else None)
    draft.total = draft.total or total
    kind = find_kind(text)
    draft.kind = kind if draft.kind is Kind.ORDINARY else draft.kind
    if issues and not find_dates(text) and (weekly := find_dates(issues[0].raw)):
        _take_dates(draft, line, weekly)


def _take_title_before(draft: _Draft, line: Line, before: str, rest: str) -> str:
    """`云岭区工作简报 第12期`: what stands before the number on its line is the title."""
    title = squeeze(without_kind(before).strip("（([〔【·—- \u3000"))
    if draft.titles or not says_something(title) or find_dates(before):
        return rest
    draft.titles.append(title)
    draft.title_line = line.number
    return rest.replace(title, "", 1) if title in rest else ""


def _take_dates(draft: _Draft, line: Line, dates: Sequence[FoundDate]) -> None:
    if dates:
        draft.dates += dates
        draft.date_line = draft.date_line or line.number


def _rest(text: str, issues: Sequence[FoundIssue], total: FoundIssue | None, dates: Sequence[FoundDate]) -> str:
    """The line without its numbers, dates and the brackets around them."""
    found: list[FoundIssue | FoundDate] = [*issues, *dates, *([total] if total else [])]
    spans = sorted((each.start, each.end) for each in found)
    kept, at = [], 0
    for start, end in spans:
        kept.append(text[at : max(start, at)])
        at = max(end, at)
    rest = "".join((*kept, text[at:]))
    rest = re.sub(r"[（(〔\[【]\s*[,，;；、:：]?\s*[)）〕\]】]", "", rest)
    rest = re.sub(r"^[\s）)】〕,，;；·:：|｜/—-]+|[\s（(【〔,，;；·:：|｜/—-]+$", "", rest)
    bare = without_kind(rest).strip(" \u3000()（）")
    return rest if says_something(bare) else ""


def _take_named(draft: _Draft, rest: str, line: Line) -> bool:
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


def _take_issuer(draft: _Draft, text: str, line: Line, part: Part, following: Sequence[Line]) -> bool:
    """`××办公室编　2020年1月17日`, or the office alone, or the date alone."""
    if part.kind is PartKind.HEADING and part.level > 1 and not find_dates(text):
        return False
    dates = find_dates(text)
    rest = squeeze(_rest(text, (), None, dates))
    if has_sentence(rest) or len(rest) > 60 or _SECTION.match(text):
        return False
    if dates:
        _take_dates(draft, line, dates)
        return not rest or _take_named(draft, rest, line)
    if _SIGNED.search(text):
        return _take_named(draft, squeeze(text), line)
    labelled = _ISSUER_LABEL.match(rest) is not None
    dated = bool(following) and _is_date_line(following[0].text)
    if draft.issuers and not labelled and not dated:
        return False
    if labelled or dated or _ORGANISATION.search(_bare_issuer(rest)) or "${" in rest:
        draft.issuers.append(rest)
        return True
    return False


def _is_date_line(text: str) -> bool:
    dates = find_dates(text)
    return bool(dates) and not compact(_rest(text, (), None, dates))


def _is_issuer_above(text: str, following: Sequence[Line]) -> bool:
    """Issuer and date in one line above the title, as converters leave the table of a red head."""
    return bool(find_dates(text)) and _number_follows(following)


def _is_title(draft: _Draft, text: str, part: Part, following: Sequence[Line], titled: bool) -> bool:
    heading = part.kind is PartKind.HEADING
    running = "。" in text if heading and part.level == 1 else has_sentence(text)
    if running or len(compact(text)) > 120 or not says_something(text):
        return False
    if draft.issue_lines:
        # A masthead printed below its number: only a top heading, and only when no title stood above.
        return not draft.titles and heading and part.level == 1 and not titled and not _SECTION.match(text)
    near = _number_follows(following)
    if _SECTION.match(text) and not (near and is_publication(text)):
        return False
    if near:
        return True
    if titled:
        return heading and part.level == 1 and is_publication(text)
    if draft.titles:
        return False
    return heading and (part.level == 1 or is_publication(text))


def _number_follows(following: Sequence[Line]) -> bool:
    """True when an issue line comes within a few lines, before anything that only a body has."""
    for line in following:
        if has_sentence(line.text) or _SECTION.match(line.text):
            return False
        if (
            find_issues(line.text)
            or find_total(line.text)
            or (len(compact(line.text)) < 8 and find_kind(line.text) is not Kind.ORDINARY)
        ):
            return True
        if split_fields(line):
            return False
    return False


def _goes_on(parts: Sequence[Part], at: int, draft: _Draft) -> bool:
    """True when the masthead continues below a rule: with its number, or with the title itself."""
    following = _following(parts, at)[:_NEAR]
    if not following:
        return False
    first = following[0].text
    numbered = not draft.issue_lines and (_number_follows(following) or bool(find_issues(first)))
    return numbered or _is_date_line(first)


def _following(parts: Sequence[Part], at: int) -> list[Line]:
    lines: list[Line] = []
    for part in parts[at : at + _NEAR]:
        lines += part.lines[:_NEAR]
    return lines


def _bare_issuer(text: str) -> str:
    bare = _ISSUER_LABEL.sub("", squeeze(text))
    return close_up(_ISSUER_END.sub("", bare))


def _finished(draft: _Draft, end: int, printed: Sequence[str]) -> Masthead:
    titles = [title for text in draft.titles if (title := _bare_title(text))]
    issuer = next((name for text in draft.issuers if (name := _bare_issuer(text))), None)
    if issuer is None and len(titles) > 1 and _ORGANISATION.search(titles[0]):
        issuer = titles[0]
    return Masthead(
        lines=tuple(titles),
        issue_line=squeeze(" ".join(draft.issue_lines)),
        issue=draft.issue,
        total=draft.total,
        kind=draft.kind,
        issuer=issuer,
        dates=tuple(draft.dates),
        classification=draft.classification,
        marking=squeeze(" ".join(draft.markings)) or None,
        roles=tuple(draft.roles),
        extra=(*draft.extra, *(squeeze(text) for text in draft.issuers[1:])),
        end=end,
        title_line=draft.title_line,
        issue_number_line=draft.issue_number_line,
        date_line=draft.date_line,
        classification_line=draft.classification_line,
        marking_line=draft.marking_line,
        printed=tuple(printed),
    )


def _bare_title(text: str) -> str:
    bare = close_up(text)
    whole = re.fullmatch(r"[【\[《](?P<inside>[^【】\[\]《》]*)[】\]》]", fold(bare)) is not None
    return close_up(bare[1:-1]) if whole else bare
