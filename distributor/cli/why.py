"""`distributor why RECIPIENT [ISSUE]`: one person's story in plain words, and what to do next."""

from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.documents import delivery_document
from distributor.cli.exits import Exit
from distributor.cli.progress import state_name
from distributor.dispatch.locate import locate
from distributor.errors import BadInput
from distributor.reports.story import advice, attempt_words, reason_words, story
from distributor.store.bulletins import get_bulletin
from distributor.store.deliveries import find_deliveries
from distributor.store.records import DeliveryRecord
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command(help=say("Tell what happened to one person's copy, and what to do next."))
    def why(
        context: typer.Context,
        recipient: Annotated[str, typer.Argument(help=say("A name, a unit or an address."))],
        issue: Annotated[str | None, typer.Argument(help=say("Number, title, #id or file; otherwise all."))] = None,
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            record = locate(conn, issue, today=desk.today, older=True) if issue else None
            found = find_deliveries(conn, recipient, record.id if record else None)
            titles = {d.bulletin_id: get_bulletin(conn, d.bulletin_id).title for d in found}
        if not found:
            raise BadInput(
                words("Nobody called {who} was ever on a finalised list here.", who=recipient),
                do=words("`distributor recipients list` shows who is on the lists now."),
            )
        for delivery in found:
            _tell(desk, titles[delivery.bulletin_id], delivery)
        desk.answer(
            {
                "deliveries": [
                    {
                        "bulletin": titles[delivery.bulletin_id],
                        **delivery_document(delivery),
                        "advice": str(advice(delivery)),
                    }
                    for delivery in found
                ]
            }
        )
        return Exit.DONE


def _tell(desk: Desk, title: str, delivery: DeliveryRecord) -> None:
    if desk.as_json:
        return
    desk.say(title, style="bold red")
    for sentence in story(delivery):
        desk.say(sentence)
    for attempt in delivery.history:
        desk.say(f"  {desk.local(attempt.started_at)}  {attempt_words(attempt)}")
    if reason := str(reason_words(delivery)):
        desk.say(f"  {desk.local(delivery.changed_at)}  {reason}")
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
    desk.say(f"→ {advice(delivery)}")
