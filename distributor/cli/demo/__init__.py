"""`distributor demo`: the main job for real, on this machine, with nothing to set up."""

import shutil
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from distributor.cli.demo.answers import Answered, answer_letters, show_answers
from distributor.cli.demo.browser import Visited
from distributor.cli.demo.ground import lay_out, refuse_an_office, settings_of, with_page
from distributor.cli.demo.page import reading
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.finalise import finalise_file
from distributor.cli.send import send_record
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection
from distributor.rendering.gallery import write_gallery
from distributor.rendering.rendition import from_document
from distributor.rendering.sheets import Sheet
from distributor.store.database import Database
from distributor.store.dispatches import dispatches_of
from distributor.store.records import BulletinRecord
from distributor.words import say, words

if TYPE_CHECKING:
    from distributor.cli.mailbox import Mailbox

EXAMPLE = "river-12.md"

_PAGES = (
    Sheet("签收", "阅读页，打开时", open="reader.html", light="reader.html", note="邮件中的链接打开的网页，请签收"),
    Sheet(
        "签收", "阅读页，签收后", open="reader-signed.html", light="reader-signed.html", note="模拟签收之后的同一网页"
    ),
)


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Send the example bulletin to a mailbox on this machine and show what happened."))
    def demo(
        context: typer.Context,
        folder: Annotated[Path, typer.Option(help=say("Where everything is kept."))] = Path("demo-output"),
        fresh: Annotated[bool, typer.Option("--fresh", help=say("Forget the last demo and start again."))] = False,
        wechat: Annotated[
            bool, typer.Option("--wechat", help=say("With a simulated 企业微信 (WeCom) beside the mailbox."))
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        refuse_an_office(folder)
        if fresh and folder.exists():
            shutil.rmtree(folder)
        return _demo(desk, folder, wechat=wechat)


def _demo(desk: Desk, folder: Path, *, wechat: bool) -> int:
    lay_out(folder)
    # The simulated platform, too, is loaded for nobody else.
    from distributor.cli.demo.wechat import ACCOUNT, press_a_card, use_wecom, wecom

    # A mail server that no other command needs, the service least of all.
    from distributor.cli.mailbox import Mailbox, serving

    mailbox = Mailbox(folder / "mailbox")
    with ExitStack() as stack:
        port = stack.enter_context(serving(mailbox))
        settings = settings_of(folder, port)
        database = stack.enter_context(closing(Database.open(settings.database_url)))
        simulated = stack.enter_context(wecom(use_wecom(folder), lambda: desk.now)) if wechat else None
        settings = simulated.settings(settings) if simulated else settings
        seals = {ACCOUNT: simulated.seal} if simulated else None
        page = stack.enter_context(reading(desk, database, settings, seals))
        desk.given_settings = with_page(settings, page)
        desk.say(words("A mailbox is listening on 127.0.0.1:{port}.", port=port))
        if simulated:
            desk.say(words("A simulated 企业微信 is listening at {address}.", address=simulated.address))
        desk.say(words("The reader's page is served at {address} while the demo runs.", address=page))
        record = _finalised(desk, database, folder / "examples" / EXAMPLE)
        answered: list[Answered] = []

        def answer() -> None:
            answered.append(answer_letters(desk, database, record, mailbox.letters, folder / "answers"))
            if simulated:
                answered.append(press_a_card(simulated, database, record, page))

        code = send_record(desk, database, record, Selection(), at_once=True, yes=True, sent_now=answer)
        for one in answered:
            show_answers(desk, database, record, one)
        gallery = _gallery(database, record, folder / "gallery", [one.visited for one in answered if one.visited])
    _say_where(desk, folder, mailbox, gallery)
    # A second demo finds everything distributed: that is what it is meant to show.
    return Exit.DONE if code == Exit.NOTHING else code


def _finalised(desk: Desk, database: Database, file: Path) -> BulletinRecord:
    with database.read() as conn:
        record = locate(conn, str(file), today=desk.today)
    if record is not None:
        return record
    return finalise_file(desk, database, file, correction=False, yes=True)[1].record


def _gallery(database: Database, record: BulletinRecord, folder: Path, visited: Sequence[Visited]) -> Path:
    with database.read() as conn:
        renditions = [
            from_document(dispatch.rendition) for dispatch in dispatches_of(conn, record.id) if not dispatch.replaced
        ]
    folder.mkdir(parents=True, exist_ok=True)
    for seen in visited:
        for name, page in (("reader.html", seen.before), ("reader-signed.html", seen.after)):
            (folder / name).write_text(page, encoding="utf-8")
    # A second demo has no reader of its own and shows what the first one's saw.
    sheets = [sheet for sheet in _PAGES if (folder / sheet.open).is_file()]
    return write_gallery(folder, renditions, title=record.title, sheets=sheets)


def _say_where(desk: Desk, folder: Path, mailbox: "Mailbox", gallery: Path) -> None:
    if mailbox.received:
        desk.say(words("{count} letters were received:", count=len(mailbox.received)), style="bold")
        for path in sorted(mailbox.received):
            desk.say(f"  {path}")
    if (folder / "answers").is_dir():
        desk.say(words("The simulated answers as mails: {path}", path=folder / "answers"))
    desk.say(words("What each group got, as a page: {path}", path=gallery))
    desk.say(words("The record of every copy: {path}", path=folder / "data" / "distributor.db"))
    desk.say(words("Run it again: nothing is sent twice. `distributor demo --fresh` starts over."))
