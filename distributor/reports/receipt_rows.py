"""The lines of the 发文回执表, in the words of the paper: the table that is printed, and the same as CSV.

The paper is Chinese like the bulletin itself, whatever language the program speaks. Every text is a text: a cell
never becomes a formula, neither in a spreadsheet (`receipt_sheet`) nor when a CSV is opened in one.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterator
from dataclasses import dataclass

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import State
from distributor.reports.receipt_table import GroupTable, PersonRow, ReceiptTable, Standing, UnitRow

#: The heads of the columns, in order.
HEADS = ("序号", "单位", "姓名", "职务", "送达情况", "签收情况", "签收时间", "签收人", "意见、备注或退回理由")

RUNGS = {
    Rung.NONE: "未送达",
    Rung.ACCEPTED: "已交对方邮件系统",
    Rung.RELAYED: "已转交下一级系统",
    Rung.REPORTED: "来人来电告知收到",
    Rung.DELIVERED: "已进收件箱",
    Rung.FETCHED: "有加载（未核验）",
    Rung.OPENED: "打开过（未核验）",
    Rung.READ: "邮件程序报告已读",
    Rung.REPLIED: "已回复",
    Rung.PHONED: "电话签收",
    Rung.SIGNED: "已签收（链接，未核验身份）",
    Rung.IDENTIFIED: "已签收（已核验身份）",
}

_STANDINGS = {
    Standing.OVERDUE: "逾期未签",
    Standing.MISSING: "未签收",
    Standing.RETURNED: "已退回",
    Standing.UNREACHED: "未送达",
    Standing.NOT_ASKED: "不要求签收",
    Standing.SIGNED: "已签收",
}

_STATES = {
    State.BOUNCED: "被退信",
    State.FAILED: "发送失败",
    State.SUPPRESSED: "地址停用，未发",
    State.UNKNOWN: "是否送达不明",
    State.CANCELLED: "已撤回",
    State.QUEUED: "待发送",
    State.DEFERRED: "待重发",
    State.CLAIMED: "正在发送",
    State.SENDING: "正在发送",
}

#: A spreadsheet takes a CSV cell that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One person's line. `cells` follow `HEADS` from the second on; `needs_somebody`: it is to be seen at a glance."""

    cells: tuple[str, ...]
    needs_somebody: bool


def heading(group: GroupTable, zone: dt.tzinfo) -> str:
    """What stands above a group's lines."""
    total = len(group.units)
    parts = [f"{group.direction}：{group.group}", f"{total}个单位", f"已签收{group.count(Standing.SIGNED)}个"]
    missing = group.count(Standing.OVERDUE, Standing.MISSING)
    if missing:
        parts.append(f"未签收{missing}个")
    if group.deadline:
        parts.append(f"期限{_time(group.deadline, zone, with_hour=False)}")
    return "　".join(parts)


def lines(group: GroupTable, zone: dt.tzinfo) -> Iterator[Line]:
    """A group's lines, one for each person, those who need somebody first."""
    for unit in group.units:
        for person in unit.people:
            yield Line(_cells(unit, person, zone), person.standing in _NEEDS and unit.standing in _NEEDS)


_NEEDS = frozenset({Standing.OVERDUE, Standing.MISSING, Standing.RETURNED, Standing.UNREACHED})


def as_csv(table: ReceiptTable, zone: dt.tzinfo) -> str:
    """All lines as CSV, each with its group; for Excel it begins with a byte order mark."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(("方向", "组", *HEADS[1:]))
    for group in table.groups:
        for line in lines(group, zone):
            writer.writerow([_harmless(cell) for cell in (group.direction, group.group, *line.cells)])
    writer.writerow(["", "", _harmless(audit_line(table))])
    return "\ufeff" + file.getvalue()


def audit_line(table: ReceiptTable) -> str:
    """What a printed table is held against later: the end of the audit chain when it was made."""
    return f"审计记录{table.audit_entries}条，链尾 {table.audit_hash}"


def local_time(moment: dt.datetime, zone: dt.tzinfo) -> str:
    """A time as the paper prints it."""
    return _time(moment, zone, with_hour=True)


def _cells(unit: UnitRow, person: PersonRow, zone: dt.tzinfo) -> tuple[str, ...]:
    copy, receipt = person.copy, person.acknowledged
    standing = _STANDINGS[person.standing]
    if person.standing is not Standing.SIGNED and unit.standing is Standing.SIGNED:
        standing = "本单位已签收"
    said = receipt.details if receipt else {}
    signer = str(said.get("name") or said.get("member") or "") if receipt else ""
    if receipt and said.get("for"):
        signer += f"（代{said['for']}）"
    if receipt and receipt.kind is Kind.PHONED:
        standing = RUNGS[Rung.PHONED]
    remark = str(said.get("remark", "")) if receipt else ""
    if person.returned and not receipt:
        remark = f"退回：{person.returned.details.get('reason', '')}"
    return (
        unit.unit,
        "、".join(copy.people) or copy.name,
        copy.role or "",
        _reached(person),
        standing,
        local_time(receipt.at, zone) if receipt else "",
        signer or ("、".join(copy.people) or copy.name if receipt else ""),
        remark,
    )


def _reached(person: PersonRow) -> str:
    """How far the copy is known to have come; what went wrong with it goes before what little is known."""
    if person.rung in (Rung.NONE, Rung.ACCEPTED) and person.copy.state in _STATES:
        return _STATES[person.copy.state]
    if person.copy.state is State.BOUNCED:
        return f"{_STATES[State.BOUNCED]}；{RUNGS[person.rung]}"
    return RUNGS[person.rung]


def _time(moment: dt.datetime, zone: dt.tzinfo, *, with_hour: bool) -> str:
    here = moment.astimezone(zone)
    day = f"{here.year}年{here.month}月{here.day}日"
    return f"{day} {here:%H:%M}" if with_hour else day


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text
