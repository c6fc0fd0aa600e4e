"""The 回执表: who owes, who signed, and a sheet in which no cell is ever a formula."""

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest

from distributor.delivery.evidence import Kind, Rung
from distributor.delivery.state import Fact, State
from distributor.dispatch.acknowledge import Word, note_call, send_back, sign
from distributor.reports.receipt_rows import HEADS, as_csv, heading, lines
from distributor.reports.receipt_sheet import as_xlsx
from distributor.reports.receipt_table import GroupTable, ReceiptTable, Standing, receipt_table
from distributor.store import audit
from distributor.store.database import Database
from distributor.store.moves import Move, apply_moves
from distributor.store.receipts import add_receipt
from distributor.store.records import DeliveryRecord
from distributor.workdays.calendar import Workdays
from tests.integration.bureau import Bureau
from tests.integration.conftest import Clock

ZONE = ZoneInfo("Asia/Shanghai")

DIRECTORY = """\
groups:
  区领导:
    direction: 报
    members:
      - unit: 区委办公室
        people: [{name: 赵一, email: zhaoyi@example.gov.cn}]
  各镇:
    direction: 发
    acknowledge: required
    due: 2 working days
    members:
      - unit: 石桥镇
        people:
          - {name: 李四, role: 主管领导, email: lisi@example.gov.cn}
          - {name: 王五, email: wangwu@example.gov.cn}
      - unit: 柳河镇
        people: [{name: 孙六, email: sunliu@example.gov.cn}]
      - unit: 云台街道
        people: [{name: 周七, email: zhouqi@example.gov.cn}]
  各部门:
    direction: 发
    acknowledge: required
    satisfied_by: all
    members:
      - unit: 水务局
        people:
          - {name: 吴八, email: wuba@example.gov.cn}
          - {name: 郑九, email: zhengjiu@example.gov.cn}
"""

#: What a spreadsheet would run if it were not kept from it (fault 75).
FORMULAS = ('=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", '=HYPERLINK("http://evil.example","here")')


class Desk:
    """A bulletin that went out to the directory above, and what came back."""

    def __init__(self, bureau: Bureau) -> None:
        self.bureau = bureau
        bureau.office.write("recipients.yaml", DIRECTORY)
        self.record = bureau.release()
        with bureau.database.write() as conn:
            for copy in bureau.copies():
                for fact in (Fact.CLAIM, Fact.MARK, Fact.ACCEPT):
                    apply_moves(conn, [Move(copy.id, fact, None)], now=bureau.clock())

    def copy(self, name: str) -> DeliveryRecord:
        return next(copy for copy in self.bureau.copies() if copy.name == name)

    def sign(self, *names: str, word: Word = Word()) -> None:  # noqa: B008 - frozen
        with self.bureau.database.write() as conn:
            for name in names:
                sign(conn, self.copy(name).id, word, now=self.bureau.clock())

    def table(self) -> ReceiptTable:
        with self.bureau.database.read() as conn:
            return receipt_table(conn, self.record, calendar=Workdays(), zone=ZONE, now=self.bureau.clock())

    def group(self, name: str) -> GroupTable:
        return next(group for group in self.table().groups if group.group == name)

    def standings(self, name: str) -> dict[str, Standing]:
        return {unit.unit: unit.standing for unit in self.group(name).units}


@pytest.fixture
def desk(tmp_path: Path, sqlite: Database, clock: Clock) -> Desk:
    return Desk(Bureau(tmp_path / "office", sqlite, clock))


def cells(sheet: bytes) -> list[str]:
    """Every text of a spreadsheet, in order of its appearance in the file; there must be no formula and no link."""
    with zipfile.ZipFile(io.BytesIO(sheet)) as archive:
        page = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        names = archive.namelist()
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert not list(page.iter(f"{space}f"))
    assert not list(page.iter(f"{space}hyperlink"))
    assert "xl/worksheets/_rels/sheet1.xml.rels" not in names
    return ["".join(part.text or "" for part in entry.iter(f"{space}t")) for entry in shared]


def test_those_who_owe_stand_first_and_the_groups_stand_as_in_the_tail(desk: Desk) -> None:
    desk.sign("李四", "周七")
    table = desk.table()
    assert [group.direction for group in table.groups] == ["报", "发", "发"]
    assert [unit.unit for unit in desk.group("各镇").units] == ["柳河镇", "石桥镇", "云台街道"]
    assert desk.standings("区领导") == {"区委办公室": Standing.NOT_ASKED}
    assert table.count(Standing.SIGNED) == 2
    assert table.count(Standing.MISSING) == 2


def test_a_unit_is_satisfied_by_any_or_by_all_of_its_people_as_its_letter_says(desk: Desk) -> None:
    desk.sign("王五", "吴八")
    assert desk.standings("各镇")["石桥镇"] is Standing.SIGNED
    assert desk.standings("各部门")["水务局"] is Standing.MISSING
    desk.bureau.clock.forward(hours=1)
    desk.sign("郑九")
    (unit,) = desk.group("各部门").units
    assert (unit.standing, unit.signed_at) == (Standing.SIGNED, desk.bureau.clock())


def test_after_the_deadline_those_who_owe_are_overdue(desk: Desk) -> None:
    deadline = desk.group("各镇").deadline
    assert deadline == dt.datetime(2026, 11, 25, 15, 59, 59, tzinfo=dt.UTC)
    desk.bureau.clock.now = deadline
    assert set(desk.standings("各镇").values()) == {Standing.MISSING}
    desk.bureau.clock.forward(seconds=1)
    assert set(desk.standings("各镇").values()) == {Standing.OVERDUE}
    assert set(desk.standings("各部门").values()) == {Standing.MISSING}


def test_an_opened_page_or_a_read_report_is_no_签收(desk: Desk) -> None:
    with desk.bureau.database.write() as conn:
        for number, kind in enumerate((Kind.OPENED, Kind.FETCHED, Kind.READ, Kind.REPLIED, Kind.AUTO_REPLIED)):
            add_receipt(
                conn, kind, delivery_id=desk.copy("孙六").id, source="test", digest=f"{number:064d}",
                at=desk.bureau.clock(), now=desk.bureau.clock(),
            )  # fmt: skip
    (person,) = next(unit for unit in desk.group("各镇").units if unit.unit == "柳河镇").people
    assert (person.standing, person.rung, person.acknowledged) == (Standing.MISSING, Rung.REPLIED, None)
    assert [step.rung for step in person.steps] == [Rung.REPLIED, Rung.READ, Rung.OPENED, Rung.FETCHED, Rung.DELIVERED]


def test_a_签收_by_phone_counts_and_keeps_its_own_rung(desk: Desk) -> None:
    with desk.bureau.database.write() as conn:
        note_call(conn, desk.copy("孙六").id, Word("孙主任"), actor="cli:chen", now=desk.bureau.clock())
    (person,) = next(unit for unit in desk.group("各镇").units if unit.unit == "柳河镇").people
    assert (person.standing, person.rung) == (Standing.SIGNED, Rung.PHONED)
    assert desk.copy("孙六").state is State.ACCEPTED
    assert "电话签收" in as_csv(desk.table(), ZONE)


def test_who_was_not_reached_or_sent_it_back_is_told_apart(desk: Desk) -> None:
    now = desk.bureau.clock()
    with desk.bureau.database.write() as conn:
        add_receipt(
            conn, Kind.BOUNCED, delivery_id=desk.copy("孙六").id, source="mailbox", digest="b" * 64, at=now, now=now
        )
        send_back(conn, desk.copy("周七").id, "不属于本单位", Word(), press="x", now=now)
    assert desk.standings("各镇") == {
        "石桥镇": Standing.MISSING,
        "云台街道": Standing.RETURNED,
        "柳河镇": Standing.UNREACHED,
    }
    found = as_csv(desk.table(), ZONE)
    assert "退回：不属于本单位" in found
    assert "被退信" in found


def test_one_dead_address_does_not_hide_that_a_unit_still_owes(desk: Desk) -> None:
    now = desk.bureau.clock()
    with desk.bureau.database.write() as conn:
        add_receipt(
            conn, Kind.BOUNCED, delivery_id=desk.copy("李四").id, source="mailbox", digest="b" * 64, at=now, now=now
        )
    assert desk.standings("各镇")["石桥镇"] is Standing.MISSING


def test_the_sheet_says_what_the_table_says_and_how_the_log_of_decisions_ended(desk: Desk) -> None:
    desk.sign("李四", word=Word("王秘书", "已转各村", "李四"))
    table = desk.table()
    texts = cells(as_xlsx(table, ["报：区委、区政府", "发：各镇、各部门"], ZONE))
    assert texts[0] == "发文回执表"
    assert {"云岭区巡河工作快报 第7期", "报：区委、区政府", *HEADS} <= set(texts)
    assert "王秘书（代李四）" in texts
    assert "2026年11月23日 17:00" in texts
    assert heading(desk.group("各镇"), ZONE) in texts
    with desk.bureau.database.read() as conn:
        assert texts[-1].endswith(audit.head(conn)[1])
        assert audit.verify(conn) is None


def test_the_same_table_makes_the_same_file(desk: Desk) -> None:
    table = desk.table()
    first, second = as_xlsx(table, [], ZONE), as_xlsx(table, [], ZONE)
    assert cells(first) == cells(second)


def _hostile(desk: Desk, texts: Sequence[str]) -> None:
    for name, text in zip(("李四", "王五", "孙六", "周七", "吴八", "郑九"), texts, strict=True):
        desk.sign(name, word=Word(text, text))


def test_75_no_text_becomes_a_formula_in_the_sheet(desk: Desk) -> None:
    _hostile(desk, FORMULAS)
    texts = cells(as_xlsx(desk.table(), ["=1+1"], ZONE))
    assert set(FORMULAS) | {"=1+1"} <= set(texts)


def test_75_no_text_becomes_a_formula_when_the_csv_is_opened_in_a_spreadsheet(desk: Desk) -> None:
    _hostile(desk, FORMULAS)
    rows = list(csv.reader(io.StringIO(as_csv(desk.table(), ZONE).removeprefix("\ufeff"))))
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert {f"'{text}" for text in FORMULAS} <= {cell for row in rows for cell in row}


def test_every_line_has_a_cell_for_every_head(desk: Desk) -> None:
    assert {len(line.cells) for group in desk.table().groups for line in lines(group, ZONE)} == {len(HEADS) - 1}
