"""`Label：value` fields of the tail: 报, 送, 发, sign-off, contact, copies – whatever stands on one line.

Labels are recognised bold, letter-spaced, full-width or ASCII; the label as printed is kept.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from distributor.bulletin.model import Direction, Duty, Span
from distributor.bulletin.parts import Line
from distributor.bulletin.shape import compact, fold


class FieldKind(Enum):
    ADDRESSEES = auto()
    ROLE = auto()
    PHONE = auto()
    EMAIL = auto()
    CONTACT = auto()  # fax, address, QQ group …: printed, not dialled
    OTHER = auto()  # 主题词, 印数 …


@dataclass(frozen=True, slots=True)
class Field:
    """One label with its value as printed, and where the label stands."""

    kind: FieldKind
    label: str
    value: str
    line: int
    alone: bool = False  # no other label on its line


DIRECTIONS = {
    **dict.fromkeys(
        ("报", "呈报", "报送", "抄报", "上报", "主报", "呈送", "呈", "主送", "报、送", "报/送"), Direction.REPORT
    ),
    **dict.fromkeys(
        ("送", "抄送", "分送", "并送", "寄送", "抄", "赠送", "送、发", "送/发", "报送发", "报、送、发"), Direction.SEND
    ),
    **dict.fromkeys(
        ("发", "下发", "发送", "印发", "分发", "抄发", "发至", "发送范围", "发放范围", "分发范围"), Direction.ISSUE
    ),
}
DUTIES = {
    **dict.fromkeys(
        (
            *(
                "编辑",
                "责任编辑",
                "责编",
                "执行编辑",
                "本期编辑",
                "本期责编",
                "编辑部",
                "编校",
                "编审",
                "编发",
                "编印",
                "编写",
            ),
            *("主编", "执行主编", "副主编", "整理编集", "整理", "编集", "制作", "采编", "组稿", "统稿"),
            *("撰稿", "撰稿人", "供稿", "供稿人", "拟稿", "拟稿人", "起草", "Editor", "Edited by"),
        ),
        Duty.EDITOR,
    ),
    **dict.fromkeys(("校对", "校核", "核对", "责任校对", "Proofreader"), Duty.PROOFREADER),
    **dict.fromkeys(
        ("审核", "审核人", "核稿", "核稿人", "审校", "审稿", "初审", "复审", "复核", "Reviewer"), Duty.REVIEWER
    ),
    **dict.fromkeys(
        (
            "核签",
            "核签人",
            "签发",
            "签发人",
            "审签",
            "审签人",
            "审定",
            "审定人",
            "签批",
            "审批",
            "终审",
            "批准",
            "核发",
            "核准",
            "总编",
            "Approver",
        ),
        Duty.APPROVER,
    ),
    **dict.fromkeys(
        ("指导老师", "监制", "摄影", "打印", "印制", "录入", "排版", "策划", "顾问", "承办人", "经办人"), Duty.OTHER
    ),
}
_PHONES = (
    "联系电话",
    "咨询电话",
    "办公电话",
    "值班电话",
    "联系方式",
    "电话/传真",
    "电话（传真）",
    "电话",
    "手机",
    "热线",
    "Tel",
    "TEL",
    "Phone",
)
_EMAILS = (
    *("电子邮箱", "电子邮件", "投稿邮箱", "投稿信箱", "投稿邮件", "联系邮箱", "邮箱地址", "邮箱", "信箱", "邮件"),
    *("欢迎投稿", "投稿", "E-mail", "E-Mail", "e-mail", "Email", "email", "E-MAIL", "EMAIL", "Mail"),
)
_CONTACTS = (
    "传真",
    "Fax",
    "FAX",
    "地址",
    "通讯地址",
    "通信地址",
    "邮编",
    "邮政编码",
    "联系人",
    "网址",
    "微信公众号",
    "公众号",
    "微信",
    "微博",
    "QQ群",
    "QQ",
)
_OTHERS = ("主题词", "关键词", "印数", "份数", "共印", "印发份数")
#: Labels that name an author when they stand alone on a line of the body.
AUTHORS = frozenset(("供稿", "供稿人", "撰稿", "撰稿人", "拟稿"))

_KINDS = {
    **dict.fromkeys(DIRECTIONS, FieldKind.ADDRESSEES),
    **dict.fromkeys(DUTIES, FieldKind.ROLE),
    **dict.fromkeys(_PHONES, FieldKind.PHONE),
    **dict.fromkeys(_EMAILS, FieldKind.EMAIL),
    **dict.fromkeys(_CONTACTS, FieldKind.CONTACT),
    **dict.fromkeys(_OTHERS, FieldKind.OTHER),
}
_BY_FORM = {compact(label): kind for label, kind in _KINDS.items()}


def _spaced(label: str) -> str:
    return " {0,4}".join(re.escape(fold(character)) for character in label if character != " ")


_LABEL = re.compile(
    r"(?:(?<=^)|(?<=[\s。.;；，,、|｜/)）】\]*]))"
    rf"(?P<label>{'|'.join(_spaced(label) for label in sorted(_KINDS, key=len, reverse=True))}) {{0,4}}[:](?!//)"
)
_BARE = re.compile(r"(?P<label>抄 {0,4}报|抄 {0,4}送|分 {0,4}送|呈 {0,4}报|主 {0,4}送|报|送|发) {1,8}(?=\S)")


def split_fields(line: Line) -> tuple[Field, ...]:
    """The fields of a line whose first words are a label; empty when it starts with anything else."""
    text = line.text
    folded = fold(text)
    found = list(_LABEL.finditer(folded)) if len(text) < 20_000 else []
    if not found or folded[: found[0].start()].strip(" *[(【"):
        return _bare_field(line)
    return tuple(_fields(text, found, line.number))


def join_cells(lines: Sequence[Line]) -> tuple[Line, ...]:
    """The cells of a table as lines; a cell that is only a label (报 | 区委) is joined with the next of its row."""
    joined: list[Line] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last is not None and last.number == line.number and compact(last.text).rstrip(":") in _BY_FORM:
            joined[-1] = Line((Span(f"{last.text.rstrip('：: ')}："), *line.spans), line.number)
        else:
            joined.append(line)
    return tuple(joined)


def direction_of(label: str) -> Direction:
    """The direction that an addressee label means."""
    return DIRECTIONS[compact(label)]


def duty_of(label: str) -> Duty:
    """The duty that a sign-off label means."""
    return _DUTY_BY_FORM[compact(label)]


_DUTY_BY_FORM = {compact(label): duty for label, duty in DUTIES.items()}


def is_tail(fields: Iterable[Field]) -> bool:
    """True when the fields belong to the end of a bulletin and not to one of its reports."""
    known = tuple(fields)
    return bool(known) and not (len(known) == 1 and compact(known[0].label) in AUTHORS)


def _fields(text: str, found: list[re.Match[str]], number: int) -> Iterator[Field]:
    for at, match in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        label = text[match.start("label") : match.end("label")]
        value = text[match.end() : end].strip(" \u3000\xa0\t|｜/")
        yield Field(_BY_FORM[compact(label)], label, value, number, len(found) == 1)


def _bare_field(line: Line) -> tuple[Field, ...]:
    """`报  市委、市政府`: a label set off by a blank only."""
    match = _BARE.match(fold(line.text))
    if not match:
        return ()
    return (Field(FieldKind.ADDRESSEES, match["label"], line.text[match.end() :].strip(), line.number, True),)
