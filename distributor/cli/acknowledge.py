"""`acknowledge` and `withdraw`: what people say on the phone, and what an office takes back."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.receipt_documents import receipt_document
from distributor.cli.which import NamedIssue, one_issue
from distributor.dispatch.acknowledge import Word, note_call
from distributor.dispatch.lines import Lines
from distributor.dispatch.locate import locate
from distributor.dispatch.send import utc_now
from distributor.dispatch.shown_cards import DONE, LATE, Ended, recall_withdrawn
from distributor.errors import BadInput
from distributor.store.database import Connection, Database
from distributor.store.deliveries import find_deliveries
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.store.withdrawals import put_back, withdraw
from distributor.words import say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]
Issue = Annotated[str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))]


def register(app: typer.Typer) -> None:
    """Adds both commands."""

    @app.command(help=say("Note a 签收 that somebody gave by phone."))
    def acknowledge(
        context: typer.Context,
        who: Annotated[str, typer.Argument(help=say("A name, a unit or an address."))],
        issue: Issue = None,
        named_issue: NamedIssue = None,
        by_phone: Annotated[bool, typer.Option("--by-phone", help=say("They said so on the phone."))] = False,
        by: Annotated[str, typer.Option("--by", help=say("Who was on the phone, when it was somebody else."))] = "",
        remark: Annotated[str, typer.Option("--remark", help=say("What they said."))] = "",
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        if not by_phone:
            raise BadInput(
                words("A 签收 is pressed by its reader; here only one that was given by phone is noted."),
                do=words("If they said so on the phone, add --by-phone."),
            )
        return _acknowledge(desk, who, one_issue(issue, named_issue), by=by, remark=remark)

    @app.command(
        "withdraw", help=say("Withdraw (撤回) a bulletin that has been sent: its page says so, 签收 is closed.")
    )
    def withdraw_(
        context: typer.Context,
        issue: Issue = None,
        reason: Annotated[str, typer.Option(help=say("Why, for those who look later."))] = "",
        undo: Annotated[bool, typer.Option("--undo", help=say("Take the withdrawal back."))] = False,
        yes: Annotated[bool, typer.Option("--yes", help=say("Do not ask."))] = False,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _withdraw(desk, issue, reason, undo=undo, yes=yes)


def _acknowledge(desk: Desk, who: str, issue: str | None, *, by: str, remark: str) -> int:
    with desk.database() as database, database.write() as conn:
        record = _record(desk, conn, issue)
        copy = _copy(conn, record, who)
        word = Word(name=by, remark=remark, for_whom=copy.name if by and by != copy.name else "")
        added = note_call(conn, copy.id, word, actor=desk.actor, now=desk.now)
    when = desk.local(added.receipt.at)
    if added.new:
        desk.say(words("{unit} {name}: 签收 by phone is noted.", unit=copy.unit, name=copy.name))
    else:
        what = words("{unit} {name}: 签收 by phone was noted on {when}.", unit=copy.unit, name=copy.name, when=when)
        desk.say(what)
    desk.answer({"new": added.new, "recipient": copy.key, "receipt": receipt_document(added.receipt)})
    return Exit.DONE if added.new else Exit.NOTHING


def _copy(conn: Connection, record: BulletinRecord, who: str) -> DeliveryRecord:
    """The copy that is meant: of a person, or of the one person of a unit."""
    found = find_deliveries(conn, who, record.id)
    keys = {copy.key: copy for copy in found}
    if not keys:
        raise BadInput(
            words("Nobody called {who} is on the list of {label}.", who=who, label=record.title),
            do=words("`distributor status` shows who is."),
        )
    if len(keys) > 1:
        names = "; ".join(f"{copy.key} ({copy.unit} {copy.name})" for copy in keys.values())
        raise BadInput(
            words("{wanted} stands for several recipients.", wanted=who),
            do=words("Name one of them: {names}.", names=names),
        )
    return found[-1]


def _withdraw(desk: Desk, issue: str | None, reason: str, *, undo: bool, yes: bool) -> int:
    with desk.database() as database:
        with database.read() as conn:
            record = _record(desk, conn, issue)
        if not undo:
            desk.confirm(
                words(
                    "Withdraw {label}? Its page will say so, and nobody can sign for it any more.", label=record.title
                ),
                yes=yes,
            )
        with database.write() as conn:
            if undo:
                changed = put_back(conn, record.id, actor=desk.actor, now=desk.now)
            else:
                changed = withdraw(conn, record.id, reason, actor=desk.actor, now=desk.now)
        recalled = asyncio.run(_recall(desk, database, record)) if changed and not undo else ()
    if not changed:
        desk.say(words("Nothing changes."))
    elif undo:
        desk.say(words("{label} stands again.", label=record.title))
    else:
        desk.say(words("{label} is withdrawn.", label=record.title))
        _say_recalled(desk, recalled)
        desk.say(words("Letters that have not left still go: `distributor cancel` stops them."))
    desk.answer({"bulletin": record.id, "withdrawn": not undo, "changed": changed, **_recalled(recalled)})
    return Exit.DONE if changed else Exit.NOTHING


async def _recall(desk: Desk, database: Database, record: BulletinRecord) -> tuple[Ended, ...]:
    """Takes the cards of WeCom back, as far as the platform still does; the service goes on with what is left."""
    lines = Lines()
    try:
        return await recall_withdrawn(database, desk.settings, lines, clock=utc_now, bulletin_id=record.id)
    finally:
        await lines.close()


def _say_recalled(desk: Desk, recalled: Sequence[Ended]) -> None:
    done = [one for one in recalled if one.result == DONE]
    if done:
        desk.say(words("Cards taken back in WeCom: {count}.", count=len(done)))
    for one in recalled:
        who = f"{one.card.unit} {one.card.name}"
        if one.result == LATE:
            desk.say(words("{who} keeps the card: WeCom takes nothing back after 24 hours.", who=who), style="yellow")
        elif one.result != DONE:
            desk.say(words("{who} keeps the card: {reply}", who=who, reply=one.reply), style="yellow")


def _recalled(recalled: Sequence[Ended]) -> dict[str, object]:
    return {
        "recalled": [
            {"recipient": one.card.member, "name": one.card.name, "result": one.result, "reply": one.reply}
            for one in recalled
        ]
    }


def _record(desk: Desk, conn: Connection, issue: str | None) -> BulletinRecord:
    record = locate(conn, issue, today=desk.today, older=True)
    if record is None:
        raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
    return record
