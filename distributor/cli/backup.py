"""`distributor backup FOLDER`: one verified archive with what the office cannot lose."""

import os
from pathlib import Path
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.dispatch.backup import Backup, back_up
from distributor.settings.file import settings_path
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Save database, token key and the office's files in one archive; the service may run on."))
    def backup(
        context: typer.Context,
        where: Annotated[Path, typer.Argument(help=say("A folder, or a new file ending with .tar.gz."))],
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _backup(desk, where)


def _backup(desk: Desk, where: Path) -> int:
    file = settings_path(desk.config, environ=os.environ)
    made = back_up(desk.settings, file, where, now=desk.now)
    gaps = {"path": made.path, "files": len(made.files), "rows": sum(made.rows.values()), "size": made.size // 1000}
    desk.say(words("{path}: {files} file(s), {rows} row(s), {size} KB, read back.", **gaps), style="green")
    for path in made.missing:
        desk.say(words("Not there and not saved: {path}", path=path), style="yellow")
    if made.command:
        desk.say(words("The database is PostgreSQL's and not in the archive. Save it with:"), style="yellow")
        desk.say(f"    {made.command}")
    desk.say(words("Passwords are not in it: keep them where you keep passwords."))
    desk.answer(_document(made))
    return Exit.PARTLY if made.command else Exit.DONE


def _document(made: Backup) -> dict[str, object]:
    return {
        "path": str(made.path),
        "bytes": made.size,
        "files": list(made.files),
        "rows": dict(made.rows),
        "missing": list(made.missing),
        "command": made.command or None,
    }
