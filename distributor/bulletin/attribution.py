"""Who a report comes from: （石桥镇）, 【党委工作部】, 供稿：X, X 供稿, ／文：X – at its end or on its own line.

Brackets that are remarks (详见附件), part of a name (文物局（所）) or the end of a title are none.
"""

import re
from dataclasses import dataclass

from distributor.bulletin.names import close_people
from distributor.bulletin.shape import HANZI, compact, fold, has_sentence, says_something, squeeze

_LONGEST = 40
_ENDS = "。！？!?.”’》…"
_LABELS = r"(?:供 ?稿(?:单位|人)?|撰 ?稿人?|来 ?源|作 ?者|通 ?讯 ?员|记 ?者|图 ?/ ?文|文 ?/ ?图|图文|文|据)"
_BRACKET = re.compile(
    r"[（(【\[](?P<inside>[^（()）【】\[\]]{1,40}(?:[（(][^（()）]{1,12}[）)][^（()）【】]{0,12})?)[）)】\]]\s*$"
)
_LABELLED = re.compile(rf"(?:^|(?<=[。！？!?”.\s])|[／/]\s*){_LABELS}\s*[：:]\s*(?P<inside>\S[^。；;：:]{{0,40}})$")
_SUFFIXED = re.compile(rf"(?:^|(?<=[。！？!?”.]))\s*(?P<inside>[{HANZI}A-Za-z][^。！？!?；;，,]{{0,36}}?)\s*供 ?稿\s*$")
_PREFIX = re.compile(rf"^{_LABELS}(?:\s*[:/]\s*|\s+)")
_SUFFIX = re.compile(r"\s*(?:供 ?稿|撰 ?稿|报 ?送|提 ?供|整 ?理|综 ?合)$")
_CREDIT = re.compile(r"\s+(?:编辑|摄影|摄|图|责编|校对|审核)\s*[/:].*$")
_REMARK = re.compile(
    r"^(?:详|另?见|注|附|下转|上接|转第|接第|完$|全文|略$|待续|未完|含|其中|如|即|包括|以下|以上|同比|环比|数据|截至|截止|不含|单位[:：]|图\d|表\d|"
    r"共印|印发|试行|暂行|修订|节选|摘要|摘自|本文|此件|续|代|\d)"
)
_ORGANISATION = re.compile(
    r"(?:办公室|[办局委部处科股室院校园所站队社厅署团会镇乡村区县市组馆]|街道|中心|公司|集团|大学|学院|医院|支部|党委|政府)$"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An attribution and where its text begins in the paragraph (0: the whole paragraph)."""

    name: str
    start: int
    raw: str = ""


def find_attribution(text: str) -> Found | None:
    """The attribution at the end of a paragraph, or the paragraph that is one."""
    trimmed = text.rstrip()
    window = max(len(trimmed) - 120, 0)
    tail = trimmed[window:]
    folded = fold(tail)
    for pattern in (_BRACKET, _LABELLED, _SUFFIXED):
        match = pattern.search(tail)
        if match and (name := _name(match["inside"], labelled=pattern is not _BRACKET)):
            start = match.start()
            before = folded[:start].rstrip()
            if window + len(before) == 0:
                return Found(name, 0, trimmed)
            if pattern is not _BRACKET or _fits(before, tail[start - 1 : start], name):
                return Found(name, window + len(tail[:start].rstrip()), tail[start:].strip())
    return None


def _fits(before: str, last: str, name: str) -> bool:
    """A bracket inside a paragraph names its source only after a full sentence, a gap, or by its own words."""
    if before[-1:] in _ENDS or last in "\u3000\t" or (last == " " and has_sentence(before)):
        return True
    return len(name) >= 3 and _ORGANISATION.search(name) is not None and has_sentence(before)


def _name(inside: str, *, labelled: bool) -> str | None:
    """The bare name: without 供稿, 文/图, credits; None for a remark."""
    if len(inside) > _LONGEST or _REMARK.match(compact(inside)):
        return None
    bare = _CREDIT.sub("", fold(inside)[: len(inside)])
    bare = inside[: len(bare)].strip()
    prefix = _PREFIX.match(fold(bare))
    bare = bare[prefix.end() :] if prefix else bare
    bare = bare[: len(_SUFFIX.sub("", fold(bare)))] if len(bare) > 3 else bare
    bare = close_people(squeeze(bare).strip("：: "))
    return bare if bare and says_something(bare) and not has_sentence(bare) and (labelled or len(bare) > 1) else None
