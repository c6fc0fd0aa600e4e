"""`distributor remind`: ask those again who owe a 签收, after showing who they are, why, and by which way."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.dispatch.intake import templates_of
from distributor.dispatch.lines import Lines
from distributor.dispatch.locate import locate
from distributor.dispatch.remind import Debt, Planned, owed_for, plan
from distributor.dispatch.reminder_letter import Stationery
from distributor.dispatch.reminder_round import Carrier, send_reminders
from distributor.dispatch.send import utc_now
from distributor.errors import BadInput
from distributor.recipients.manners import PHONE
from distributor.store.database import Connection, Database
from distributor.store.records import BulletinRecord
from distributor.words import say, words
from distributor.workdays.calendar import Workdays
from distributor.workdays.file import load_calendar


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(
        help=say(
            "Remind (催办) those who owe a 签收; each at most once a day, each time by the next of their channels."
        )
    )
    def remind(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))
        ] = None,
        dry_run: Annotated[
            bool,
            typer.Option("--dry-run", help=say("Show who, why, by which channel and whom to call; send nothing.")),
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        calendar = load_calendar(desk.settings.path(desk.settings.folders.calendar)).workdays
        with desk.database() as database:
            return _Reminder(desk, database, calendar).remind(issue, dry_run=dry_run, yes=yes)


class _Reminder:
    """One command's reminding."""

    def __init__(self, desk: Desk, database: Database, calendar: Workdays) -> None:
        self._desk = desk
        self._database = database
        self._calendar = calendar
        self._today = desk.today

    def remind(self, issue: str | None, *, dry_run: bool, yes: bool) -> int:
        desk = self._desk
        with self._database.read() as conn:
            record = locate(conn, issue, today=self._today)
            if record is None:
                raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
            owed = self._owed(conn, record)
        _show(desk, record, owed, self._today)
        if dry_run or not owed:
            desk.answer({**_document(record, owed, self._today), "ends": {}})
            return Exit.DONE if owed else Exit.NOTHING
        desk.confirm(words("Remind these people of {label} ({count})?", label=record.title, count=len(owed)), yes=yes)
        planned, ends = self._send(record)
        _tell(desk, planned, ends)
        with self._database.read() as conn:
            owed = self._owed(conn, record)
        desk.answer({**_document(record, owed, self._today), "ends": ends})
        return Exit.DONE if ends.get("sent") or planned.calls else Exit.NOTHING

    def _owed(self, conn: Connection, record: BulletinRecord) -> tuple[Debt, ...]:
        desk = self._desk
        return owed_for(conn, record, settings=desk.settings, calendar=self._calendar, now=desk.now)

    def _send(self, record: BulletinRecord) -> tuple[Planned, dict[str, int]]:
        desk = self._desk
        with self._database.write() as conn:
            owed = self._owed(conn, record)
            planned = plan(conn, record, owed, self._today, actor=desk.actor, now=desk.now)
        stationery = Stationery(desk.settings, desk.key, templates_of(desk.settings))

        async def send() -> dict[str, int]:
            lines = Lines()
            try:
                carrier = Carrier(self._database, stationery, self._calendar, lines, utc_now)
                return await send_reminders(carrier, record.id)
            finally:
                await lines.close()

        return planned, asyncio.run(send())


def _tell(desk: Desk, planned: Planned, ends: dict[str, int]) -> None:
    if ends:
        told = ", ".join(f"{name} {count}" for name, count in sorted(ends.items()))
        desk.say(words("Reminders: {ends}.", ends=told))
    if planned.calls:
        desk.say(words("The editors are told whom to call."))
    if not ends and not planned.calls:
        desk.say(words("Nobody was reminded: it was done today already, or no account can carry it now."))


def _show(desk: Desk, record: BulletinRecord, owed: Sequence[Debt], today: dt.date) -> None:
    if desk.as_json:
        return
    desk.say(record.title, style="bold red")
    if not owed:
        desk.say(words("Nobody owes a 签收."))
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in (say("unit"), say("name"), say("group"), say("why"), say("by"), say("reminded")):
        table.add_column(column, overflow="fold")
    for debt in owed:
        cells = (debt.unit, debt.copy.name, debt.group, _why(desk, debt), _way(debt, today), "、".join(_earlier(debt)))
        table.add_row(*map(escape, cells))
    desk.console.print(table)
    _say_whom_to_call(desk, [debt for debt in owed if _is_to_be_called(debt, today)])


def _say_whom_to_call(desk: Desk, calls: Sequence[Debt]) -> None:
    if calls:
        people = "；".join(f"{debt.unit} {debt.copy.name}" for debt in calls)
        desk.say(words("Please call: {people}.", people=people), style="yellow")


def _is_to_be_called(debt: Debt, today: dt.date) -> bool:
    """Whether a call is the way today, or was and has not led to a 签收."""
    return debt.way(today) is None or debt.to_call


def _why(desk: Desk, debt: Debt) -> str:
    if debt.deadline is None:
        return say("not signed")
    when = desk.local(debt.deadline)
    return say("overdue since {when}", when=when) if debt.overdue else say("due at {when}", when=when)


def _way(debt: Debt, today: dt.date) -> str:
    way = debt.way(today)
    if way is not None:
        return f"{way.channel} {way.address}"
    return say("a call") if debt.reachable else say("a call: no address")


def _earlier(debt: Debt) -> list[str]:
    """The days on which the person was reminded, and how."""
    return [f"{one.step} {one.channel}" for one in debt.earlier if one.standing == "sent"]


def _document(record: BulletinRecord, owed: Sequence[Debt], today: dt.date) -> dict[str, object]:
    return {
        "bulletin": {"id": record.id, "title": record.title},
        "owed": [_entry(debt, today) for debt in owed],
        "calls": [
            {"recipient": debt.copy.key, "name": debt.copy.name, "unit": debt.unit, "group": debt.group}
            for debt in owed
            if _is_to_be_called(debt, today)
        ],
    }


def _entry(debt: Debt, today: dt.date) -> dict[str, object]:
    way = debt.way(today)
    return {
        "recipient": debt.copy.key,
        "name": debt.copy.name,
        "unit": debt.unit,
        "group": debt.group,
        "direction": debt.direction,
        "overdue": debt.overdue,
        "deadline": debt.deadline.isoformat() if debt.deadline else None,
        "reachable": debt.reachable,
        "by": way.channel if way else PHONE,
        "address": way.address if way else "",
        "days": [step.day.isoformat() for step in debt.steps],
        "steps": [{"day": step.day.isoformat(), "by": step.by} for step in debt.steps],
        "reminded": [one.step for one in debt.earlier if one.standing == "sent" and one.channel != PHONE],
        "reminders": [
            {"day": one.step, "by": one.channel, "standing": one.standing, "account": one.account}
            for one in debt.earlier
        ],
    }
