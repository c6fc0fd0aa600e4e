"""`distributor finalise FILE`: freezes a bulletin, its letters and its recipients."""

from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk, existing_file
from distributor.cli.documents import bulletin_document
from distributor.cli.exits import Exit
from distributor.cli.problem_documents import problem_document
from distributor.cli.show import show_rule
from distributor.dispatch.finalise import Finalised, finalise, losses
from distributor.dispatch.hours import hour_doubts
from distributor.dispatch.intake import Prepared, prepare
from distributor.dispatch.signoff import require_clean
from distributor.dispatch.suppression import suppressed_recipients
from distributor.errors import Problem
from distributor.rendering.email import issue_title
from distributor.store.bulletins import find_by_digest
from distributor.store.database import Connection, Database
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(
        "finalise", help=say("Freeze a bulletin: its text, every group's letter and every recipient. Sends nothing.")
    )
    def command(
        context: typer.Context,
        file: Annotated[
            str, typer.Argument(help=say("The bulletin: a Markdown or Word (.docx) file, as the office writes it."))
        ],
        correction: Annotated[
            bool, typer.Option("--correction", help=say("A correction (勘误) of a number that has gone out."))
        ] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask; the warnings have been read."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database:
            prepared, done = finalise_file(desk, database, existing_file(file), correction=correction, yes=yes)
        desk.answer(
            {
                "bulletin": bulletin_document(done.record),
                "again": done.again,
                "recipients": {
                    "added": done.result.added,
                    "cancelled": done.result.cancelled,
                    "kept": done.result.kept,
                    "withdrawn": done.result.withdrawn,
                },
                "replaced": done.result.replaced,
                "warnings": [problem_document(problem) for problem in prepared.findings],
            }
        )
        unchanged = done.again and not done.result.added and not done.result.cancelled
        return Exit.NOTHING if unchanged else Exit.DONE


def finalise_file(
    desk: Desk, database: Database, path: Path, *, correction: bool, yes: bool
) -> tuple[Prepared, Finalised]:
    """Checks, asks about warnings, freezes, and says what was frozen. `send` uses the same door."""
    prepared = prepare(path, desk.settings)
    verdict = require_clean(prepared, desk.settings.send)
    with database.read() as conn:
        doubts = (*verdict.warnings, *losses(conn, prepared, today=desk.today), *_past(desk, conn, prepared))
        doubts += suppressed_recipients(conn, prepared)
    if doubts:
        desk.problems(doubts)
        desk.confirm(
            words("Finalise {label} in spite of these warnings?", label=issue_title(prepared.bulletin)), yes=yes
        )
    done = finalise(database, prepared, desk.settings, desk.key, now=desk.now, actor=desk.actor, correction=correction)
    _show(desk, done)
    return prepared, done


def _past(desk: Desk, conn: Connection, prepared: Prepared) -> tuple[Problem, ...]:
    """A doubt about an hour of the bulletin's own that is past; none once it has been let go."""
    known = find_by_digest(conn, prepared.reading.digest)
    if known and known.released_at:
        return ()
    return hour_doubts(prepared.reading, str(prepared.path), desk.settings.zone, desk.now)


def _show(desk: Desk, done: Finalised) -> None:
    record, result = done.record, done.result
    if done.again and not result.added and not result.cancelled:
        desk.say(words("{label} is finalised already; its recipients are unchanged.", label=record.title))
        show_rule(desk, record)
        return
    desk.say(words("{label} is finalised.", label=record.title), style="green")
    if result.replaced:
        desk.say(words("Another text stood under this number; nothing of it had left, and this one takes its place."))
    show_rule(desk, record)
    desk.say(
        words(
            "Copies: {added} added, {cancelled} cancelled, {kept} as before.",
            added=result.added,
            cancelled=result.cancelled,
            kept=result.kept,
        )
    )
    if result.withdrawn:
        what = words("Withdrawn before, and still: {count}. They get nothing.", count=result.withdrawn)
        desk.say(what, style="yellow")
