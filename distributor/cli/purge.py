"""`distributor purge`: removes what has been kept for long enough, as the service does every day."""

from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.dispatch.retention import Purge
from distributor.store.retention import Kept
from distributor.words import Words, say, words

_WHAT: dict[Kept, Words] = {
    Kept.RAW_REPORTS: words("reports and answers as they came in, older than {days} days"),
    Kept.OPENINGS: words("notes that a page was opened, older than {days} days"),
    Kept.REPLIES: words("words of mail servers, older than {days} days"),
}


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Remove what has been kept for as long as the settings say; copies and 签收 stay."))
    def purge(
        context: typer.Context,
        dry_run: Annotated[bool, typer.Option("--dry-run", help=say("Only count what would be removed."))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _purge(desk, dry_run=dry_run, yes=yes)


def _purge(desk: Desk, *, dry_run: bool, yes: bool) -> int:
    plan = Purge(desk.settings.retention, desk.now)
    with desk.database() as database:
        foreseen = plan.foreseen(database)
        for kept, what in _WHAT.items():
            length = getattr(desk.settings.retention, kept.value)
            desk.say(f"{foreseen[kept.value]:>8}  {Words(what.english, {'days': length.days})}")
        if not any(foreseen.values()):
            desk.say(words("Nothing is over; nothing is removed."))
        if dry_run or not any(foreseen.values()):
            desk.answer({"dry_run": dry_run, "removed": foreseen})
            return Exit.DONE if any(foreseen.values()) else Exit.NOTHING
        desk.confirm(words("Remove this for good?"), yes=yes)
        while plan.step(database, actor=desk.actor):
            pass
    desk.say(words("Removed. The audit log says how much."), style="green")
    desk.answer({"dry_run": False, "removed": plan.counts()})
    return Exit.DONE
