"""Front matter as a masthead: what `key: value` lines before the text say about the bulletin."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from distributor.bulletin.fields import direction_of, duty_of
from distributor.bulletin.model import AddresseeLine, Kind, Role
from distributor.bulletin.names import split_addressees, split_people
from distributor.bulletin.numbers import chinese_number, find_dates, find_issues, find_kind, find_total
from distributor.bulletin.send_rule import send_rule
from distributor.misfit import Misfit
from distributor.schedule.rule import Rule

_TITLE = ("title", "刊名", "名称", "简报名称", "标题", "name", "masthead")
_ISSUE = ("issue", "issue_no", "issue no", "issue-no", "number", "no", "期号", "期数", "期", "刊期")
_TOTAL = ("total", "total_no", "total no", "total-no", "总期号", "总期数", "总期", "总第")
_ISSUER = (
    "issuer",
    "编发单位",
    "主办单位",
    "主办",
    "编印单位",
    "单位",
    "发文机关",
    "organization",
    "organisation",
    "publisher",
    "office",
    "unit",
    "author",
)
_DATE = ("date", "日期", "印发日期", "发布日期", "印发时间", "时间", "issued")
_CLASSIFICATION = ("classification", "密级", "secrecy")
_MARKING = ("marking", "标注", "内部标识")
_COPIES = ("copies", "印数", "份数", "共印")
_ROLES = {"editor": "编辑", "approver": "签发", "reviewer": "审核", "proofreader": "校对"} | {
    word: word
    for word in ("编辑", "责任编辑", "编校", "校对", "审核", "核稿", "核签", "签发", "审签", "审定", "签发人")
}
_LINES = {
    **dict.fromkeys(("report", "report_to", "报", "呈报", "抄报", "主送"), "报"),
    **dict.fromkeys(("send", "send_to", "cc", "送", "抄送", "分送"), "送"),
    **dict.fromkeys(("distribute", "distribute_to", "issue_to", "发", "下发", "印发"), "发"),
}


@dataclass(frozen=True, slots=True)
class Front:
    """What front matter names; None or empty where it is silent."""

    title: str | None = None
    issue_line: str = ""
    issue_no: int | None = None
    total_no: int | None = None
    year: int | None = None
    kind: Kind = Kind.ORDINARY
    issuer: str | None = None
    date: dt.date | None = None
    bad_date: str | None = None
    classification: str | None = None
    marking: str | None = None
    roles: tuple[Role, ...] = ()
    addressees: tuple[AddresseeLine, ...] = ()
    email: str | None = None
    phone: str | None = None
    copies: int | None = None
    send_at: Rule | Misfit | None = None


def read_front(entries: Mapping[str, tuple[str, ...]]) -> Front:
    """Reads the keys an office uses, in Chinese or English; other keys are left alone."""
    issue = _first(entries, _ISSUE) or ""
    found = next(iter(find_issues(issue)), None)
    total = _first(entries, _TOTAL) or ""
    both = find_total(issue) or find_total(total)
    date = _first(entries, _DATE)
    dates = find_dates(date or "")
    return Front(
        title=_first(entries, _TITLE),
        issue_line=issue if found or find_kind(issue) is not Kind.ORDINARY else f"第{issue}期" if issue else "",
        issue_no=found.number if found else chinese_number(issue),
        total_no=both.number if both else chinese_number(total),
        year=(found.year if found else None) or chinese_number(_first(entries, ("year", "年", "年度")) or ""),
        kind=find_kind(f"{issue} {_first(entries, ('kind', '类型', '刊别')) or ''}"),
        issuer=_first(entries, _ISSUER),
        date=dates[0].date if dates else None,
        bad_date=date if date and not (dates and dates[0].date) else None,
        classification=_first(entries, _CLASSIFICATION),
        marking=_first(entries, _MARKING),
        roles=tuple(
            Role(_ROLES[key], split_people("、".join(values)), duty_of(_ROLES[key]))
            for key, values in entries.items()
            if key in _ROLES
        ),
        addressees=tuple(
            AddresseeLine(
                direction_of(_LINES[key]), _LINES[key], "、".join(values), split_addressees("、".join(values))
            )
            for key, values in entries.items()
            if key in _LINES
        ),
        email=_first(entries, ("email", "e-mail", "邮箱", "电子邮箱")),
        phone=_first(entries, ("phone", "tel", "电话", "联系电话")),
        copies=chinese_number((_first(entries, _COPIES) or "").rstrip("份")),
        send_at=send_rule(entries),
    )


def _first(entries: Mapping[str, tuple[str, ...]], keys: tuple[str, ...]) -> str | None:
    return next(("、".join(entries[key]) for key in keys if entries.get(key)), None)
