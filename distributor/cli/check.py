"""`distributor check FILE`: what looks wrong in a bulletin, and whether its lists can be reached."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from distributor.bulletin.as_json import model_as_json
from distributor.bulletin.model import Bulletin, Direction
from distributor.bulletin.reading import read_bulletin
from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.cli.problem_documents import problem_document
from distributor.dispatch.hours import hour_doubts
from distributor.dispatch.intake import prepare
from distributor.dispatch.letter_check import CheckedLetter, checked_letters, distinct_problems
from distributor.dispatch.signoff import Verdict, judge_bulletin
from distributor.rendering.email import html_size, issue_title
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Read a bulletin and say what looks wrong, with line and column; nothing is stored."))
    def check(
        context: typer.Context,
        file: Annotated[
            str, typer.Argument(help=say("The bulletin: a Markdown or Word (.docx) file, as the office writes it."))
        ],
        text_only: Annotated[
            bool, typer.Option("--text-only", help=say("Check the text alone, without settings and recipients."))
        ] = False,
        email: Annotated[
            bool, typer.Option("--email", help=say("Also check every letter by the rules of mail programs."))
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _check(desk, file, text_only=text_only, email=email)


def _check(desk: Desk, file: str, *, text_only: bool, email: bool) -> int:
    path = existing_file(file)
    letters: tuple[CheckedLetter, ...] = ()
    if text_only:
        reading = read_bulletin(path)
        verdict = Verdict(reading.errors, reading.warnings)
    else:
        desk.problems(desk.settings.warnings())
        prepared = prepare(path, desk.settings)
        reading = prepared.reading
        verdict = judge_bulletin(prepared, desk.settings.send)
        doubts = hour_doubts(reading, str(path), desk.settings.zone, desk.now)
        verdict = Verdict(verdict.errors, (*verdict.warnings, *doubts))
        letters = checked_letters(prepared) if email else ()
    found = distinct_problems(letters)
    verdict = Verdict(
        (*verdict.errors, *(problem for problem in found if problem.grade == "error")),
        (*verdict.warnings, *(problem for problem in found if problem.grade != "error")),
    )
    desk.answer(
        {
            "file": str(path),
            "digest": reading.digest,
            "bulletin": model_as_json(reading.bulletin),
            "findings": [problem_document(problem) for problem in (*verdict.errors, *verdict.warnings)],
            "letters": [letter_document(letter) for letter in letters],
            "errors": len(verdict.errors),
            "warnings": len(verdict.warnings),
        }
    )
    if not desk.as_json:
        _show(desk, reading.bulletin, verdict)
    return Exit.REFUSED if verdict.errors else Exit.DONE


def letter_document(checked: CheckedLetter) -> dict[str, object]:
    """One checked letter for `--json`."""
    rendition = checked.letter.rendition
    return {
        "group": checked.letter.group.name,
        "direction": checked.letter.group.direction.value,
        "subject": rendition.subject,
        "html_bytes": html_size(rendition),
        "findings": [problem_document(problem) for problem in checked.problems],
    }


def _show(desk: Desk, bulletin: Bulletin, verdict: Verdict) -> None:
    desk.say(issue_title(bulletin), style="bold red")
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    for name, value in _facts(bulletin):
        table.add_row(name, escape(value) or say("(none)"))
    desk.console.print(table)
    desk.problems((*verdict.errors, *verdict.warnings))
    if verdict.errors:
        desk.say(
            words(
                "{errors} error(s), {warnings} warning(s): it cannot be finalised like this.",
                errors=len(verdict.errors),
                warnings=len(verdict.warnings),
            ),
            style="red",
        )
    elif verdict.warnings:
        desk.say(words("{warnings} warning(s): look at them before you finalise.", warnings=len(verdict.warnings)))
    else:
        desk.say(words("Nothing looks wrong."), style="green")


def _facts(bulletin: Bulletin) -> list[tuple[str, str]]:
    items = sum(len(section.items) for section in bulletin.sections)
    rows = [
        (say("issuer"), bulletin.issuer or ""),
        (say("date"), bulletin.date.isoformat() if bulletin.date else ""),
        (say("sections"), str(len(bulletin.sections))),
        (say("items"), str(items)),
        *([(say("goes out"), str(bulletin.send_at))] if bulletin.send_at else []),
        (say("editor"), "、".join(bulletin.editors)),
        (say("approver"), "、".join(bulletin.approvers)),
    ]
    return rows + [(direction.value, "、".join(bulletin.names_for(direction))) for direction in Direction]
