"""`distributor schedule`: the send rule, its next hours, and why the days between them are passed over."""

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from typing import Annotated

import typer
from rich.markup import escape

from distributor.cli.desk import Desk
from distributor.cli.documents import bulletin_document
from distributor.cli.exits import Exit
from distributor.cli.problem_documents import problem_document
from distributor.cli.tables import plain_table
from distributor.dispatch.hours import own_rule
from distributor.dispatch.locate import locate
from distributor.errors import BadInput, Problem
from distributor.misfit import Misfit, shortened
from distributor.reports.waiting import Waiting, waiting
from distributor.schedule.firing import Firing, Outlook, firings
from distributor.schedule.parse import parse_rule
from distributor.schedule.rule import Rule
from distributor.store.inspection import sqlite_file
from distributor.store.records import BulletinRecord
from distributor.words import Words, say, words
from distributor.workdays.calendar import Day, DayKind, UnknownYear
from distributor.workdays.file import load_calendar

_WEEKDAYS = (
    words("Monday"),
    words("Tuesday"),
    words("Wednesday"),
    words("Thursday"),
    words("Friday"),
    words("Saturday"),
    words("Sunday"),
)

_KINDS = {
    DayKind.WORKDAY: words("working day"),
    DayKind.MADE_UP: words("working day (调休)"),
    DayKind.HOLIDAY: words("holiday"),
    DayKind.WEEKEND: words("weekend"),
}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Show when finalised bulletins go out: the rule, its next three hours, and the calendar."))
    def schedule(
        context: typer.Context,
        issue: Annotated[
            str | None, typer.Argument(help=say("Number, title, #id or file of a bulletin: the rule it goes out by."))
        ] = None,
        rule: Annotated[str | None, typer.Option(help=say("Another rule, to see what it would mean."))] = None,
        after: Annotated[
            str | None, typer.Option(help=say("Another moment to begin at, such as 2026-09-30 18:00."))
        ] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _schedule(desk, _rule(desk, issue, rule), _moment(desk, after), everything=not (issue or rule))


def _schedule(desk: Desk, rule: Rule, after: dt.datetime, *, everything: bool) -> int:
    settings = desk.settings
    calendar = load_calendar(settings.path(settings.folders.calendar))
    outlook = firings(rule, after, calendar.workdays, settings.zone)
    warnings = (*calendar.warnings, *calendar.workdays.warnings(after.astimezone(settings.zone).date()))
    waits = _waiting(desk) if everything else ()
    if not desk.as_json:
        _show(desk, rule, outlook)
        _show_waiting(desk, waits)
    desk.problems(warnings)
    desk.answer(
        {**_document(desk, rule, after, outlook, warnings), "waiting": [_waiting_document(one) for one in waits]}
    )
    if outlook.firings:
        return Exit.DONE
    return Exit.REFUSED if outlook.unknown else Exit.NOTHING


def _rule(desk: Desk, issue: str | None, text: str | None) -> Rule:
    """The rule asked about: as written, that of a bulletin, or the office's."""
    if text is None:
        own = own_rule(_record(desk, issue)) if issue else None
        return own or desk.settings.send.rule
    try:
        return parse_rule(text)
    except Misfit as misfit:
        raise BadInput(misfit.what, do=misfit.do) from misfit


def _record(desk: Desk, issue: str) -> BulletinRecord:
    with desk.database() as database, database.read() as conn:
        record = locate(conn, issue, today=desk.today, older=True)
    if record is None:
        raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
    return record


def _waiting(desk: Desk) -> tuple[Waiting, ...]:
    """What waits for its hour; nothing in an office that has no database yet."""
    path = sqlite_file(desk.settings.database_url)
    if path is not None and not path.exists():
        return ()
    with desk.database() as database, database.read() as conn:
        return waiting(conn, now=desk.now)


def _moment(desk: Desk, text: str | None) -> dt.datetime:
    """A moment written in local time, in UTC; without one, now."""
    if text is None:
        return desk.now
    if re.fullmatch(r"2[01]\d\d-\d\d-\d\d \d\d:\d\d", text.strip(), re.ASCII):
        with suppress(ValueError):
            moment = dt.datetime.fromisoformat(text.strip()).replace(tzinfo=desk.settings.zone)
            return moment.astimezone(dt.UTC)
    what = words("{value} is not a date and an hour.", value=shortened(text))
    raise BadInput(what, do=words("Write it as {example}.", example="2026-09-30 18:00"))


def _show(desk: Desk, rule: Rule, outlook: Outlook) -> None:
    desk.say(words("Rule: {rule} ({zone})", rule=rule, zone=desk.settings.office.timezone), style="bold")
    if outlook.firings:
        table = plain_table(say("goes out"), "", say("day"), say("passed over"))
        for firing in outlook.firings:
            weekday = str(_WEEKDAYS[firing.date.weekday()])
            table.add_row(
                desk.local(firing.due),
                weekday,
                escape(_day_words(firing.day) if firing.day else ""),
                escape("; ".join(_stretches(firing.skipped))),
            )
        desk.console.print(table)
    if outlook.unknown:
        desk.say(_end(outlook.unknown, known=bool(outlook.firings)), style="yellow")
    elif not outlook.firings:
        desk.say(words("The hour of this rule is past: a bulletin finalised now is held."), style="yellow")


def _show_waiting(desk: Desk, waits: Sequence[Waiting]) -> None:
    if not waits:
        return
    table = plain_table(say("waits for its hour"), say("goes out"), say("its own rule"))
    for one in waits:
        due = desk.local(one.due) or say("not released, or on hold")
        table.add_row(escape(one.record.title), due, escape(one.record.send_rule))
    desk.console.print(table)


def _end(unknown: UnknownYear, *, known: bool) -> Words:
    if known:
        return words("Later hours are not known yet: {reason}", reason=unknown.what)
    return words("The next hour is not known: {reason} A bulletin finalised now is held.", reason=unknown.what)


def _day_words(day: Day) -> str:
    return f"{_KINDS[day.kind]} {day.name}".strip()


def _stretches(days: Sequence[Day]) -> list[str]:
    """Days off in a row that have one reason, as one text."""
    texts = []
    for _, group in groupby(days, key=lambda day: (day.kind, day.name)):
        row = list(group)
        span = f"{row[0].date:%m-%d}" if len(row) == 1 else f"{row[0].date:%m-%d}..{row[-1].date:%m-%d}"
        texts.append(f"{span} {_day_words(row[0])}")
    return texts


def _document(
    desk: Desk, rule: Rule, after: dt.datetime, outlook: Outlook, warnings: Sequence[Problem]
) -> dict[str, object]:
    return {
        "rule": str(rule),
        "timezone": desk.settings.office.timezone,
        "after": after.isoformat(),
        "firings": [_firing_document(desk, firing) for firing in outlook.firings],
        "unknown_year": outlook.unknown.year if outlook.unknown else None,
        "warnings": [problem_document(problem) for problem in warnings],
    }


def _waiting_document(one: Waiting) -> dict[str, object]:
    return {"bulletin": bulletin_document(one.record), "due": one.due.isoformat() if one.due else None}


def _firing_document(desk: Desk, firing: Firing) -> dict[str, object]:
    return {
        "due": firing.due.isoformat(),
        "local": firing.due.astimezone(desk.settings.zone).isoformat(),
        "weekday": firing.date.isoweekday(),
        "day": _day_document(firing.day) if firing.day else None,
        "skipped": [_day_document(day) for day in firing.skipped],
    }


def _day_document(day: Day) -> dict[str, object]:
    return {"date": day.date.isoformat(), "kind": day.kind.value, "name": day.name or None, "works": day.works}
