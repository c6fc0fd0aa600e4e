"""The 发文回执表 as a spreadsheet that can be printed as it is: A4, the head on every page, the groups as in the tail.

The one door to XlsxWriter. Texts are written as texts; formulas and links are never made of them.
"""

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

import xlsxwriter

from distributor.reports.receipt_rows import HEADS, audit_line, heading, lines, local_time
from distributor.reports.receipt_table import ReceiptTable, Standing

#: Widths of the columns in characters; together they fill the width of a landscape A4 page.
_WIDTHS = (5, 20, 12, 12, 22, 14, 19, 18, 30)

_SONG, _HEI = "SimSun", "SimHei"
_RED = "#B8000A"

#: A spreadsheet may be opened years later; what it holds must not depend on when its file was made.
_PLAIN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False, "in_memory": True}


def as_xlsx(table: ReceiptTable, tail: Sequence[str], zone: dt.tzinfo) -> bytes:
    """The table as an .xlsx file. `tail` are the bulletin's own 报/送/发 lines as it prints them."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, _PLAIN) as book:
        book.set_properties({"title": f"{table.record.title} 发文回执表", "created": _naive(table.at)})
        sheet = book.add_worksheet("发文回执表")
        _page(sheet)
        _write(book, sheet, table, tail, zone)
    return file.getvalue()


def _page(sheet: Any) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C第 &P 页，共 &N 页")
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)


def _write(book: Any, sheet: Any, table: ReceiptTable, tail: Sequence[str], zone: dt.tzinfo) -> None:
    last = len(HEADS) - 1
    text = {"font_name": _SONG, "font_size": 10.5, "valign": "vcenter", "text_wrap": True}
    boxed = {**text, "border": 1}
    title = book.add_format({**text, "font_name": _HEI, "font_size": 18, "align": "center", "font_color": _RED})
    plain = book.add_format(text)
    head = book.add_format({**boxed, "font_name": _HEI, "align": "center", "bg_color": "#F4ECE2"})
    group_line = book.add_format({**boxed, "font_name": _HEI, "bg_color": "#FDF3F1"})
    cell = book.add_format(boxed)
    wanting = book.add_format({**boxed, "bold": True, "font_color": _RED})
    number = book.add_format({**boxed, "align": "center"})

    sheet.merge_range(0, 0, 0, last, "", title)
    sheet.write_string(0, 0, "发文回执表", title)
    sheet.set_row(0, 32)
    row = 1
    for said in (table.record.title, _summary(table, zone), *tail):
        sheet.merge_range(row, 0, row, last, "", plain)
        sheet.write_string(row, 0, said, plain)
        sheet.set_row(row, 18 * (1 + len(said) // 75))
        row += 1
    for column, name in enumerate(HEADS):
        sheet.write_string(row, column, name, head)
    sheet.repeat_rows(row)
    sheet.freeze_panes(row + 1, 0)
    row += 1
    for group in table.groups:
        sheet.merge_range(row, 0, row, last, "", group_line)
        sheet.write_string(row, 0, heading(group, zone), group_line)
        row += 1
        for count, line in enumerate(lines(group, zone), start=1):
            sheet.write_number(row, 0, count, number)
            for column, value in enumerate(line.cells, start=1):
                sheet.write_string(row, column, value, wanting if line.needs_somebody else cell)
            row += 1
    sheet.merge_range(row, 0, row, last, "", plain)
    sheet.write_string(row, 0, audit_line(table), plain)


def _summary(table: ReceiptTable, zone: dt.tzinfo) -> str:
    released = table.record.released_at
    parts = [f"发出：{local_time(released, zone)}" if released else "尚未发出"]
    parts.append(f"制表：{local_time(table.at, zone)}")
    parts.append(f"已签收{table.count(Standing.SIGNED)}个单位")
    parts.append(f"未签收{table.count(Standing.OVERDUE, Standing.MISSING)}个单位")
    return "　".join(parts)


def _naive(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(tzinfo=None)
