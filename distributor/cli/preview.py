"""`distributor preview FILE`: writes every group's letter as HTML and text, to be looked at before anything is sent."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk, existing_file
from distributor.cli.exits import Exit
from distributor.dispatch.intake import prepare
from distributor.dispatch.signoff import judge_bulletin
from distributor.errors import BadInput
from distributor.rendering.email import issue_title
from distributor.rendering.gallery import write_gallery
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Write every group's letter as HTML and text into a folder; nothing is stored or sent."))
    def preview(
        context: typer.Context,
        file: Annotated[str, typer.Argument(help=say("The bulletin: Markdown as the office writes it."))],
        out: Annotated[Path, typer.Option(help=say("The folder to write into."))] = Path("out/preview"),
        open_: Annotated[bool, typer.Option("--open", help=say("Open it in the browser."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _preview(desk, file, out, open_in_browser=open_)


def _preview(desk: Desk, file: str, out: Path, *, open_in_browser: bool) -> int:
    prepared = prepare(existing_file(file), desk.settings)
    title = issue_title(prepared.bulletin)
    try:
        index = write_gallery(out, [letter.rendition for letter in prepared.letters], title=title)
    except OSError as error:
        raise BadInput(
            words("Nothing can be written into {path}.", path=out), do=words("Name another folder with --out.")
        ) from error
    verdict = judge_bulletin(prepared, desk.settings.send)
    desk.problems((*verdict.errors, *verdict.warnings))
    for letter in prepared.letters:
        desk.say(
            words(
                "{group} ({direction}): {count} recipient(s), “{subject}”",
                group=letter.group.name,
                direction=letter.group.direction,
                count=len(letter.recipients),
                subject=letter.rendition.subject,
            )
        )
    desk.say(words("The letters are in {path}.", path=index))
    if open_in_browser:
        webbrowser.open(index.resolve().as_uri())
    desk.answer(
        {
            "index": str(index),
            "letters": [
                {
                    "group": letter.group.name,
                    "direction": letter.group.direction.value,
                    "subject": letter.rendition.subject,
                    "recipients": len(letter.recipients),
                }
                for letter in prepared.letters
            ],
        }
    )
    return Exit.DONE
