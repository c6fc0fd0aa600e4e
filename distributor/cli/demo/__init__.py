"""`distributor demo`: the main job for real, on this machine, with nothing to set up."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.demo.ground import lay_out, refuse_an_office, settings_of
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.finalise import finalise_file
from distributor.cli.send import send_record
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection
from distributor.rendering.gallery import write_gallery
from distributor.rendering.rendition import from_document
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord
from distributor.words import say, words

if TYPE_CHECKING:
    from distributor.cli.mailbox import Mailbox

EXAMPLE = "river-12.md"


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
        refuse_an_office(folder)
        if fresh and folder.exists():
            shutil.rmtree(folder)
        return _demo(desk, folder)


def _demo(desk: Desk, folder: Path) -> int:
    lay_out(folder)
    # A mail server that no other command needs, the service least of all.
    from distributor.cli.mailbox import Mailbox, serving

    mailbox = Mailbox(folder / "mailbox")
    with serving(mailbox) as port:
        desk.given_settings = settings_of(folder, port)
        desk.say(words("A mailbox is listening on 127.0.0.1:{port}.", port=port))
        with desk.database() as database:
            record = _finalised(desk, database, folder / "examples" / EXAMPLE)
            code = send_record(desk, database, record, Selection(), at_once=True, yes=True)
            gallery = _gallery(database, record, folder / "gallery")
    _say_where(desk, folder, mailbox, gallery)
    # A second demo finds everything distributed: that is what it is meant to show.
    return Exit.DONE if code == Exit.NOTHING else code


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
