"""`distributor recipients check|list`: the directory, as the program understands it."""

from typing import Annotated

import typer
from rich.markup import escape

from distributor.bulletin.reading import read_bulletin
from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.cli.problem_documents import problem_document
from distributor.cli.tables import plain_table
from distributor.dispatch.intake import load_recipients, templates_of
from distributor.recipients.coverage import coverage
from distributor.recipients.model import Recipient
from distributor.words import say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]


def register(app: typer.Typer) -> None:
    """Adds the noun and its two verbs."""
    noun = typer.Typer(
        cls=Group, help=say("Look at recipients.yaml as the program understands it."), no_args_is_help=True
    )
    app.add_typer(noun, name="recipients")

    @noun.command(help=say("Check the directory, and against a bulletin's own 报/送/发 lines when one is given."))
    def check(
        context: typer.Context,
        bulletin: Annotated[str | None, typer.Option(help=say("A bulletin file to compare with."))] = None,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _check(desk, bulletin)

    @noun.command("list", help=say("List who gets which letter, after duplicates are resolved."))
    def list_(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _list(desk)


def _check(desk: Desk, bulletin: str | None) -> int:
    loaded, resolved = load_recipients(desk.settings, templates_of(desk.settings))
    problems = [*loaded.warnings, *resolved.warnings]
    if bulletin:
        reading = read_bulletin(existing_file(bulletin))
        found = coverage(reading.bulletin, loaded.directory, file=bulletin).problems
        problems += [reading.placed(problem, bulletin) for problem in found]
    desk.problems(problems)
    groups = len(loaded.directory.groups)
    desk.say(
        words(
            "{groups} group(s), {count} recipient(s), {warnings} warning(s).",
            groups=groups,
            count=len(resolved.recipients),
            warnings=len(problems),
        ),
        style="yellow" if problems else "green",
    )
    desk.answer(
        {
            "groups": groups,
            "recipients": len(resolved.recipients),
            "warnings": [problem_document(problem) for problem in problems],
        }
    )
    return Exit.DONE


def _list(desk: Desk) -> int:
    loaded, resolved = load_recipients(desk.settings, templates_of(desk.settings))
    table = plain_table("", say("group"), say("unit"), say("name"), say("role"), say("address"), say("also for"))
    directions = {group.name: group.direction for group in loaded.directory.groups}
    for recipient in resolved.recipients:
        also = "、".join(recipient.credited)
        cells = (recipient.group, recipient.unit, recipient.name, recipient.role or "", recipient.address, also)
        table.add_row(directions[recipient.group], *(escape(cell) for cell in cells))
    desk.console.print(table)
    desk.answer(
        {"recipients": [_document(recipient, directions[recipient.group]) for recipient in resolved.recipients]}
    )
    return Exit.DONE


def _document(recipient: Recipient, direction: str) -> dict[str, object]:
    return {
        "recipient": recipient.key,
        "name": recipient.name,
        "unit": recipient.unit,
        "role": recipient.role,
        "people": list(recipient.people),
        "group": recipient.group,
        "direction": direction,
        "credited": list(recipient.credited),
        "channel": recipient.channel,
        "address": recipient.address,
    }
