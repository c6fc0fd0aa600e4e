"""`distributor remind`: ask those again who owe a 签收, after showing who they are and why."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.dispatch.intake import templates_of
from distributor.dispatch.lines import open_lines
from distributor.dispatch.locate import locate
from distributor.dispatch.remind import Carrier, Debt, owed_for, plan, send_reminders
from distributor.dispatch.send import utc_now
from distributor.errors import BadInput
from distributor.store.database import Database
from distributor.store.records import BulletinRecord
from distributor.store.reminders import Reminder, due_reminders, reminders_of
from distributor.words import say, words
from distributor.workdays.file import load_calendar


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Remind (催办) those who owe a 签收; each at most once a day."))
    def remind(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))
        ] = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Show who and why; send nothing."))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database:
            return _remind(desk, database, issue, dry_run=dry_run, yes=yes)


def _remind(desk: Desk, database: Database, issue: str | None, *, dry_run: bool, yes: bool) -> int:
    settings = desk.settings
    calendar = load_calendar(settings.path(settings.folders.calendar)).workdays
    with database.read() as conn:
        record = locate(conn, issue, today=desk.today)
        if record is None:
            raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
        owed = owed_for(conn, record, calendar=calendar, zone=settings.zone, now=desk.now)
        earlier = reminders_of(conn, record.id)
    _show(desk, record, owed, earlier)
    reachable = [debt for debt in owed if debt.reachable]
    if dry_run or not reachable:
        desk.answer({**_document(record, owed, earlier), "ends": {}})
        return Exit.DONE if owed else Exit.NOTHING
    desk.confirm(words("Remind these people of {label} ({count})?", label=record.title, count=len(reachable)), yes=yes)
    ends = _send(desk, database, record, owed)
    if ends:
        told = ", ".join(f"{name} {count}" for name, count in sorted(ends.items()))
        desk.say(words("Reminders: {ends}.", ends=told))
    else:
        desk.say(words("Nobody was reminded: it was done today already, or the mail account has no room now."))
    desk.answer({**_document(record, owed, earlier), "ends": ends})
    return Exit.DONE if ends.get("sent") else Exit.NOTHING


def _send(desk: Desk, database: Database, record: BulletinRecord, owed: Sequence[Debt]) -> dict[str, int]:
    settings = desk.settings
    name, _ = settings.account()
    with database.write() as conn:
        plan(conn, owed, f"{desk.today}", actor=desk.actor, now=desk.now)
        waiting = [one for one in due_reminders(conn) if one.bulletin_id == record.id]
    (line,) = open_lines(settings, 1, name=name)
    carrier = Carrier(database, settings, desk.key, templates_of(settings), name, line, utc_now)
    return asyncio.run(send_reminders(carrier, waiting, owed))


def _show(desk: Desk, record: BulletinRecord, owed: Sequence[Debt], earlier: Sequence[Reminder]) -> None:
    if desk.as_json:
        return
    desk.say(record.title, style="bold red")
    if not owed:
        desk.say(words("Nobody owes a 签收."))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in (say("unit"), say("name"), say("group"), say("why"), say("reminded")):
        table.add_column(column, overflow="fold")
    for debt in owed:
        table.add_row(
            escape(debt.unit),
            escape(debt.copy.name),
            escape(debt.group),
            escape(_why(desk, debt)),
            "、".join(one.step for one in earlier if one.delivery_id == debt.copy.id and one.standing == "sent"),
        )
    desk.console.print(table)


def _why(desk: Desk, debt: Debt) -> str:
    if not debt.reachable:
        return say("not signed; no mail address: ask by phone")
    if debt.deadline is None:
        return say("not signed")
    when = desk.local(debt.deadline)
    return say("overdue since {when}", when=when) if debt.overdue else say("due at {when}", when=when)


def _document(record: BulletinRecord, owed: Sequence[Debt], earlier: Sequence[Reminder]) -> dict[str, object]:
    return {
        "bulletin": {"id": record.id, "title": record.title},
        "owed": [
            {
                "recipient": debt.copy.key,
                "name": debt.copy.name,
                "unit": debt.unit,
                "group": debt.group,
                "direction": debt.direction,
                "overdue": debt.overdue,
                "deadline": debt.deadline.isoformat() if debt.deadline else None,
                "reachable": debt.reachable,
                "days": [day.isoformat() for day in debt.days],
                "reminded": [one.step for one in earlier if one.delivery_id == debt.copy.id and one.standing == "sent"],
            }
            for debt in owed
        ],
    }
