"""What the lines of a masthead look like: markings, offices, publications, what is left beside numbers and dates."""

import re
from collections.abc import Sequence

from distributor.bulletin.fields import split_fields
from distributor.bulletin.model import Kind
from distributor.bulletin.numbers import (
    FoundDate,
    FoundIssue,
    find_dates,
    find_issues,
    find_kind,
    find_total,
    without_kind,
)
from distributor.bulletin.parts import Line
from distributor.bulletin.shape import close_up, compact, fold, has_sentence, says_something, squeeze

_SECRET = re.compile(r"[【\[(（]?(?:密级[:：])?(?P<grade>绝密|机密|秘密)(?:[★☆*].{0,8})?[】\])）]?")
_INTERNAL = re.compile(
    r"[【\[(（]?(?:内部(?:资料|文件|参阅|参考|交流|刊物|材料|发行|使用|情况|传阅|信息)?|注意保存|妥善保管|不得外传|严禁外传|请勿外传|仅供参考"
    r"|供(?:内部|领导)?(?:参考|参阅))[】\])）]?"
)
ISSUER_LABEL = re.compile(r"^(?:主办单位|编发单位|编印单位|编辑单位|主办|编发|编印|主编单位)\s*[：:]\s*")
_ISSUER_END = re.compile(r"\s*(?:主办|承办|编印|编发|编制|编写|主编|编辑|印发|印制|编|印)$")
ORGANISATION = re.compile(
    r"(?:办公室|办公厅|委员会|指挥部|领导小组|编辑部|党委|党组|支部|中心|街道|办事处|政府|集团|公司|协会|学会|商会|联合会|大学|学院|学校|医院|银行"
    r"|[办局委部处科股室院校园所站队社厅署团会镇乡村组馆])$"
)
_PUBLICATION = re.compile(
    r"(?:简报|快报|专报|通报|周报|月报|日报|旬报|季报|快讯|简讯|通讯|信息|动态|要情|要报|参考|专刊|特刊|内参|资讯|[报刊])$"
)
SECTION = re.compile(r"^\s*(?:[一二三四五六七八九十]{1,3}、|[※◆★]|【[^】]*】\s*$)")
_AFTER_NUMBER = " )）(（[〔【]】〕,，;；、:：·|｜/—-总增特专试号"


def classification_of(text: str) -> str | None:
    """The secrecy marking that a line is, as printed; None for any other line."""
    for word in (compact(text), *(compact(word) for word in text.split())):
        if len(word) <= 16 and _SECRET.fullmatch(word):
            return squeeze(text).strip("【】[]（）()") if len(text) <= 24 else word
    return None


def is_publication(text: str) -> bool:
    """True when a name ends like a publication's: 简报, 快报, 专报, 动态 …"""
    return _PUBLICATION.search(compact(text).rstrip("】]）)》")) is not None


def is_marking(text: str) -> bool:
    words = compact(text)
    return len(words) <= 24 and re.fullmatch(rf"(?:(?:{_INTERNAL.pattern})[,、·★]?){{1,3}}", words) is not None


def ends_number(text: str, found: FoundIssue) -> bool:
    """False for 第12期培训班: words follow the number, so it numbers something else."""
    return fold(text[found.end : found.end + 1]) in ("", *_AFTER_NUMBER)


def rest_of(text: str, issues: Sequence[FoundIssue], total: FoundIssue | None, dates: Sequence[FoundDate]) -> str:
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


def is_date_line(text: str) -> bool:
    dates = find_dates(text)
    return bool(dates) and not compact(rest_of(text, (), None, dates))


def number_follows(following: Sequence[Line]) -> bool:
    """True when an issue line comes within a few lines, before anything that only a body has."""
    for line in following:
        if has_sentence(line.text):
            return False
        if (
            find_issues(line.text)
            or find_total(line.text)
            or (len(compact(line.text)) < 8 and find_kind(line.text) is not Kind.ORDINARY)
        ):
            return True
        if SECTION.match(line.text) or split_fields(line):
            return False
    return False


def bare_issuer(text: str) -> str:
    bare = ISSUER_LABEL.sub("", squeeze(text))
    return close_up(_ISSUER_END.sub("", bare))


def bare_title(text: str) -> str:
    bare = close_up(text)
    whole = re.fullmatch(r"[【\[《](?P<inside>[^【】\[\]《》]*)[】\]》]", fold(bare)) is not None
    return close_up(bare[1:-1]) if whole else bare
