"""`distributor status`: where a bulletin stands, or which bulletins there are."""

import asyncio
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from distributor.cli.desk import Desk
from distributor.cli.documents import books_document, bulletin_document, status_document
from distributor.cli.exits import Exit
from distributor.cli.progress import counted, follow
from distributor.cli.show import show_idle, show_persons, show_resting, show_summary
from distributor.dispatch.locate import locate
from distributor.errors import BadInput
from distributor.reports.progress import Standing, standing
from distributor.reports.resting import LeftAlone, left_alone, resting
from distributor.store.bulletins import list_bulletins
from distributor.store.database import Database
from distributor.store.deliveries import books
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Show where a bulletin stands; without an argument, the latest bulletins."))
    def status(
        context: typer.Context,
        issue: Annotated[str | None, typer.Argument(help=say("Number, title, #id or file."))] = None,
        watch: Annotated[bool, typer.Option("--watch", help=say("Follow it live until nothing moves."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database:
            if issue is None and not watch:
                return _list(desk, database)
            return _one(desk, database, issue, watch=watch)


def _list(desk: Desk, database: Database) -> int:
    with database.read() as conn:
        rows = [(record, books(conn, record.id)) for record in list_bulletins(conn)]
        rests, alone = resting(conn), left_alone(conn)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("#", say("bulletin"), say("finalised"), say("copies")):
        table.add_column(column)
    for record, count in rows:
        states = "  ".join(counted(count))
        table.add_row(str(record.id), escape(record.title), desk.local(record.finalised_at), states)
    if rows:
        desk.console.print(table)
    else:
        desk.say(words("No bulletin has been finalised yet."))
    show_resting(desk, rests, alone)
    desk.answer(
        {
            "bulletins": [{**bulletin_document(record), "books": books_document(count)} for record, count in rows],
            "paused": [rest.pause.scope for rest in rests],
            "left_alone": [_account_document(one) for one in alone],
        }
    )
    return Exit.DONE if rows else Exit.NOTHING


def _account_document(one: LeftAlone) -> dict[str, object]:
    until = one.until.isoformat() if one.until else None
    return {"account": one.account, "fault": one.fault.value, "reply": one.text, "until": until}


def _one(desk: Desk, database: Database, issue: str | None, *, watch: bool) -> int:
    with database.read() as conn:
        record = locate(conn, issue, today=desk.today, older=True)
    if record is None:
        raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
    if watch:
        asyncio.run(follow(desk, database, record))
    with database.read() as conn:
        now_standing: Standing = standing(conn, record)
        rests, alone = resting(conn, bulletin_id=record.id), left_alone(conn)
    if not desk.as_json:
        show_persons(desk, now_standing.deliveries, now_standing.receipts)
        show_summary(desk, now_standing)
        show_idle(desk, now_standing)
        if now_standing.books.open:
            show_resting(desk, rests, alone)
    desk.answer(
        {
            **status_document(now_standing),
            "paused": [rest.pause.scope for rest in rests],
            "left_alone": [_account_document(one) for one in alone],
        }
    )
    return Exit.DONE if now_standing.books.finished else Exit.PARTLY
