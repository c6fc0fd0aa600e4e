"""`resolve`, `retry` and `cancel`: what a person decides about copies."""

from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.documents import delivery_document
from distributor.cli.exits import Exit
from distributor.cli.progress import state_name
from distributor.dispatch.decisions import Decision, applies, decide, lift_holds
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection
from distributor.errors import BadInput
from distributor.store.database import Database
from distributor.store.deliveries import deliveries_of
from distributor.store.records import BulletinRecord, DeliveryRecord
from distributor.words import Words, say, words

Issue = Annotated[str | None, typer.Argument(help=say("Number, title, #id or file; otherwise the newest bulletin."))]
Groups = Annotated[list[str] | None, typer.Option("--group", help=say("Only this group; may be repeated."))]
Only = Annotated[
    list[str] | None, typer.Option("--only", help=say("Only this person, unit or address; may be repeated."))
]
Yes = Annotated[bool, typer.Option("--yes", help=say("Do not ask."))]
AsJson = Annotated[bool, typer.Option("--json", help=say("Answer in JSON."))]


def register(app: typer.Typer) -> None:
    """Adds the three commands."""

    @app.command(help=say("Settle a copy whose fate is unknown: it arrived, it is sent again, or it is given up."))
    def resolve(
        context: typer.Context,
        recipient: Annotated[str, typer.Argument(help=say("A name, a unit or an address."))],
        issue: Issue = None,
        arrived: Annotated[bool, typer.Option("--arrived", help=say("They say they have it."))] = False,
        resend: Annotated[bool, typer.Option("--resend", help=say("Send again; they may get it twice."))] = False,
        lost: Annotated[bool, typer.Option("--lost", help=say("They do not have it; do not send again."))] = False,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        decision = _the_one(arrived=arrived, resend=resend, lost=lost)
        return _decide(desk, issue, Selection(only=frozenset({recipient})), decision, yes=True)

    @app.command(help=say("Make failed and waiting copies due again at once, and lift holds."))
    def retry(
        context: typer.Context,
        issue: Issue = None,
        group: Groups = None,
        only: Only = None,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        selection = Selection(frozenset(group or ()), frozenset(only or ()))
        return _decide(desk, issue, selection, Decision.RETRY, yes=yes)

    @app.command(help=say("Withdraw copies that have not been sent. What has gone out stays out."))
    def cancel(
        context: typer.Context,
        issue: Issue = None,
        group: Groups = None,
        only: Only = None,
        yes: Yes = False,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        selection = Selection(frozenset(group or ()), frozenset(only or ()))
        return _decide(desk, issue, selection, Decision.CANCEL, yes=yes)


def _the_one(*, arrived: bool, resend: bool, lost: bool) -> Decision:
    chosen = [
        decision
        for decision, given in ((Decision.ARRIVED, arrived), (Decision.RESEND, resend), (Decision.LOST, lost))
        if given
    ]
    if len(chosen) != 1:
        raise BadInput(words("Say exactly one of --arrived, --resend or --lost."))
    return chosen[0]


def _decide(desk: Desk, issue: str | None, selection: Selection, decision: Decision, *, yes: bool) -> int:
    with desk.database() as database:
        record, meant = _meant(desk, database, issue, selection)
        movable = [d for d in meant if applies(decision, d, named=bool(selection.only))]
        if not movable:
            desk.say(words("Nothing changes: {states}.", states=_states(meant)))
            desk.answer({"decision": decision, "moved": [], "holds_lifted": 0})
            return Exit.NOTHING
        desk.confirm(_question(decision, len(movable), record.title), yes=yes)
        lifted = _lift(desk, database, record, selection) if decision is Decision.RETRY else 0
        decide(
            database,
            decision,
            movable,
            now=desk.now,
            valid_for=desk.settings.send.valid_for,
            actor=desk.actor,
        )
        after = {d.id: d for d in _meant(desk, database, issue, selection)[1]}
    for delivery in movable:
        state = state_name(after[delivery.id].state)
        desk.say(f"{delivery.unit} {delivery.name} <{delivery.address}>: {state_name(delivery.state)} → {state}")
    if decision in (Decision.RETRY, Decision.RESEND):
        desk.say(words("Run `distributor send` to send them now."))
    desk.answer(
        {
            "decision": decision,
            "moved": [delivery_document(after[delivery.id]) for delivery in movable],
            "holds_lifted": lifted,
        }
    )
    return Exit.DONE


def _meant(
    desk: Desk, database: Database, issue: str | None, selection: Selection
) -> tuple[BulletinRecord, list[DeliveryRecord]]:
    with database.read() as conn:
        record = locate(conn, issue, today=desk.today)
        if record is None:
            raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
        deliveries = deliveries_of(conn, record.id)
    selection.require_known(deliveries)
    return record, [delivery for delivery in deliveries if selection.covers(delivery)]


def _lift(desk: Desk, database: Database, record: BulletinRecord, selection: Selection) -> int:
    with database.write() as conn:
        lifted = lift_holds(conn, record, groups=selection.groups, now=desk.now, actor=desk.actor)
    if lifted:
        desk.say(words("{count} hold(s) lifted.", count=lifted))
    return lifted


def _question(decision: Decision, count: int, label: str) -> Words:
    if decision is Decision.CANCEL:
        return words("Withdraw what has not been sent of {label} ({count})?", count=count, label=label)
    return words("Make these copies of {label} due again ({count})?", count=count, label=label)


def _states(deliveries: list[DeliveryRecord]) -> str:
    counts: dict[str, int] = {}
    for delivery in deliveries:
        name = state_name(delivery.state)
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in counts.items())
