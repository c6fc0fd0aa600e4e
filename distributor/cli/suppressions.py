"""`distributor suppressions list|add|lift`: the addresses that are not tried, and why."""

from typing import Annotated

import typer

from distributor.address import read_address
from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.cli.help_pages import Group
from distributor.dispatch.suppression import lift
from distributor.errors import BadInput
from distributor.misfit import Misfit
from distributor.store import audit
from distributor.store.suppressed import suppress_address
from distributor.store.suppressions import Suppression, list_suppressions
from distributor.words import Words, say, words

AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]
Address = Annotated[str, typer.Argument(help=say("The address, as recipients.yaml has it."))]


def register(app: typer.Typer) -> None:
    """Adds the noun and its verbs."""
    noun = typer.Typer(cls=Group, help=say("The addresses that are not tried any more, and why."), no_args_is_help=True)
    app.add_typer(noun, name="suppressions")

    @noun.command("list", help=say("List suppressed addresses, and those that a refusal has proposed."))
    def list_(context: typer.Context, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            entries = list_suppressions(conn)
        for entry in entries:
            desk.say(f"{entry.address}  {_standing(entry)}  {desk.local(entry.at)}  {entry.reason}")
        if not entries:
            desk.say(words("No address is suppressed."))
        desk.answer({"suppressions": [_document(entry) for entry in entries]})
        return Exit.DONE if entries else Exit.NOTHING

    @noun.command(help=say("Suppress an address: nothing is sent there until it is lifted or corrected."))
    def add(
        context: typer.Context,
        address: Address,
        reason: Annotated[str, typer.Option(help=say("Why, for those who look later."))] = "",
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        return _add(desk, address, reason)

    @noun.command("lift", help=say("Let an address be tried again."))
    def lift_(context: typer.Context, address: Address, as_json: AsJson = False) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.write() as conn:
            entries = lift(conn, address, now=desk.now, actor=desk.actor)
        if entries:
            desk.say(words("{address} is tried again from now on.", address=address))
            desk.say(
                words("Copies that were left out go with: distributor retry ISSUE --only {address}", address=address)
            )
        else:
            desk.say(words("{address} was not suppressed.", address=address))
        desk.answer({"lifted": [_document(entry) for entry in entries]})
        return Exit.DONE if entries else Exit.NOTHING


def _add(desk: Desk, address: str, reason: str) -> int:
    try:
        wanted = read_address(address).text
    except Misfit as error:
        raise BadInput(error.what, do=error.do) from error
    with desk.database() as database, database.write() as conn:
        stopped = suppress_address(conn, "email", wanted, reason=reason, source=desk.actor, now=desk.now)
        details = {"channel": "email", "address": wanted, "reason": reason}
        audit.append(conn, "suppression.added", f"address:{wanted}", details, desk.actor, desk.now)
    desk.say(words("{address} is suppressed; {count} waiting copies are not sent.", address=wanted, count=len(stopped)))
    desk.answer({"address": wanted, "stopped": [copy.delivery_id for copy in stopped]})
    return Exit.DONE


def _standing(entry: Suppression) -> Words:
    return words("suppressed") if entry.standing == "active" else words("proposed")


def _document(entry: Suppression) -> dict[str, object]:
    return {
        "channel": entry.channel,
        "address": entry.address,
        "standing": entry.standing,
        "reason": entry.reason,
        "source": entry.source,
        "at": entry.at,
    }
