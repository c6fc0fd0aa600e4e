"""`distributor init`: the starter files and the drop folder of a new office, in a folder of its own."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.receipts.tokens import load_key
from distributor.resources import shipped
from distributor.settings import Folders
from distributor.settings.file import FILE_NAME
from distributor.words import say, words

STARTERS = (FILE_NAME, "recipients.yaml", "calendar.yaml", "examples")


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Put the starter files into a folder: settings, recipients, examples, and a new token key."))
    def init(
        context: typer.Context,
        folder: Annotated[Path, typer.Argument(help=say("The folder; it is made when it is not there."))] = Path(),
        templates: Annotated[
            bool, typer.Option("--templates", help=say("Also copy the letter templates, to be changed by the office."))
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        names = (*STARTERS, "templates") if templates else STARTERS
        return _init(desk, folder, names)


def _init(desk: Desk, folder: Path, names: tuple[str, ...]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    made: list[str] = []
    kept: list[str] = []
    for name in names:
        target = folder / name
        (kept if target.exists() else made).append(name)
        if name in made:
            source = shipped(name)
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    inbox = folder / Folders().inbox
    (kept if inbox.exists() else made).append(inbox.name)
    inbox.mkdir(exist_ok=True)
    load_key(folder / Folders().key)
    for name in made:
        desk.say(words("made {path}", path=folder / name), style="green")
    for name in kept:
        desk.say(words("kept {path}: it was there already", path=folder / name))
    desk.say(words("Next: edit {file} and recipients.yaml, then `distributor recipients check`.", file=FILE_NAME))
    desk.answer({"folder": str(folder), "made": made, "kept": kept})
    return Exit.DONE if made else Exit.NOTHING
