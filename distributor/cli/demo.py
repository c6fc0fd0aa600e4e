"""`distributor demo`: the main job for real, on this machine, with nothing to set up."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.finalise import finalise_file
from distributor.cli.send import send_record
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection
from distributor.errors import BadInput
from distributor.rendering.gallery import write_gallery
from distributor.rendering.rendition import from_document
from distributor.resources import shipped
from distributor.settings import Settings, SmtpAccount
from distributor.settings.file import FILE_NAME, load_settings
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord
from distributor.words import say, words

if TYPE_CHECKING:
    from distributor.cli.mailbox import Mailbox

EXAMPLE = "river-12.md"

#: Stands in every folder that a demo has made.
MARK = ".distributor-demo"


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Send the example bulletin to a mailbox on this machine and show what happened."))
    def demo(
        context: typer.Context,
        folder: Annotated[Path, typer.Option(help=say("Where everything is kept."))] = Path("demo-output"),
        fresh: Annotated[bool, typer.Option("--fresh", help=say("Forget the last demo and start again."))] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        _refuse_an_office(folder)
        if fresh and folder.exists():
            shutil.rmtree(folder)
        return _demo(desk, folder)


def _demo(desk: Desk, folder: Path) -> int:
    _lay_out(folder)
    # A mail server that no other command needs, the service least of all.
    from distributor.cli.mailbox import Mailbox, serving

    mailbox = Mailbox(folder / "mailbox")
    with serving(mailbox) as port:
        desk.given_settings = _settings(folder, port)
        desk.say(words("A mailbox is listening on 127.0.0.1:{port}.", port=port))
        with desk.database() as database:
            record = _finalised(desk, database, folder / "examples" / EXAMPLE)
            code = send_record(desk, database, record, Selection(), at_once=True, yes=True)
            gallery = _gallery(database, record, folder / "gallery")
    _say_where(desk, folder, mailbox, gallery)
    # A second demo finds everything distributed: that is what it is meant to show.
    return Exit.DONE if code == Exit.NOTHING else code


def _refuse_an_office(folder: Path) -> None:
    """A demo only ever touches a folder that a demo has made."""
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(
            words("{folder} was not made by a demo; nothing in it is touched.", folder=folder),
            do=words("Name a new folder: distributor demo --folder NAME"),
        )


def _lay_out(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()
    for name in (FILE_NAME, "recipients.yaml", "examples"):
        source, target = shipped(name), folder / name
        if not target.exists():
            shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)


def _settings(folder: Path, port: int) -> Settings:
    """The example settings, with the mailbox of this machine in place of the relay."""
    account = SmtpAccount(host="127.0.0.1", port=port, security="none", connections=3)
    settings = load_settings(folder / FILE_NAME, environ={})
    return settings.model_copy(update={"smtp": {"main": account}})


def _finalised(desk: Desk, database: Database, file: Path) -> BulletinRecord:
    with database.read() as conn:
        record = locate(conn, str(file), today=desk.today)
    if record is not None:
        return record
    return finalise_file(desk, database, file, correction=False, yes=True)[1].record


def _gallery(database: Database, record: BulletinRecord, folder: Path) -> Path:
    with database.read() as conn:
        renditions = [
            from_document(dispatch.rendition) for dispatch in dispatches_of(conn, record.id) if not dispatch.replaced
        ]
    return write_gallery(folder, renditions, title=record.title)


def _say_where(desk: Desk, folder: Path, mailbox: "Mailbox", gallery: Path) -> None:
    if mailbox.received:
        desk.say(words("{count} letters were received:", count=len(mailbox.received)), style="bold")
        for path in sorted(mailbox.received):
            desk.say(f"  {path}")
    desk.say(words("What each group got, as a page: {path}", path=gallery))
    desk.say(words("The record of every copy: {path}", path=folder / "data" / "distributor.db"))
    desk.say(words("Run it again: nothing is sent twice. `distributor demo --fresh` starts over."))
