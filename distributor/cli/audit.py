"""`distributor audit verify`: whether the log of decisions is whole, without any service and any network."""

from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.exits import Exit
from distributor.store import audit as log
from distributor.words import say, words


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    audit = typer.Typer(help=say("The log of what people and the program decided."), no_args_is_help=True)

    @audit.command(help=say("Check that no entry was changed, removed or cut off."))
    def verify(
        context: typer.Context,
        hash_: Annotated[
            str,
            typer.Option("--hash", help=say("The chain's end as a 回执表 printed it: it must be part of the chain.")),
        ] = "",
        as_json: Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))] = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        with desk.database() as database, database.read() as conn:
            broken = log.verify(conn)
            entries, digest = log.head(conn)
            held = log.contains(conn, hash_) if hash_ else None
            redacted = len(log.redactions(conn))
        if broken is not None:
            desk.say(words("Entry {number} is missing or not as it was written.", number=broken), style="red")
        elif held is False:
            desk.say(words("The chain is whole, but it does not contain that hash: it is another chain."), style="red")
        else:
            desk.say(words("The chain is whole. Its entries: {count}; its end: {hash}.", count=entries, hash=digest))
        if redacted:
            desk.say(words("Personal data was taken out of {count} of them (`distributor forget`).", count=redacted))
        whole = broken is None and held is not False
        desk.answer(
            {
                "whole": whole,
                "broken_at": broken,
                "entries": entries,
                "hash": digest,
                "contains": held,
                "redacted": redacted,
            }
        )
        return Exit.DONE if whole else Exit.REFUSED

    app.add_typer(audit, name="audit")
