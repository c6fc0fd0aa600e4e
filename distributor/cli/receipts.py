"""`distributor receipts`: who has signed, who has not, and what fits nobody; on the screen, as JSON, as a 回执表."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.receipt_documents import receipt_document, table_document
from distributor.cli.tables import plain_table
from distributor.dispatch.locate import locate
from distributor.dispatch.reopen import reopen
from distributor.errors import BadInput, Unavailable
from distributor.rendering.views import printed_addressees
from distributor.reports.evidence_words import RUNGS, STANDINGS
from distributor.reports.receipt_rows import as_csv
from distributor.reports.receipt_sheet import as_xlsx
from distributor.reports.receipt_table import GroupTable, ReceiptTable, Standing, receipt_table
from distributor.store.database import Connection
from distributor.store.deliveries import find_deliveries
from distributor.store.receipt_records import Receipt, receipts_to_look_at
from distributor.store.receipts import assign, dismiss
from distributor.store.records import BulletinRecord
from distributor.words import say, words
from distributor.workdays.file import load_calendar

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]

_COLOURS = {Standing.SIGNED: "green", Standing.OVERDUE: "red", Standing.UNREACHED: "red", Standing.RETURNED: "magenta"}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Show who has signed for a bulletin and who has not; write the 回执表."))
    def receipts(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))
        ] = None,
        export: Annotated[
            Path | None, typer.Option(help=say("Write the 回执表 to this file: .xlsx, .csv or .json."))
        ] = None,
        unmatched: Annotated[
            bool, typer.Option("--unmatched", help=say("List the receipts that fit nobody or need a person."))
        ] = False,
        belongs: Annotated[
            int | None, typer.Option("--assign", help=say("This receipt belongs to the copy that --to names."))
        ] = None,
        to: Annotated[str, typer.Option("--to", help=say("A name, a unit or an address."))] = "",
        dismissed: Annotated[
            int | None, typer.Option("--dismiss", help=say("This receipt means nothing here; it stays on record."))
        ] = None,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        if belongs is not None:
            return _assign(desk, belongs, to, issue)
        if dismissed is not None:
            return _dismiss(desk, dismissed)
        if unmatched:
            return _unmatched(desk)
        return _table(desk, issue, export)


def _table(desk: Desk, issue: str | None, export: Path | None) -> int:
    with desk.database() as database, database.read() as conn:
        record = _record(desk, conn, issue)
        calendar = load_calendar(desk.settings.path(desk.settings.folders.calendar)).workdays
        table = receipt_table(conn, record, calendar=calendar, zone=desk.settings.zone, now=desk.now)
        tail = _tail(conn, record) if export else ()
    if export:
        _export(desk, table, tail, export)
    else:
        _show(desk, table)
    desk.answer(table_document(table))
    return Exit.PARTLY if table.count(Standing.MISSING, Standing.OVERDUE, Standing.RETURNED) else Exit.DONE


def _record(desk: Desk, conn: Connection, issue: str | None) -> BulletinRecord:
    record = locate(conn, issue, today=desk.today, older=True)
    if record is None:
        raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
    return record


def _tail(conn: Connection, record: BulletinRecord) -> tuple[str, ...]:
    """The bulletin's own 报/送/发 lines as it prints them."""
    found = printed_addressees(reopen(conn, record.id).bulletin)
    return tuple(f"{line['label']}{'　'.join(_texts(line['lines']))}" for line in found)


def _texts(lines: object) -> list[str]:
    return [str(line) for line in lines] if isinstance(lines, list | tuple) else []


def _export(desk: Desk, table: ReceiptTable, tail: tuple[str, ...], path: Path) -> None:
    kind = path.suffix.lower()
    zone = desk.settings.zone
    if kind == ".xlsx":
        content = as_xlsx(table, tail, zone)
    elif kind == ".csv":
        content = as_csv(table, zone).encode()
    elif kind == ".json":
        content = json.dumps(table_document(table), ensure_ascii=False, indent=2).encode() + b"\n"
    else:
        raise BadInput(
            words("{file} has no ending that says what to write.", file=path),
            do=words("Let its name end in .xlsx, .csv or .json."),
        )
    try:
        path.write_bytes(content)
    except OSError as error:
        raise Unavailable(
            words("{file} cannot be written: {reason}.", file=path, reason=error.strerror or error),
            do=words("Check the folder and its rights, and whether another program has the file open."),
        ) from error
    desk.say(words("Written: {path}", path=path))


def _show(desk: Desk, table: ReceiptTable) -> None:
    if desk.as_json:
        return
    desk.say(table.record.title, style="bold red")
    for group in table.groups:
        _show_group(desk, group)
    done, owed = table.count(Standing.SIGNED), table.count(Standing.MISSING, Standing.OVERDUE)
    desk.say(
        words("Units that have signed: {done}. Units that owe a 签收: {owed}.", done=done, owed=owed), style="bold"
    )
    if table.to_look_at:
        desk.say(
            words(
                "Receipts that need a person: {count}. `distributor receipts --unmatched` lists them.",
                count=table.to_look_at,
            ),
            style="yellow",
        )


def _show_group(desk: Desk, group: GroupTable) -> None:
    deadline = words("until {when}", when=desk.local(group.deadline)) if group.deadline else ""
    desk.say(f"{group.direction} {group.group}  {deadline}", style="bold")
    shown = plain_table(say("unit"), say("name"), say("standing"), say("evidence"), say("time"), say("remark"))
    for unit in group.units:
        for person in unit.people:
            colour = _COLOURS.get(person.standing, "")
            standing = escape(str(STANDINGS[person.standing]))
            shown.add_row(
                escape(unit.unit),
                escape("、".join(person.copy.people) or person.copy.name),
                f"[{colour}]{standing}[/]" if colour else standing,
                escape(str(RUNGS[person.rung])),
                desk.local(person.acknowledged.at) if person.acknowledged else "",
                escape(_remark(person.acknowledged or person.returned)),
            )
    desk.console.print(shown)


def _remark(receipt: Receipt | None) -> str:
    if receipt is None:
        return ""
    named = str(receipt.details.get("name", ""))
    for_whom = say("for {name}", name=receipt.details["for"]) if receipt.details.get("for") else ""
    said = str(receipt.details.get("remark") or receipt.details.get("reason") or "")
    return " ".join(part for part in (named, for_whom, said) if part)


def _unmatched(desk: Desk) -> int:
    with desk.database() as database, database.read() as conn:
        found = receipts_to_look_at(conn)
    for receipt in found:
        desk.say(f"{receipt.id}  {desk.local(receipt.received_at)}  {receipt.source}  {receipt.kind}  {receipt.note}")
    if not found:
        desk.say(words("Every receipt has found its copy."))
    desk.answer({"receipts": [receipt_document(receipt) for receipt in found]})
    return Exit.DONE if found else Exit.NOTHING


def _assign(desk: Desk, number: int, to: str, issue: str | None) -> int:
    with desk.database() as database, database.write() as conn:
        record = _record(desk, conn, issue)
        copies = find_deliveries(conn, to, record.id)
        if len(copies) != 1:
            names = "; ".join(f"{copy.key} ({copy.unit} {copy.name})" for copy in copies)
            raise BadInput(
                words(
                    "--to must name one copy of {label}; {to} names {count}.",
                    label=record.title,
                    to=to,
                    count=len(copies),
                ),
                do=words("Name one of them: {names}.", names=names) if names else None,
            )
        added = assign(conn, number, copies[0].id, actor=desk.actor, now=desk.now)
    desk.say(
        words("Receipt {number} belongs to {unit} {name}.", number=number, unit=copies[0].unit, name=copies[0].name)
    )
    desk.answer({"receipt": receipt_document(added.receipt), "state": added.state})
    return Exit.DONE


def _dismiss(desk: Desk, number: int) -> int:
    with desk.database() as database, database.write() as conn:
        dismiss(conn, number, actor=desk.actor, now=desk.now)
    desk.say(words("Receipt {number} is put aside.", number=number))
    desk.answer({"dismissed": number})
    return Exit.DONE
