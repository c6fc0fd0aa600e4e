"""`distributor why RECIPIENT [ISSUE]`: one person's story in plain words, and what to do next."""

from collections.abc import Sequence
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.documents import delivery_document
from distributor.cli.exits import Exit
from distributor.cli.progress import state_name
from distributor.cli.which import NamedIssue, one_issue
from distributor.delivery.evidence import kind_behind
from distributor.dispatch.locate import locate
from distributor.errors import BadInput
from distributor.reports.evidence_words import receipt_words, said_by_readers
from distributor.reports.naming import short_name
from distributor.reports.story import advice, attempt_words, reason_words, story
from distributor.store.bulletins import get_bulletin
from distributor.store.deliveries import find_deliveries
from distributor.store.dispatches import dispatches_of
from distributor.store.leases import CLOCK, holder
from distributor.store.receipt_records import Receipt, receipts_of
from distributor.store.records import DeliveryRecord
from distributor.words import Words, say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Tell what happened to one person's copy, and what to do next."))
    def why(
        context: typer.Context,
        recipient: Annotated[str, typer.Argument(help=say("A name, a unit or an address."))],
        issue: Annotated[str | None, typer.Argument(help=say("Number, title, #id or file; otherwise all."))] = None,
        named_issue: NamedIssue = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        issue = one_issue(issue, named_issue)
        with desk.database() as database, database.read() as conn:
            record = locate(conn, issue, today=desk.today, older=True) if issue else None
            found = find_deliveries(conn, recipient, record.id if record else None)
            bulletins = {d.bulletin_id: get_bulletin(conn, d.bulletin_id) for d in found}
            names = {number: short_name(conn, one) for number, one in bulletins.items()}
            holds = {one.id: one.hold for number in bulletins for one in dispatches_of(conn, number)}
            receipts = receipts_of(conn, (one.id for one in found))
            served = holder(conn, CLOCK) is not None
        if not found:
            raise BadInput(
                words("Nobody called {who} was ever on a finalised list here.", who=recipient),
                do=words("`distributor recipients list` shows who is on the lists now."),
            )
        told = [
            (
                bulletins[one.bulletin_id].title,
                one,
                said_by_readers(receipts.get(one.id, ()))
                or advice(one, names[one.bulletin_id], hold=holds.get(one.dispatch_id), served=served),
            )
            for one in found
        ]
        for title, delivery, what_next in told:
            _tell(desk, title, delivery, receipts.get(delivery.id, ()), what_next)
        desk.answer(
            {
                "deliveries": [
                    {
                        "bulletin": title,
                        **delivery_document(delivery, receipts.get(delivery.id, ())),
                        "advice": str(what_next),
                    }
                    for title, delivery, what_next in told
                ]
            }
        )
        return Exit.DONE


def _tell(desk: Desk, title: str, delivery: DeliveryRecord, receipts: Sequence[Receipt], what_next: Words) -> None:
    if desk.as_json:
        return
    desk.say(title, style="bold red")
    for sentence in story(delivery):
        desk.say(sentence)
    several = len(desk.settings.smtp) > 1
    last = ""
    for attempt in delivery.history:
        by = f"{attempt.account}: " if attempt.account and several else ""
        last = f"  {desk.local(attempt.started_at)}  {by}{attempt_words(attempt)}"
        desk.say(last)
    reason = str(reason_words(delivery))
    # Mostly the reason is the last reply, which has just been said.
    if reason and not last.endswith(reason) and not kind_behind(delivery.reason):
        desk.say(f"  {desk.local(delivery.changed_at)}  {reason}")
    for receipt in receipts:
        desk.say(f"  {desk.local(receipt.received_at)}  {receipt_words(receipt)}")
    state = state_name(delivery.state)
    if delivery.next_attempt_at:
        desk.say(
            words(
                "It is {state}; the next attempt is due at {when}.",
                state=state,
                when=desk.local(delivery.next_attempt_at),
            )
        )
    else:
        desk.say(words("It is {state}.", state=state))
    desk.say(f"→ {what_next}")
