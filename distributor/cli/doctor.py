"""`distributor doctor`: everything the program depends on, how it stands, and what to do."""

from collections import Counter
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.doctor.diagnosis import Context, Diagnosis, Verdict
from distributor.words import say, words

_MARKS = {
    Verdict.OK: "[green]✓[/]",
    Verdict.WARNING: "[yellow]![/]",
    Verdict.FAILURE: "[red]✗[/]",
    Verdict.UNCHECKED: "[dim]–[/]",
}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Check database, disk, clock, files and mail accounts; nothing is sent or changed."))
    def doctor(
        context: typer.Context,
        no_network: Annotated[bool, typer.Option("--no-network", help=say("Leave out mail servers and DNS."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _doctor(desk, network=not no_network)


def _doctor(desk: Desk, *, network: bool) -> int:
    # dnspython is not worth loading for other commands.
    from distributor.doctor.examination import examine

    findings = list(examine(Context(settings=desk.settings, now=desk.now, network=network)))
    count = Counter(finding.verdict for finding in findings)
    if not desk.as_json:
        _show(desk, findings, count)
    desk.answer(
        {
            "checks": [_document(finding) for finding in findings],
            "failures": count[Verdict.FAILURE],
            "warnings": count[Verdict.WARNING],
        }
    )
    return Exit.REFUSED if count[Verdict.FAILURE] else Exit.DONE


def _show(desk: Desk, findings: list[Diagnosis], count: Counter[Verdict]) -> None:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        advice = f"\n→ {finding.do}" if finding.do else ""
        table.add_row(_MARKS[finding.verdict], finding.name, escape(f"{finding.what}{advice}"))
    desk.console.print(table)
    gaps = {"failures": count[Verdict.FAILURE], "warnings": count[Verdict.WARNING]}
    colour = "red" if gaps["failures"] else "yellow" if gaps["warnings"] else "green"
    desk.say(words("{failures} failure(s), {warnings} warning(s).", **gaps), style=colour)


def _document(finding: Diagnosis) -> dict[str, object]:
    return {
        "name": finding.name,
        "verdict": finding.verdict.value,
        "what": str(finding.what),
        "do": str(finding.do) if finding.do else None,
    }
