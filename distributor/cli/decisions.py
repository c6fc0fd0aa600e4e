"""`resolve`, `retry` and `cancel`: what a person decides about copies."""

from collections.abc import Sequence
from typing import Annotated

import typer

from distributor.cli.desk import Desk
from distributor.cli.documents import delivery_document
from distributor.cli.exits import Exit
from distributor.cli.progress import state_name
from distributor.cli.which import NamedIssue, one_issue
from distributor.delivery.decision import Decision
from distributor.dispatch.decisions import Decided, Meant, decide, meant
from distributor.dispatch.hours import hour_of
from distributor.dispatch.locate import locate
from distributor.dispatch.plan import Selection
from distributor.errors import BadInput
from distributor.reports.naming import short_name
from distributor.store.records import DeliveryRecord
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
        named_issue: NamedIssue = None,
        arrived: Annotated[bool, typer.Option("--arrived", help=say("They say they have it."))] = False,
        resend: Annotated[bool, typer.Option("--resend", help=say("Send again; they may get it twice."))] = False,
        lost: Annotated[bool, typer.Option("--lost", help=say("They do not have it; do not send again."))] = False,
        as_json: AsJson = False,
    ) -> int:
        desk: Desk = context.obj
        desk.as_json = as_json
        decision = _the_one(arrived=arrived, resend=resend, lost=lost)
        wanted = one_issue(issue, named_issue)
        return _decide(desk, wanted, Selection(only=frozenset({recipient})), decision, yes=True)

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
        raise BadInput(words("Give exactly one of --arrived, --resend or --lost."))
    return chosen[0]


def _decide(desk: Desk, issue: str | None, selection: Selection, decision: Decision, *, yes: bool) -> int:
    with desk.database() as database:
        with database.read() as conn:
            record = locate(conn, issue, today=desk.today, older=True)
            if record is None:
                raise BadInput(words("{file} has not been finalised.", file=issue), do=words("Finalise it first."))
            found = meant(conn, decision, record, selection)
            name = short_name(conn, record)
        if not found.movable and not found.held:
            return _nothing(desk, decision, found)
        desk.confirm(_question(decision, found, record.title), yes=yes)
        done = decide(
            database,
            decision,
            record,
            selection,
            now=desk.now,
            hour=lambda after: hour_of(desk.settings, record, after),
            valid_for=desk.settings.send.valid_for,
            actor=desk.actor,
        )
    _show(desk, decision, done, name)
    _answer(desk, decision, done)
    return Exit.DONE if done.moved or done.holds_lifted else Exit.NOTHING


def _nothing(desk: Desk, decision: Decision, found: Meant) -> int:
    desk.say(words("Nothing changes: {states}.", states=_states(found.copies)))
    _answer(desk, decision, Decided((), found.left, 0))
    return Exit.NOTHING


def _show(desk: Desk, decision: Decision, done: Decided, name: str) -> None:
    if done.holds_lifted:
        desk.say(words("Holds lifted: {count}.", count=done.holds_lifted))
    for step in done.moved:
        copy, before, after = step.before, state_name(step.before.state), state_name(step.after.state)
        desk.say(f"{copy.unit} {copy.name} <{copy.address}>: {before} → {after}")
    if decision is Decision.CANCEL:
        desk.say(words("Withdrawn: {count}. Already left: {left}.", count=len(done.moved), left=done.left))
    elif decision in (Decision.RETRY, Decision.RESEND):
        desk.say(words("Run `distributor send {bulletin}` to send them now.", bulletin=name))


def _answer(desk: Desk, decision: Decision, done: Decided) -> None:
    desk.answer(
        {
            "decision": decision,
            "moved": [delivery_document(step.after) for step in done.moved],
            "left": done.left,
            "holds_lifted": done.holds_lifted,
        }
    )


def _question(decision: Decision, found: Meant, label: str) -> Words:
    count = len(found.movable)
    if decision is Decision.CANCEL:
        return words("Withdraw what has not been sent of {label} ({count})?", count=count, label=label)
    if found.held:
        groups = "、".join(dispatch.group for dispatch in found.held)
        return words(
            "Let {groups} of {label} go on, and make these copies due again ({count})?",
            groups=groups,
            label=label,
            count=count,
        )
    return words("Make these copies of {label} due again ({count})?", count=count, label=label)


def _states(deliveries: Sequence[DeliveryRecord]) -> str:
    counts: dict[str, int] = {}
    for delivery in deliveries:
        name = state_name(delivery.state)
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} {count}" for name, count in counts.items())
